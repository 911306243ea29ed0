# shellcheck disable=SC2317 # bench.sh calls these
# Sourced by bench.sh: what is loaded while something is measured.

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

# Something is written back beside a direct write to the same file, which does the write no harm: direct writes are
# followed for a minute from then on (HOLD, src/flight/track.c).
written_back_beside() {
	collide --size 196608 --place 131072 --during "/lib-guest/written-back.sh /mnt/ext4/collision" \
		ext4 /mnt/ext4/collision >/dev/null
	read -r noted _ </proc/uptime
	noted=${noted%.*}
}

begin() {
	case $1 in
	unloaded | again) ;;
	bpftrace | ftrace) "$1_begin" ;;
	# Soon after a late error: what tells the next is armed.
	armed) load policy=propagate && collide ext4 /mnt/ext4/collision >/dev/null ;;
	# Something is written back beside direct writes, over and over: they are followed.
	hot) load policy=propagate && written_back_beside ;;
	# Direct writes are followed without that.
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

# still_in MODE: before each figure; stayed_in MODE: behind it, whether all of it was in that mode.
still_in() {
	[ "$1" = hot ] || return 0
	read -r now _ </proc/uptime
	[ $((${now%.*} - noted)) -lt 20 ] || written_back_beside
}

stayed_in() {
	[ "$1" != hot ] || grep -q '^block_bio_queue armed' "${counters%/*}/sites"
}
