# shellcheck disable=SC2086 # options of collide, several in one argument
# Loading that fails, probes that are switched off, and a kernel that is locked down.

dir=/sys/kernel/debug/diolate

# in_state STATE BUT: that all sites are in this state and none has missed a hit, but so many; not
# counting the one that kernels before 6.5 have stand-ins for.
in_state() {
	grep -v '^kiocb_invalidate_post_direct_write absent ' $dir/sites >/tmp/sites
	[ "$(grep -c " $1 0 " /tmp/sites)" = $(($(grep -c . /tmp/sites) - $2)) ] || fail "$(cat $dir/sites)"
}

# refusing PARAMETER...: insmod is refused one call of a kernel function; see test/module/refuse.c.
refusing() {
	/sbin/insmod /refuse.ko "$@" || fail "refuse $*"
}

# was_refused: whether that happened, once it is over.
was_refused() {
	refused=$(cat /sys/module/refuse/parameters/refused)
	/sbin/rmmod refuse
	[ "$refused" = 1 ]
}

# Nothing of ours is left in the kernel.
nothing_left() {
	[ ! -e /sys/module/diolate ] || fail "$1: still loaded"
	! grep -E 'diolate|kiocb_invalidate|dio_|generic_file' /sys/kernel/debug/kprobes/list ||
		fail "$1: a probe is left"
	! grep -E 'kiocb_invalidate|dio_|_complete_rw|kiocb_done' /sys/kernel/tracing/enabled_functions || fail "$1: a hook is left"
	[ ! -e $dir ] || fail "$1: $dir is left"
}

loads_and_delivers() {
	load
	before
	collision "$1"
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
}

# not_loaded MESSAGE: insmod fails so, and a sentence in the log tells why.
not_loaded() {
	dmesg -c >/dev/null
	if /sbin/insmod /diolate.ko 2>/tmp/insmod; then
		fail "loaded"
	fi
	grep -q "$1" /tmp/insmod || fail "$(cat /tmp/insmod)"
	sentence=$(dmesg | sed -n 's/.*diolate: \(not loaded: .*\)/\1/p')
	[ "$(echo "$sentence" | grep -c .)" = 1 ] || fail "$(dmesg)"
}

# Each registration of a probe fails in turn, as when memory runs out: the module is not loaded, says
# so and leaves nothing; or, if it can do without, it loads and says what that costs.
each_step() {
	nth=0 failed=0 loaded=0
	while :; do
		nth=$((nth + 1))
		refusing function="$1" nth=$nth error=-12
		dmesg -c >/dev/null
		if /sbin/insmod /diolate.ko 2>/tmp/insmod; then
			was_refused || break
			[ "$(dmesg | grep -c 'diolate: .* on this kernel (error -12)')" = 1 ] ||
				fail "step $nth: not said what is lost: $(dmesg)"
			unload
			loaded=$((loaded + 1))
		else
			was_refused || fail "step $nth: failed and nothing was refused"
			# 7.3 registers a kprobe that ftrace refuses (register_kprobe(), kernel/kprobes.c), and the
			# proof at load time finds that it does not fire.
			grep -q "Cannot allocate memory" /tmp/insmod ||
				dmesg | grep -q "not loaded: a kretprobe does not fire" || fail "step $nth: $(cat /tmp/insmod)"
			[ "$(dmesg | grep -c 'diolate: not loaded: ')" = 1 ] || fail "step $nth: $(dmesg)"
			failed=$((failed + 1))
		fi
		nothing_left "step $nth"
	done
	unload
	[ $failed -ge "$2" ] || fail "only $failed steps failed"
	say "$failed steps failed, $loaded could be done without"
	loads_and_delivers ext4
}

# When direct writes are followed can be changed at run time; to what is none, or cannot be had, it is not.
track_at_run_time() {
	parameter=/sys/module/diolate/parameters/track
	load
	[ "$(cat $parameter)" = auto ] || fail "$(cat $parameter)"
	followed="^block_bio_queue armed"
	! grep "$followed" $dir/sites || fail "followed"
	for value in bogus always; do
		[ $value = bogus ] || refusing function=register_ftrace_function comm=init error=-12
		dmesg -c >/dev/null
		if echo $value >$parameter 2>/tmp/echo; then
			fail "$value accepted"
		fi
		sentence "track=$value"
		[ "$(cat $parameter)" = auto ] || fail "changed to $(cat $parameter)"
		! grep "$followed" $dir/sites || fail "followed"
	done
	was_refused || fail "not refused"
	echo always >$parameter
	[ "$(cat $parameter)" = always ] || fail "$(cat $parameter)"
	grep "$followed" $dir/sites || fail "not followed: $(cat $dir/sites)"
	echo auto >$parameter
	! grep "$followed" $dir/sites || fail "followed"
}

# Without debugfs the module works all the same.
step_debugfs() {
	refusing function=debugfs_create_dir error=-12
	load
	was_refused || fail "not refused"
	[ ! -e $dir ] || fail "$dir is there"
	collision ext4
	is res -5 "$line"
	unload
	nothing_left "debugfs_create_dir"
	say "res -EIO without debugfs"
}

required_absent() {
	for symbol in generic_file_direct_write dio_warn_stale_pagecache aio_complete_rw; do
		# That one it can do without when it asks first, to replace the function.
		nth=1
		[ $symbol != dio_warn_stale_pagecache ] || nth=2
		refusing symbol=$symbol nth=$nth error=-2
		not_loaded "not supported"
		was_refused || fail "$symbol: not refused"
		nothing_left $symbol
		case $sentence in
		"not loaded: $symbol "*) ;;
		*) fail "$symbol: $sentence" ;;
		esac
	done
	say "$sentence"
	loads_and_delivers ext4
}

# optional_absent SYMBOL FS OPTIONS: loaded, and the path that it serves is counted, not delivered.
optional_absent() {
	refusing symbol="$1" error=-2
	load
	was_refused || fail "not refused"
	grep -q "^$1 absent 0 " $dir/sites || fail "$(cat $dir/sites)"
	in_state armed 1
	before
	collision "$2" $3
	is res 65536 "$line"
	expect late_errors=1 stuck=1 undeliverable=1
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

# Where the answer of a write is not to be seen, it is judged before it invalidates.
overtaken_unanswered() {
	refusing symbol=kiocb_done error=-2
	load track=always
	was_refused || fail "not refused"
	before
	collision ext4 --uring $longer --during "/lib-guest/written-back.sh /mnt/ext4/collision"
	is res 65536 "$line"
	expect late_errors=1 overtaken=1 undeliverable=1
	# The next write with the same kiocb is not taken for it.
	before
	collision ext4 --uring --stores 0
	is res 65536 "$line"
	expect
	unload
}

# Before 6.5 what ends a direct write invalidates by itself: as here, where the function for it cannot
# be probed.
stand_ins() {
	if has_symbol kiocb_invalidate_post_direct_write; then
		refusing symbol=kiocb_invalidate_post_direct_write error=-2
		load
		was_refused || fail "not refused"
	else
		load
	fi
	grep -q "^iomap_dio_complete armed 0 " $dir/sites || fail "$(cat $dir/sites)"
	for fs in $filesystems; do
		for options in "" "--uring" "$longer" "--uring $longer"; do
			# Past the end vfat writes through the page cache, and so waits for what is held.
			case "$fs $options" in
			vfat*"$longer") continue ;;
			esac
			before
			collision "$fs" $options
			is res -5 "$line"
			expect late_errors=1 stuck=1 delivered=1
		done
		before
		collision "$fs" --sync
		case $fs in
		vfat) expect late_errors=1 stuck=1 sync=1 repeats=1 ;;
		*) expect late_errors=1 stuck=1 sync=1 ;;
		esac
		: >/tmp/said
	done
	newest length 65536
	say "13 late errors, each told or counted"
}

# An io_uring completion that is not known counts as the kernel's own.
completion_absent() {
	refusing symbol=io_complete_rw error=-2
	load
	was_refused || fail "not refused"
	before
	collision ext4 --uring
	is res 65536 "$line"
	expect late_errors=1 stuck=1 kernel_owned=1
}

# Kprobes are switched off while the module is there: counters and sites say so (what sees late errors
# by other means still does), and no longer when they are on again; and before: it does not load.
kprobes_off() {
	enabled=/sys/kernel/debug/kprobes/enabled
	load
	grep -qx "probes_off 0" "$counters" || fail "$(cat "$counters")"
	echo 0 >$enabled
	off=$(cat "$counters")
	status=0
	# What is followed by ftrace still is.
	cp $dir/sites /tmp/sites
	grep -q ' disarmed 0 the late error itself$' /tmp/sites || status=1
	grep -q '^generic_file_direct_write disarmed 0 ' /tmp/sites || status=1
	collision ext4
	echo 1 >$enabled
	is res -5 "$line"
	echo "$off" | grep -qx "probes_off 1" || fail "$off"
	[ $status = 0 ] || fail "not disarmed: $(cat /tmp/sites)"
	grep -qx "probes_off 0" "$counters" || fail "$(cat "$counters")"
	in_state armed 0
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
	not_loaded_while $enabled
}

# As long as the module is there nobody switches ftrace off; and before: it does not load. 7.3 made
# kernel.ftrace_enabled read-only (ftrace_enable_sysctl(), kernel/trace/ftrace.c).
ftrace_off() {
	enabled=/proc/sys/kernel/ftrace_enabled
	load
	if echo 0 >$enabled && [ "$(cat $enabled)" = 0 ]; then
		fail "ftrace is off"
	fi
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
	if ! echo 0 >$enabled || [ "$(cat $enabled)" = 1 ]; then
		say "this kernel lets nobody switch it off"
		return
	fi
	not_loaded_while $enabled
}

# not_loaded_while FILE: as long as it says 0.
not_loaded_while() {
	echo 0 >"$1"
	status=0
	(not_loaded "not supported" && say "$sentence") || status=1
	echo 1 >"$1"
	[ $status = 0 ] || fail "loaded with probes off"
	nothing_left "$1"
}

# The call that arms what tells late errors fails, as when memory runs out: the first one is counted, and
# the next has it armed.
arming_refused() {
	for how in "" "--uring $longer"; do
		refusing function=register_ftrace_function comm=kworker error=-12
		load
		before
		collision ext4 $how
		was_refused || fail "not refused"
		is res 65536 "$line"
		is fsync -5 "$line"
		newest reason not-watched
		expect late_errors=1 stuck=1 undeliverable=1
		grep -q "^aio_complete_rw refused 0 " $dir/sites || fail "$(cat $dir/sites)"
		before
		collision ext4 $how
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
		in_state armed 0
		unload
	done
}

locks run refuse-register_kprobe each_step register_kprobe 5
locks quick run refuse-register_kretprobe each_step register_kretprobe 2
locks quick run refuse-register_ftrace_function each_step register_ftrace_function 1
locks quick run refuse-debugfs step_debugfs
quick run track-at-run-time track_at_run_time
locks quick run required-absent required_absent
core quick run arming-refused arming_refused
quick run optional-absent-kiocb_done optional_absent kiocb_done ext4 "--uring $longer"
quick run overtaken-unanswered overtaken_unanswered
locks quick run stand-ins stand_ins
locks quick run completion-absent completion_absent
locks quick run kprobes-off kprobes_off
locks quick run ftrace-off ftrace_off
