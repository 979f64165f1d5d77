complete -c check_um_ad_ds -f
complete -c check_um_ad_ds -s H -l hostname -d 'Name or address of a controller to ask' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_ad_ds -l domain -d 'Domain whose controllers to ask, all those that DNS names (SRV _ldap._tcp.dc._msdcs.DOMAIN, on ports 3268 and 3269 _ldap._tcp.gc._msdcs.FOREST); the worst decides' -r -f
complete -c check_um_ad_ds -l site -d 'With --domain, only the controllers that DNS names for this site' -r -f
complete -c check_um_ad_ds -l forest -d 'With --domain and port 3268 or 3269, the forest whose global catalogs to ask [default: the domain]' -r -f
complete -c check_um_ad_ds -s p -l port -d 'Port to connect to; 3268 and 3269 are the global catalog\'s [default: 389, with --tls 636, or what DNS says]' -r -f
complete -c check_um_ad_ds -l tls-name -d 'Name to send and to expect in the certificate [default: the host; with --domain the domain, or a controller\'s own name below it]' -r -f
complete -c check_um_ad_ds -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_ad_ds -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_ad_ds -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_ad_ds -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_ad_ds -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_ad_ds -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_ad_ds -l dns-server -d 'Nameserver to ask, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; repeatable [default: the system\'s]' -r -f
complete -c check_um_ad_ds -s w -l warning -d 'WARNING when the answer takes longer, in seconds; a range' -r -f
complete -c check_um_ad_ds -s c -l critical -d 'CRITICAL when the answer takes longer, in seconds; a range' -r -f
complete -c check_um_ad_ds -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_ad_ds -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_ad_ds -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_ad_ds -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_ad_ds -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_ad_ds -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_ad_ds -l tls -d 'Speak TLS from the start (LDAPS); the default port is then 636'
complete -c check_um_ad_ds -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_ad_ds -l single-line -d 'Print the first line only (text output)'
complete -c check_um_ad_ds -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_ad_ds -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_ad_ds -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_ad_ds -s V -l version -d 'Print version'
