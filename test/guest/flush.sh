#!/bin/sh
# flush.sh HOW: begin to write back what is dirty on held devices, and return when no more of it goes on
# its way.
#   sync       sync(), in the background
#   flusher    the flusher, which nobody waits for
#   commit DIRECTORY   a journal, by an fsync() of another file there
set -eu
writeback() {
	# Each processor keeps its own count; reading this adds them up.
	cat /proc/sys/vm/stat_refresh
	awk '$1 == "nr_writeback" { print $2 }' /proc/vmstat
}

case $1 in
sync) sync & ;;
commit) dd if=/dev/null of="$2/another" conv=fsync & ;;
flusher)
	# What has been dirty for a hundredth of a second is written back in the next.
	echo 1 >/proc/sys/vm/dirty_expire_centisecs
	echo 1 >/proc/sys/vm/dirty_writeback_centisecs
	;;
esac
last=0 patience=300
until now=$(writeback) && [ "$now" -gt 0 ] && [ "$now" = "$last" ]; do
	last=$now patience=$((patience - 1))
	[ $patience -gt 0 ] || exit 1
	usleep 200000
done
. /lib-guest/told.sh
if [ "$1" = flusher ]; then
	echo 3000 >/proc/sys/vm/dirty_expire_centisecs
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
fi
