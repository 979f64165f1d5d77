complete -c check_um_service -f
complete -c check_um_service -l service -d 'Service to look at, by its short name as in sc query; repeatable' -r -f
complete -c check_um_service -l component -d 'Exchange component whose state is looked up in the registry; none for a server without Exchange' -r -f
complete -c check_um_service -s H -l hostname -d 'Host whose service manager and registry are asked [default: this one]' -r -f -a "(__fish_print_hostnames)"
complete -c check_um_service -s t -l timeout -d 'Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth [default: 10]' -r -f
complete -c check_um_service -l state -d 'Give a class of failure another state; repeatable, the last one for a class wins' -r -f
complete -c check_um_service -l output -d 'Output format [default: text]' -r -f -a "text\t'One line for a scheduler, more for a person'
json\t'One JSON object'
scom\t'One property bag item for System Center Operations Manager'"
complete -c check_um_service -l extra-opts -d 'Read further options from a section of an ini file [default section: the plugin\'s name]' -r -f
complete -c check_um_service -l single-line -d 'Print the first line only (text output)'
complete -c check_um_service -l exit-ok -d 'Exit 0 whatever the state, for a scheduler that discards the output of any other code'
complete -c check_um_service -s v -l verbose -d 'Say more: -v details, -vv phases, -vvv the full trace'
complete -c check_um_service -s h -l help -d 'Print help (see more with \'--help\')'
complete -c check_um_service -s V -l version -d 'Print version'
