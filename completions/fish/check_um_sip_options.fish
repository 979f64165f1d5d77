complete -c check_um_sip_options -f
complete -c check_um_sip_options -s H -l hostname -d 'Name or address of the host to ask' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_sip_options -l transport -d 'How the request travels; the default port is 5060, with tls 5061 [default: tcp; with --srv what the domain prefers]' -r -f -a "tcp\t'TCP, as a Call Router in its default startup mode'
tls\t'TLS over TCP'
udp\t'UDP, for SIP servers other than Exchange\'s'"
complete -c check_um_sip_options -l dns-server -d 'Nameserver to ask, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; repeatable [default: the system\'s]' -r -f
complete -c check_um_sip_options -l source-address -d 'Local address to send from' -r -f
complete -c check_um_sip_options -s p -l port -d 'Port to connect to [default: 5060, with --transport tls 5061; with --srv what DNS names]' -r -f
complete -c check_um_sip_options -l source-port -d 'Local port to send from, 1 to 65535; not for several addresses at the same time' -r -f
complete -c check_um_sip_options -l peer -d 'What kind of server is asked, which decides on the words of the advice; auto: what its answer says [default: auto]' -r -f -a "exchange\t'Exchange\'s Call Router: advice names its services, pools and cmdlets'
generic\t'Any other SIP server'
auto\t'Exchange where the peer says that it is, in Server or ms-diagnostics'"
complete -c check_um_sip_options -s u -l uri -d 'Request-URI [default: sip:HOST:PORT, with the transport as a parameter unless it is udp; with --srv sip:DOMAIN]' -r -f
complete -c check_um_sip_options -l from -d 'From address [default: sip:check-um@ the local address]' -r -f
complete -c check_um_sip_options -l to -d 'To address [default: the Request-URI]' -r -f
complete -c check_um_sip_options -l contact -d 'Contact address; Teams wants this host\'s own FQDN in it [default: the local address and port]' -r -f
complete -c check_um_sip_options -l user-agent -d 'User-Agent header [default: check-um/VERSION]' -r -f
complete -c check_um_sip_options -l max-forwards -d 'Max-Forwards header, 0 to 255 [default: 70]' -r -f
complete -c check_um_sip_options -l header -d 'A further header line of the request; repeatable' -r -f
complete -c check_um_sip_options -l route -d 'A proxy to be named in Route, the first one in front: a SIP URI with ;lr; repeatable. -H stays where the request is sent' -r -f
complete -c check_um_sip_options -l count -d 'Send so many OPTIONS one after the other, 1 to 1000, and judge the median of their times and how many were lost; over UDP none is repeated' -r -f
complete -c check_um_sip_options -l interval -d 'Seconds from one OPTIONS to the next, from 0.01 on; what is not answered by then is lost [default: 1]' -r -f
complete -c check_um_sip_options -l loss-warning -d 'WARNING when more than that many per cent of the OPTIONS are lost [default: 40]' -r -f
complete -c check_um_sip_options -l loss-critical -d 'CRITICAL when more than that many per cent of the OPTIONS are lost [default: 80]' -r -f
complete -c check_um_sip_options -l username -d 'User name for digest authentication (MD5, SHA-256, SHA-512-256)' -r -f
complete -c check_um_sip_options -l password-file -d 'File whose first line is the password' -r -F
complete -c check_um_sip_options -l password-env -d 'Environment variable that holds the password' -r -f
complete -c check_um_sip_options -l status -d 'State that final responses are worth, such as 503=warning; codes as in --expect; repeatable, the first one that holds decides' -r -f
complete -c check_um_sip_options -l expect -d 'Final responses that are as they should be: codes (200), ranges (480-489), classes (2xx), separated by commas [default: 200]' -r -f
complete -c check_um_sip_options -l require-header -d 'A header that the final response must have, with a value that the regular expression matches; repeatable' -r -f
complete -c check_um_sip_options -l require-allow -d 'Methods that the Allow headers must list, separated by commas' -r -f
complete -c check_um_sip_options -s w -l warning -d 'WARNING when the time to the final response, in seconds, is outside this range; with --count the median' -r -f
complete -c check_um_sip_options -s c -l critical -d 'CRITICAL when the time to the final response, in seconds, is outside this range; with --count the median' -r -f
complete -c check_um_sip_options -l down-warning -d 'WARNING when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind it their share; what is wrong with fewer of them is said only' -r -f
complete -c check_um_sip_options -l down-critical -d 'CRITICAL when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind it their share; what is wrong with fewer of them is said only' -r -f
complete -c check_um_sip_options -l tls-name -d 'Name to send and to expect in the certificate [default: the host]' -r -f
complete -c check_um_sip_options -l ca-file -d 'File with the certificates to trust, instead of the system\'s: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_sip_options -l fingerprint -d 'SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file either of the two is enough' -r -f
complete -c check_um_sip_options -l client-certificate -d 'File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS' -r -F
complete -c check_um_sip_options -l client-key -d 'PEM file with its private key, encrypted or not [default: the certificate\'s file, if that is PEM]' -r -F
complete -c check_um_sip_options -l passphrase-file -d 'File whose first line is the passphrase of an encrypted key or file' -r -F
complete -c check_um_sip_options -l passphrase-env -d 'Environment variable that holds the passphrase of an encrypted key or file' -r -f
complete -c check_um_sip_options -l tls-backend -d 'Which TLS: modern (1.2 and 1.3), legacy (1.0 to 1.2, every suite; not in every build), or auto: legacy where modern fails [default: auto]' -r -f -a "auto\t'Modern, then legacy where there is nothing in common and this build has it'
modern\t'TLS 1.2 and 1.3 with modern cipher suites'
legacy\t'TLS 1.0 to 1.2 with every cipher suite, if this build has it'"
complete -c check_um_sip_options -l certificate-warning -d 'WARNING when a served certificate has less left than this: N days, Nh hours, N% of its lifetime' -r -f
complete -c check_um_sip_options -l certificate-critical -d 'CRITICAL when a served certificate has less left than this' -r -f
complete -c check_um_sip_options -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_sip_options -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_sip_options -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_sip_options -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_sip_options -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_sip_options -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_sip_options -l srv -d 'Take the host for a domain and ask the servers that DNS names for it, by NAPTR, SRV and address records (RFC 3263)'
complete -c check_um_sip_options -l all-addresses -d 'Probe every address behind the name, and with --srv of every target; the worst decides, each has its own metrics'
complete -c check_um_sip_options -l no-verify -d 'Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all the same'
complete -c check_um_sip_options -l single-line -d 'Print the first line only (text output)'
complete -c check_um_sip_options -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_sip_options -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_sip_options -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_sip_options -s V -l version -d 'Print version'
