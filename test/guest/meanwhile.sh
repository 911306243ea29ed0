#!/bin/sh
# meanwhile.sh FS FILE PAGE: let a direct write go that is held on the device, and when it waits to drop
# that page of its range from the cache, which somebody is reading, begin to write back what is dirty of
# the file. All of it ends when the device is released.
set -eu
# waits PID FUNCTION: until a thread of that process is inside of that.
waits() {
	# shellcheck disable=SC2086 # or a pattern
	until cat /proc/$1/task/*/stack 2>/dev/null | grep -qE " ($2)\+"; do
		usleep 10000
	done
}

if [ "$1" = read ]; then
	dd if="$2" of=/dev/null bs=4096 skip="$3" count=1 &
	waits $! 'folio_wait_bit[a-z_]*|wait_on_page_bit[a-z_]*|__wait_on_page_locked[a-z_]*'
	exit
fi
/lib-guest/dm.sh pulse "$1" "/lib-guest/meanwhile.sh read $2 $3"
waits '[0-9]*' invalidate_inode_pages2_range
/lib-guest/written-back.sh "$2"
