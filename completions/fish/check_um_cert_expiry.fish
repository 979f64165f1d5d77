complete -c check_um_cert_expiry -f
complete -c check_um_cert_expiry -s H -l hostname -d 'Name or address of the host to ask' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_cert_expiry -s p -l port -d 'Port to connect to [default: the protocol\'s own]' -r -f
complete -c check_um_cert_expiry -l file -d 'File with certificates to judge instead: PEM, DER, PKCS#7 or PKCS#12; repeatable, `*`, `?` and `[...]` match names' -r -F
complete -c check_um_cert_expiry -l store -d 'Certificate store of Windows to judge instead, such as LocalMachine\\My or CurrentUser\\My' -r -f
complete -c check_um_cert_expiry -l thumbprint -d 'Judge only the certificate of the store with this SHA-1 thumbprint, as Windows shows it; repeatable' -r -f
complete -c check_um_cert_expiry -l subject -d 'Judge only certificates of the store whose subject or DNS names contain this text, in any case; repeatable' -r -f
complete -c check_um_cert_expiry -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_cert_expiry -l ca-file -d 'PEM file with the certificates to trust, instead of the system\'s' -r -F
complete -c check_um_cert_expiry -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable' -r -f
complete -c check_um_cert_expiry -l client-certificate -d 'PEM file with the certificate to show to a server that demands one, and its intermediates' -r -F
complete -c check_um_cert_expiry -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file]' -r -F
complete -c check_um_cert_expiry -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key' -r -F
complete -c check_um_cert_expiry -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key' -r -f
complete -c check_um_cert_expiry -s w -l warning -d 'WARNING when less is left: days (30), hours (36h), per cent of the lifetime (33%) or a range of days [default: 30]' -r -f
complete -c check_um_cert_expiry -s c -l critical -d 'CRITICAL when less is left, likewise; a default stands only beside a threshold in days [default: 14]' -r -f
complete -c check_um_cert_expiry -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth [default: 10]' -r -f
complete -c check_um_cert_expiry -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins' -r -f
complete -c check_um_cert_expiry -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'"
complete -c check_um_cert_expiry -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_cert_expiry -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_cert_expiry -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_cert_expiry -l no-verify -d 'Judge neither trust nor name; the expiry is judged all the same'
complete -c check_um_cert_expiry -l single-line -d 'Print the first line only (text output)'
complete -c check_um_cert_expiry -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_cert_expiry -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_cert_expiry -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_cert_expiry -s V -l version -d 'Print version'
