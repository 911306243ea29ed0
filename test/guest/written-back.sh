#!/bin/sh
# written-back.sh FILE: begin to write back what is dirty of a file on a held device, and return when it
# is on its way, and what that arms to tell a write is there.
set -eu
dd if=/dev/null of="$1" conv=notrunc,fsync &
# Each processor keeps its own count; reading this adds them up.
until cat /proc/sys/vm/stat_refresh && [ "$(awk '$1 == "nr_writeback" { print $2 }' /proc/vmstat)" -gt 0 ]; do
	usleep 1000
done
. /lib-guest/told.sh
