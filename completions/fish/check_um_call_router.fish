complete -c check_um_call_router -f
complete -c check_um_call_router -s H -l hostname -d 'Name or address of the Call Router' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_call_router -l server -d 'Name by which counters, exports and logs know the server; what they tell of others is passed over [default: the host, where that is a name]' -r -f
complete -c check_um_call_router -l startup-mode -d 'How the router listens: in clear, over TLS, or both' -r -f -a "TCP\t'In clear only'
TLS\t'Over TLS only'
Dual\t'Both'"
complete -c check_um_call_router -l tcp-port -d 'Port of SIP in clear' -r -f
complete -c check_um_call_router -l tls-port -d 'Port of SIP over TLS' -r -f
complete -c check_um_call_router -l tls-name -d 'Name that its certificate must have, where that is not the host' -r -f
complete -c check_um_call_router -l call -d 'Whom to call, which only a UM IP gateway may: the router counts a stranger\'s call as rejected' -r -f
complete -c check_um_call_router -l domain -d 'Domain whose controllers are asked' -r -f
complete -c check_um_call_router -l domain-controller -d 'One controller that is asked in place of all of a domain' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_call_router -l counters -d 'Where counters are read, as check_um_reject_rate takes it [default: on Windows pdh, elsewhere they are not read]' -r -f
complete -c check_um_call_router -l service-source -d 'Where the service is looked up, as check_um_service takes it [default: on Windows its service manager, elsewhere nowhere]' -r -f
complete -c check_um_call_router -l health-set-file -d 'Export of Get-ServerHealth, as check_um_health_set takes it [default: on Windows the log, elsewhere none]' -r -F
complete -c check_um_call_router -l health-set-max-age -d 'How old that file may be, as check_um_health_set takes it [default: what it takes by itself]' -r -f
complete -c check_um_call_router -l events-file -d 'Export of the event log, as check_um_events takes it [default: on Windows the log, elsewhere none]' -r -F
complete -c check_um_call_router -l events-max-age -d 'How old that file may be, as check_um_events takes it [default: what it takes by itself]' -r -f
complete -c check_um_call_router -l only -d 'Ask this check only, such as sip_options; repeatable' -r -f
complete -c check_um_call_router -l without -d 'Do not ask this check; repeatable' -r -f
complete -c check_um_call_router -l again -d 'Ask what is not OK once more after so many seconds; what is OK then is class transient' -r -f
complete -c check_um_call_router -l not-asked-warning -d 'WARNING when the number of checks that nothing here says whom to ask is outside this range; those that --only, --without or the startup mode leave out do not count' -r -f
complete -c check_um_call_router -l not-asked-critical -d 'CRITICAL when that number is outside this range' -r -f
complete -c check_um_call_router -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_call_router -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_call_router -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_call_router -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_call_router -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c check_um_call_router -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c check_um_call_router -l list -d 'Say which checks would be asked, how, and why not the others; ask nobody'
complete -c check_um_call_router -l single-line -d 'Print the first line only (text output)'
complete -c check_um_call_router -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_call_router -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_call_router -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_call_router -s V -l version -d 'Print version'
