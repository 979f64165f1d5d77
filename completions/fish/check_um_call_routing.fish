complete -c check_um_call_routing -f
complete -c check_um_call_routing -s H -l hostname -d 'Name or address of the host to ask' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_call_routing -l transport -d 'How the request travels; the default port is 5060, with tls 5061 [default: tcp; with --srv what the domain prefers]' -r -f -a "tcp\t'TCP, as a Call Router in its default startup mode'
tls\t'TLS over TCP'
udp\t'UDP, for SIP servers other than Exchange\'s'"
complete -c check_um_call_routing -l dns-server -d 'Nameserver to ask, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; repeatable [default: the system\'s]' -r -f
complete -c check_um_call_routing -l source-address -d 'Local address to send from' -r -f
complete -c check_um_call_routing -s p -l port -d 'Port to connect to [default: 5060, with --transport tls 5061; with --srv what DNS names]' -r -f
complete -c check_um_call_routing -s u -l uri -d 'Whom to call; always to be given' -r -f
complete -c check_um_call_routing -l from -d 'From address [default: sip:check-um@ the local address]' -r -f
complete -c check_um_call_routing -l to -d 'To address [default: the Request-URI]' -r -f
complete -c check_um_call_routing -l contact -d 'Contact address; Teams wants this host\'s own FQDN in it [default: the local address and port]' -r -f
complete -c check_um_call_routing -l user-agent -d 'User-Agent header [default: check-um/VERSION]' -r -f
complete -c check_um_call_routing -l max-forwards -d 'Max-Forwards header, 0 to 255 [default: 70]' -r -f
complete -c check_um_call_routing -l header -d 'A further header line of the request; repeatable' -r -f
complete -c check_um_call_routing -l route -d 'A proxy to be named in Route, the first one in front: a SIP URI with ;lr; repeatable. -H stays where the request is sent' -r -f
complete -c check_um_call_routing -l username -d 'User name for digest authentication (MD5, SHA-256, SHA-512-256)' -r -f
complete -c check_um_call_routing -l password-file -d 'File whose first line is the password' -r -F
complete -c check_um_call_routing -l password-env -d 'Environment variable that holds the password' -r -f
complete -c check_um_call_routing -l redirect -d 'What a redirection is to be: ask (is the preferred Contact alive?), follow (call there), accept (it is the answer) [default: ask]' -r -f -a "ask\t'The preferred Contact is asked with OPTIONS whether it is alive'
follow\t'The call is made there'
accept\t'It is the answer'"
complete -c check_um_call_routing -l max-redirects -d 'How many redirections are followed, 0 to 255 [default: 5]' -r -f
complete -c check_um_call_routing -l until -d 'What is enough: answer (a final response), ringing (a 18x; then the call is cancelled, and the ranges judge how long it took to ring) [default: answer]' -r -f -a "answer\t'A final response'
ringing\t'A provisional response that says that it rings (18x); then the call is cancelled'"
complete -c check_um_call_routing -l hold -d 'Keep an answered call for so many seconds, fractions allowed [default: 0]' -r -f
complete -c check_um_call_routing -l status -d 'State that final responses are worth, such as 503=warning; codes as in --expect; repeatable, the first one that holds decides' -r -f
complete -c check_um_call_routing -l expect -d 'Final responses that are as they should be: codes (200), ranges (480-489), classes (2xx), separated by commas [default: 2xx,3xx]' -r -f
complete -c check_um_call_routing -s w -l warning -d 'WARNING when the time to the final response, or with --until ringing to ringing, in seconds, is outside this range' -r -f
complete -c check_um_call_routing -s c -l critical -d 'CRITICAL when that time is outside this range' -r -f
complete -c check_um_call_routing -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_call_routing -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_call_routing -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_call_routing -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_call_routing -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_call_routing -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_call_routing -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_call_routing -l tls-backend -d 'Which TLS: modern (1.2 and 1.3), legacy (1.0 to 1.2, every suite; not in every build), or auto: legacy where modern fails [default: auto]' -r -f -a "auto\t'Modern, then legacy where there is nothing in common and this build has it'
modern\t'TLS 1.2 and 1.3 with modern cipher suites'
legacy\t'TLS 1.0 to 1.2 with every cipher suite, if this build has it'"
complete -c check_um_call_routing -l certificate-warning -d 'WARNING when a served certificate has less left than this: N days, Nh hours, N% of its lifetime' -r -f
complete -c check_um_call_routing -l certificate-critical -d 'CRITICAL when a served certificate has less left than this' -r -f
complete -c check_um_call_routing -l peer -d 'What kind of server is asked, which decides on the words of the advice; auto: what its answer says [default: auto]' -r -f -a "exchange\t'Exchange\'s Call Router: advice names its services, pools and cmdlets'
generic\t'Any other SIP server'
auto\t'Exchange where the peer says that it is, in Server or ms-diagnostics'"
complete -c check_um_call_routing -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_call_routing -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_call_routing -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_call_routing -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_call_routing -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_call_routing -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_call_routing -l srv -d 'Take the host for a domain and ask the servers that DNS names for it, by NAPTR, SRV and address records (RFC 3263)'
complete -c check_um_call_routing -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_call_routing -l single-line -d 'Print the first line only (text output)'
complete -c check_um_call_routing -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_call_routing -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_call_routing -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_call_routing -s V -l version -d 'Print version'
