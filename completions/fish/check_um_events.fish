complete -c check_um_events -f
complete -c check_um_events -l event -d 'WARNING, or CRITICAL, when event ID occurs more often than this in the window; ranges, too; repeatable, in place of or beside 1638=2, 1643=2, 1647=2, 1651=2 (1649 is counted only)' -r -f
complete -c check_um_events -l window -d 'How far back events count, such as 90s, 10m, 1h or 1d' -r -f
complete -c check_um_events -l until -d 'End of the window, in RFC 3339 [default: now; for a file, when it was written]' -r -f
complete -c check_um_events -l source -d 'Event source that counts; events of others are passed over' -r -f
complete -c check_um_events -s H -l hostname -d 'Host whose event log is read, with the rights of the user that runs this check (on Windows only); with --file, the only computer whose records count [default: this one; every one of the file]' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_events -l file -d 'Event XML of wevtutil or Get-WinEvent, - for standard input [default: the event log]' -r -F
complete -c check_um_events -l max-age -d 'Report a file that was written longer ago than this as stale, such as 15m, or none for any age [default: the window]' -r -f
complete -c check_um_events -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_events -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_events -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_events -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_events -l single-line -d 'Print the first line only (text output)'
complete -c check_um_events -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_events -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_events -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_events -s V -l version -d 'Print version'
