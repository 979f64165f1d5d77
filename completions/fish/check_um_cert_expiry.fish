complete -c check_um_cert_expiry -f
complete -c check_um_cert_expiry -s H -l hostname -d 'Name or address of the host to ask' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_cert_expiry -l starttls -d 'Protocol to speak before TLS; the default port is then 25, 143, 110 or 389' -r -f -a "smtp\t'RFC 3207, port 25 or 587'
imap\t'RFC 9051, port 143'
pop3\t'RFC 2595, port 110'
ldap\t'RFC 4511, port 389 or 3268'"
complete -c check_um_cert_expiry -l dns-server -d 'Nameserver to ask, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; repeatable [default: the system\'s]' -r -f
complete -c check_um_cert_expiry -l keys -d 'Whose certificate to ask a server for: of the kind of keys rsa or ecdsa, or of both, by up to five connections [default: both]' -r -f -a "both\t'Of both kinds'
rsa\t'Of an RSA key'
ecdsa\t'Of an EC or Edwards key'"
complete -c check_um_cert_expiry -s p -l port -d 'Port to connect to [default: 5061, with --starttls that of its protocol]' -r -f
complete -c check_um_cert_expiry -l file -d 'File with certificates to judge instead: PEM, DER, PKCS#7, PKCS#12 or JKS; repeatable, `*`, `?` and `[...]` match names' -r -F
complete -c check_um_cert_expiry -l store -d 'Certificate store of Windows to judge instead, such as LocalMachine\\My or CurrentUser\\My' -r -f
complete -c check_um_cert_expiry -l thumbprint -d 'Judge only the certificate of the store with this SHA-1 thumbprint, as Windows shows it; repeatable' -r -f
complete -c check_um_cert_expiry -l subject -d 'Judge only certificates of the store whose subject or DNS names contain this text, in any case; repeatable' -r -f
complete -c check_um_cert_expiry -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_cert_expiry -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_cert_expiry -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_cert_expiry -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_cert_expiry -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_cert_expiry -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_cert_expiry -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_cert_expiry -l judge -d 'Which certificates to judge: all that are served, or those of the shortest path to a trust anchor [default: served]' -r -f -a "served\t'All that are served'
path\t'Those of the shortest path to a trust anchor'"
complete -c check_um_cert_expiry -l expect-anchor -d 'SHA-256 of a trust anchor that the chain should end at, 64 hexadecimal digits with or without colons; repeatable' -r -f
complete -c check_um_cert_expiry -s w -l warning -d 'WARNING when less is left: days (30), hours (36h), per cent of the lifetime (33%) or a range of days [default: 30]' -r -f
complete -c check_um_cert_expiry -s c -l critical -d 'CRITICAL when less is left, likewise; a default stands only beside a threshold in days [default: 14]' -r -f
complete -c check_um_cert_expiry -l peer -d 'Whose certificate it is, which decides on the words of the advice; auto: Exchange\'s from a store of Windows, else anybody\'s [default: auto]' -r -f -a "exchange\t'Exchange\'s Call Router: advice names its services, pools and cmdlets'
generic\t'Any other SIP server'
auto\t'Exchange where the peer says that it is, in Server or ms-diagnostics'"
complete -c check_um_cert_expiry -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_cert_expiry -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_cert_expiry -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_cert_expiry -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_cert_expiry -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_cert_expiry -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_cert_expiry -l srv -d 'Take the host for a domain and look at the servers that DNS names for it: SRV records, of SIP over TLS or of --starttls'
complete -c check_um_cert_expiry -l all-addresses -d 'Look at every address behind the name, and with --srv of every target; the worst decides, each has its own metrics'
complete -c check_um_cert_expiry -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_cert_expiry -l leaf-only -d 'Judge dates, keys and signatures of the leaf only, and of nobody behind it'
complete -c check_um_cert_expiry -l single-line -d 'Print the first line only (text output)'
complete -c check_um_cert_expiry -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_cert_expiry -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_cert_expiry -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_cert_expiry -s V -l version -d 'Print version'
