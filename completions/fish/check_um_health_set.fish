complete -c check_um_health_set -f
complete -c check_um_health_set -l health-set -d 'Health set to judge; repeatable, such as UM and UM.Protocol' -r -f
complete -c check_um_health_set -l ignore -d 'Monitor to leave out, as NAME or NAME\\TARGET; repeatable' -r -f
complete -c check_um_health_set -s H -l hostname -d 'Host whose log of Managed Availability is read, with the rights of the user that runs this check (on Windows only); with --file, the only server whose rows count [default: this one; every one of the file]' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_health_set -l file -d 'Get-ServerHealth or Get-HealthReport as JSON or CSV, or that log as event XML, - for standard input [default: the log]' -r -F
complete -c check_um_health_set -l max-age -d 'Report a file that was written longer ago than this as stale, such as 15m, or none for any age [default: 1h]' -r -f
complete -c check_um_health_set -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state timeout=STATE [default: 10]' -r -f
complete -c check_um_health_set -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is never OK, but at least WARNING' -r -f
complete -c check_um_health_set -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'
openmetrics\t'Series for Prometheus: the textfile collector, a script exporter'"
complete -c check_um_health_set -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_health_set -l single-line -d 'Print the first line only (text output)'
complete -c check_um_health_set -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_health_set -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_health_set -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_health_set -s V -l version -d 'Print version'
