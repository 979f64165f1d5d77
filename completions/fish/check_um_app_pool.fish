complete -c check_um_app_pool -f
complete -c check_um_app_pool -l pool -d 'Application pool' -r -f
complete -c check_um_app_pool -l counters -d 'Where the counters are read: csv:FILE (PDH-CSV as typeperf, relog and Export-Counter write it; of a directory or a pattern the newest files), csv:- (the same on standard input), prometheus:URL (http or https), or pdh (the performance counters of Windows)' -r -f
complete -c check_um_app_pool -s H -l hostname -d 'Host whose counters are judged, where the source knows several; with pdh, the host that is asked' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_app_pool -l max-age -d 'Greatest age of the newest sample, as seconds or with s, m, h or d' -r -f
complete -c check_um_app_pool -l time-zone -d 'Offset from UTC of the clock that a CSV log was written by, such as +01:00 [default: what the log says]' -r -f
complete -c check_um_app_pool -l code-page -d 'Code page of a CSV log that is neither UTF-8 nor UTF-16, such as 1251 [default: of no other than ASCII names]' -r -f
complete -c check_um_app_pool -l counter-name -d 'What the source calls a counter: for prometheus a metric, where needed with labels, NAME{LABEL="VALUE"}; \\Object\\Counter otherwise; repeatable' -r -f
complete -c check_um_app_pool -l exporter-user -d 'User to show to an exporter that wants basic authentication' -r -f
complete -c check_um_app_pool -l password-file -d 'File whose first line is the user\'s password' -r -F
complete -c check_um_app_pool -l password-env -d 'Environment variable that holds the user\'s password' -r -f
complete -c check_um_app_pool -l bearer-token-file -d 'File whose first line is a bearer token to show to the exporter' -r -F
complete -c check_um_app_pool -l bearer-token-env -d 'Environment variable that holds a bearer token to show to the exporter' -r -f
complete -c check_um_app_pool -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_app_pool -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_app_pool -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_app_pool -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_app_pool -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_app_pool -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_app_pool -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_app_pool -l state-file -d 'File that remembers which zone was taken for that of a log that says none [default: one for each target, in a private directory below MP_STATE_PATH, STATE_DIRECTORY, XDG_STATE_HOME or ~/.local/state, on Windows LOCALAPPDATA]' -r -F
complete -c check_um_app_pool -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_app_pool -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_app_pool -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_app_pool -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_app_pool -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_app_pool -l single-line -d 'Print the first line only (text output)'
complete -c check_um_app_pool -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_app_pool -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_app_pool -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_app_pool -s V -l version -d 'Print version'
