# shellcheck disable=SC2086,SC2317 # lists of words; soak.sh calls these
# Sourced by soak.sh: what the machine has when nothing runs.

# The processors that can go.
pluggable=$(cd /sys/devices/system/cpu && echo cpu[1-9]*/online | sed 's/cpu\([0-9]*\)[^ ]*/\1/g')

plug_all() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]; do
		read -r online <$cpu/online
		[ "$online" = 1 ] || echo 1 >$cpu/online
	done
	unplugged=
}

meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# window NAME: nothing is loaded, and only this shell and who reads debugfs run. Sets used, the KiB that are neither free
# nor a cache nor a program's, and slab, those of them that are not to be reclaimed; and says both. What is registered
# in the kernel must be what it was.
window() {
	note "window $1"
	plug_all
	sync
	umount_all
	# A processor that goes gives up the free pages and objects that it keeps.
	for cpu in /sys/devices/system/cpu/cpu[1-9]; do
		echo 0 >$cpu/online
		echo 1 >$cpu/online
	done
	for n in 1 2 3; do
		echo 3 >/proc/sys/vm/drop_caches
		for shrink in /sys/kernel/slab/*/shrink; do
			echo 1 >$shrink
		done 2>/dev/null
		sleep 1
	done
	# Nor are those free that a processor keeps, which may be tens of MiB from 6.7 on; the first one never goes.
	used=$(awk '$1 == "count:" { kept += 4 * $2 } { v[$1] = $2 }
		END { print v["MemTotal:"] - v["MemFree:"] - v["Cached:"] - v["Buffers:"] - v["SReclaimable:"] - v["AnonPages:"] - kept }' \
		/proc/zoneinfo /proc/meminfo)
	slab=$(meminfo SUnreclaim)
	awk 'NR > 2 { print $1, $3 * $4 / 1024 }' /proc/slabinfo >/tmp/soak/slabs.$1
	registered
	echo "# window $1: used $used KiB, of it slabs $slab KiB; $(awk '
		$1 ~ /^(MemFree|Cached|SReclaimable|KernelStack|PageTables|Percpu|VmallocUsed|AnonPages):/ { printf "%s %d, ", $1, $2 }
		' /proc/meminfo)$found, threads $threads"
	mount_all
}

# registered: how many kprobes there are, functions that are followed, and tracepoints with users, into $found; and
# how many threads of the kernel that are no workers, into $threads.
registered() {
	tracepoints >/tmp/soak/tracepoints
	# Those of kthreadd. Workers come and go.
	threads=$(cat /proc/[0-9]*/stat 2>/dev/null |
		awk '/\(kworker/ { next } { sub(/.*\) . /, ""); n += $1 == 2 } END { print n + 0 }')
	found="kprobes $(wc -l <$kprobes/list), functions $(wc -l <$tracing/enabled_functions)"
	found="$found, tracepoints $(wc -l </tmp/soak/tracepoints)"
}

# Two windows after turns without the module tell what memory does by itself, and three how many threads there are:
# file systems have one more or less.
check_machine() {
	worst=0
	for growth in $((used - used_2)) $((slab - slab_2)); do
		[ $growth -le $worst ] || worst=$growth
	done
	text="used by $((used - used_2)) KiB more, by slabs $((slab - slab_2)) KiB more, after $loads loads;"
	text="$text two turns without the module differ by $noise KiB"
	if [ $worst -gt $((2 * noise + 1024)) ]; then
		wrong memory "$text"
		awk 'NR == FNR { was[$1] = $2; next } { print $2 - was[$1], $1 }' /tmp/soak/slabs.2 "/tmp/soak/slabs.$1" |
			sort -rn | head -n 8 | sed 's/^/# slab grew by KiB: /'
	else
		right memory
	fi
	echo "# memory at $1: $text"
	if [ "$found" = "$registered_2" ] && [ $threads -le $most_threads ]; then
		right registered
	else
		wrong registered "$found, threads $threads; not $registered_2, threads $most_threads"
	fi
}
