# What starts a server for a test, and ends it with the test? Arguments: the port at which the test waits for the shell, the
# program and its arguments. The answer is where the program is; nothing, where it is not installed.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
shift
PATH+=:/usr/sbin:/usr/lib/openldap
command -v "$1" >&3 || exit
# Gives the two below a process group, with which a server's workers end, too.
set -m
# The pipe is silent and open as long as the test is there: OpenSSL hangs up when its input ends.
{ read -r; kill -KILL 0; } <&3 | { "$@" >/dev/null 2>&1 3>&-; kill -KILL 0; } &
wait 2>/dev/null
