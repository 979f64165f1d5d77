#!/bin/sh
# Puts check-um below a prefix, or takes it away again: ./install.sh [--remove] [PREFIX, by default /usr/local]
set -eu
if [ "${1:-}" = --remove ]; then remove=1; shift; else remove=; fi
prefix=${1:-/usr/local}
cd "$(dirname "$0")"
find lib share ! -type d | while IFS= read -r file; do
    if [ $remove ]; then rm -f "$prefix/$file"; continue; fi
    mkdir -p "$prefix/${file%/*}"
    case $file in
    share/check-um/*) sed "s|/usr/lib/nagios/plugins/check_um|$prefix/lib/nagios/plugins/check_um|g
        s|/usr/share/check-um|$prefix/share/check-um|g" "$file" >"$prefix/$file" ;;
    *) cp -p "$file" "$prefix/$file" ;;
    esac
done
[ -z $remove ] || find lib share -depth -type d | while IFS= read -r made; do rmdir "$prefix/$made" 2>/dev/null || :; done
