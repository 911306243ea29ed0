# Sourced by init for `make bench` (test/bench/run): what an I/O takes, with us, without, and with others
# who look for the same. One line a figure: fs engine depth case mode turn instructions ios eio.

# parameter NAME DEFAULT: of the kernel command line.
parameter() {
	value=$(sed -n "s/.*diolate\.$1=\([^ ]*\).*/\1/p" /proc/cmdline)
	echo "${value:-$2}" | tr , ' '
}

turns=$(parameter turns 5)
ios=$(parameter ios 4096)
modes=$(parameter modes unloaded,propagate,follow,always,bpftrace,ftrace,again)
figures=$(parameter figures sync,async,buffered,late)

# null_disk INDEX NS: a RAM disk, nullb<INDEX>, that completes each I/O by an interrupt, so many ns
# later.
null_disk() {
	disk=/sys/kernel/config/nullb/nullb$1
	mkdir "$disk"
	for pair in index="$1" size=512 memory_backed=1 blocksize=512 queue_mode=2 submit_queues=1 \
		hw_queue_depth=128 irqmode=2 completion_nsec="$2"; do
		echo "${pair#*=}" >"$disk/${pair%%=*}"
	done
	echo 1 >"$disk/power"
}

# Till an I/O completes all of a round must be submitted and, if they are to be late, their pages stored
# into; see rate.c.
disks() {
	modprobe null_blk nr_devices=0
	mount -t configfs none /sys/kernel/config
	file_on ext4 ext4-1 0 20000
	file_on xfs xfs-1 1 20000
	file_on ext4 ext4-16 2 400000
	file_on xfs xfs-16 3 400000
	file_on xfs xfs-late-1 4 80000
	file_on xfs xfs-late-16 5 800000
	# What the processor does by the way is done.
	echo 3 >/proc/sys/vm/drop_caches
	sync
}

# file_on FS NAME INDEX NS: a file system on such a disk, and the file in it.
file_on() {
	null_disk "$3" "$4"
	case $1 in
	ext4) mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "/dev/nullb$3" ;;
	xfs) mkfs.xfs -q -f "/dev/nullb$3" ;;
	esac
	mkdir -p "/mnt/$2"
	mount -t "$1" "/dev/nullb$3" "/mnt/$2"
	dd if=/dev/zero of="/mnt/$2/file" bs=1M count=64 2>/dev/null
	sync
}

ftrace_begin() {
	events=/sys/kernel/tracing/kprobe_events
	# shellcheck disable=SC2016 # $retval is for the kernel
	printf '%s\n' 'r:bench/complete iomap_dio_complete ret=$retval' \
		'p:bench/begin invalidate_inode_pages2_range mapping=%di' \
		'r:bench/end invalidate_inode_pages2_range ret=$retval' >>$events
	# Recorded is only what failed.
	echo 'ret > 0x7fffffff' >/sys/kernel/tracing/events/bench/complete/filter
	echo 'mapping == 0' >/sys/kernel/tracing/events/bench/begin/filter
	echo 'ret != 0' >/sys/kernel/tracing/events/bench/end/filter
	echo 1 >/sys/kernel/tracing/events/bench/enable
}

ftrace_end() {
	awk '{ n += $2 } END { print "# ftrace: " n + 0 " hits of its kprobes" }' \
		/sys/kernel/tracing/kprobe_profile
	echo 0 >/sys/kernel/tracing/events/bench/enable
	echo >/sys/kernel/tracing/kprobe_events
}

bpftrace_begin() {
	mount_root tracers
	cp /lib-guest/count.bt /mnt/tracers/tmp/
	/usr/sbin/chroot /mnt/tracers bpftrace /tmp/count.bt >/tmp/bpftrace 2>&1 </dev/null &
	bpftrace=$!
	# shellcheck disable=SC2016 # expanded there
	wait_until 'grep -q "Attach" /tmp/bpftrace || ! kill -0 $bpftrace'
	# shellcheck disable=SC2016
	wait_until 'grep -q "iomap_dio_complete" /sys/kernel/debug/kprobes/list || ! kill -0 $bpftrace'
	kill -0 "$bpftrace" || cat /tmp/bpftrace
}

# That it has counted: a late error that it was made to see.
bpftrace_end() {
	collide ext4 /mnt/ext4/collision >/dev/null
	kill -INT "$bpftrace"
	wait "$bpftrace"
	echo "# bpftrace: $(grep -c '^@failed' /tmp/bpftrace) files with a failed invalidation"
}

begin() {
	case $1 in
	unloaded | again) ;;
	bpftrace | ftrace) "$1_begin" ;;
	# Soon after a late error: what tells the next is armed.
	armed) load policy=propagate && collide ext4 /mnt/ext4/collision >/dev/null ;;
	# Direct writes are followed.
	always) load policy=propagate track=always ;;
	# Synchronous writes are told, too.
	follow) load policy=propagate sync=follow ;;
	*) load policy="$1" ;;
	esac
}

end() {
	case $1 in
	unloaded | again) ;;
	bpftrace | ftrace) "$1_end" ;;
	*) unload ;;
	esac
}

# rate_of FS ENGINE DEPTH CASE MODE TURN DISK [SUBMITTERS]: one figure.
rate_of() {
	label="$1 $2 $3 $4 $5 $6"
	set -- "$2" "$3" "${4%%-*}" "/mnt/$7/file" "$8"
	engine=
	case $1 in
	io_uring) engine=--uring ;;
	pwrite) engine=--sync ;;
	esac
	# What was begun before is over by then: a time, since nothing says when workers and RCU are done.
	sleep 1
	# shellcheck disable=SC2086 # one option or none
	result=$(rate $engine --depth "$2" --ios "$ios" --submitters "${5:-0}" "$3" "$4" 2>&1) ||
		result="failed $result"
	echo "$label $result"
}

# What the contract is about: no late error, nobody who could tell.
sync_figures() {
	for fs in ext4 xfs; do
		for what in read write beside cached; do
			rate_of $fs pwrite 1 $what "$1" "$2" $fs-1
		done
	done
}

async_figures() {
	for fs in ext4 xfs; do
		for with in libaio io_uring; do
			for depth in 1 16; do
				for what in read write beside cached; do
					rate_of $fs $with $depth $what "$1" "$2" $fs-$depth
				done
			done
		done
	done
}

# Those of test/bench/guard.
guard_figures() {
	for fs in ext4 xfs; do
		for what in read write; do
			rate_of $fs libaio 1 $what "$1" "$2" $fs-1
		done
	done
}

buffered_figures() {
	for fs in ext4 xfs; do
		rate_of $fs buffered 16 buffered "$1" "$2" $fs-16
	done
}

late_figures() {
	for with in libaio io_uring; do
		for depth in 1 16; do
			rate_of xfs $with $depth late "$1" "$2" xfs-late-$depth
		done
	done
	for submitters in 1 2 4 8; do
		rate_of xfs libaio 2 late-$submitters "$1" "$2" xfs-late-16 $submitters
	done
}

all_late_figures() {
	for mode in unloaded propagate observe repair; do
		begin $mode
		late_figures $mode "$1"
		end $mode
	done
}

bench() {
	disks
	echo "# $(uname -r)"
	# The first warms up.
	for turn in $(seq 0 "$turns"); do
		for mode in $modes; do
			begin "$mode"
			for what_of in $figures; do
				case $what_of$mode in
				# It is the same to what is not synchronous.
				late* | asyncfollow | bufferedfollow) ;;
				*) "${what_of}_figures" "$mode" "$turn" ;;
				esac
			done
			end "$mode"
		done
		case $figures in *late*) all_late_figures "$turn" ;; esac
	done
	echo "# done"
}
