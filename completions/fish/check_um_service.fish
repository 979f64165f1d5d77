complete -c check_um_service -f
complete -c check_um_service -l service -d 'Service to look at, by its short name as in sc query; repeatable' -r -f
complete -c check_um_service -l source -d 'Where services are looked up: prometheus:URL (the collector service of windows_exporter, http or https) [default: the service manager of Windows]' -r -f
complete -c check_um_service -l component -d 'Exchange component whose state is looked up in the registry, not with --source; none for a server without Exchange [default: UMCallRouter]' -r -f
complete -c check_um_service -s H -l hostname -d 'Host whose service manager and registry are asked; with --source the one whose services are judged, where the source knows several [default: this one]' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_service -l exporter-user -d 'User to show to an exporter that wants basic authentication' -r -f
complete -c check_um_service -l password-file -d 'File whose first line is the user\'s password' -r -F
complete -c check_um_service -l password-env -d 'Environment variable that holds the user\'s password' -r -f
complete -c check_um_service -l bearer-token-file -d 'File whose first line is a bearer token to show to the exporter' -r -F
complete -c check_um_service -l bearer-token-env -d 'Environment variable that holds a bearer token to show to the exporter' -r -f
complete -c check_um_service -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_service -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_service -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_service -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_service -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_service -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_service -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_service -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_service -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_service -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_service -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_service -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_service -l single-line -d 'Print the first line only (text output)'
complete -c check_um_service -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_service -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_service -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_service -s V -l version -d 'Print version'
