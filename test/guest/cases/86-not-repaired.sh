# shellcheck disable=SC2086 # options of collide, several in one argument
# Policy repair: what cannot be made true fails, and why; and where the policy is refused.

# Old bytes went to the disk together with the write.
repair_written_back() {
	load_repair
	not_repaired "$1" written-back --again --during "/lib-guest/written-back.sh /mnt/$1/collision"
}

# What was written into blocks that were only reserved does not become the file's, and so the write fails: what
# was stored there stays, or all would be gone.
repair_end_fails() {
	load sync=follow policy=repair repair_ms=10000
	for how in "" --uring --sync; do
		# Of blocks that another case has written nothing is only reserved.
		rm -f "/mnt/$1/collision"
		xfs_io -f -c "falloc 0 128k" "/mnt/$1/collision"
		before
		collision "$1" $how --keep --size 131072 --written 65536 --offset 65536 \
			--during "/sbin/insmod /refuse.ko function=$2 comm= error=-28"
		was_refused || fail "not refused"
		is res -28 "$line"
		is fsync -5 "$line"
		expect late_errors=1 stuck=1 already_failed=1
		echo 3 >/proc/sys/vm/drop_caches
		byte=$(tail -c +65542 "/mnt/$1/collision" | head -c 1)
		[ "$byte" = s ] || fail "the store was dropped: $byte"
	done
	say "res -ENOSPC, and what was stored is there"
}

# If one page cannot be dropped the others are left as they are.
repair_all_or_nothing() {
	load_repair
	not_repaired "$1" partial-folio --size 131072 --offset 0 --length 61952 --place 5 --beyond 62000 --submitted
	[ "$(head -c 6 "/mnt/$1/collision" | tail -c 1)" = s ] || fail "the store within was dropped"
	[ "$(tail -c +62001 "/mnt/$1/collision" | head -c 1)" = s ] || fail "the store beside was dropped"
}

# Nobody would be told; nothing is repaired behind the back of who waits for it.
repair_sync() {
	load_repair
	before
	collision ext4 --sync
	is res 65536 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 sync=1
}

# Somebody has the folio locked: the write is delayed as long as repair_ms says, and no longer.
repair_deadline() {
	load_repair
	# All else takes a kernel that looks after itself some seconds.
	case $(uname -r) in
	*-debug*) wait=1000 ;;
	*) wait=600 ;;
	esac
	for ms in 0 ${wait}0; do
		echo $ms >/sys/module/diolate/parameters/repair_ms
		/sbin/insmod /lock.ko || fail "lock"
		start=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
		: >/tmp/said
		# fsync() would wait for the lock as well.
		not_repaired "$1" busy --first "/sbin/rmmod lock"
		took=$(($(cut -d ' ' -f 1 /proc/uptime | tr -d .) - start))
		[ $ms != 0 ] || at_once=$took
	done
	# In hundredths of a second; all else that a collision takes is in both.
	if [ $at_once -ge $wait ] || [ $took -lt $wait ] || [ $took -gt $((at_once + wait + 200)) ]; then
		fail "$at_once and $took hundredths of a second"
	fi
	echo 10000 >/sys/module/diolate/parameters/repair_ms
	repaired "$1"
	if echo 10001 >/sys/module/diolate/parameters/repair_ms; then
		fail "repair_ms=10001 accepted"
	fi
}

# refused_with ERRNO_TEXT: policy repair is, in one sentence, which is in $said; it stays what it was.
refused_with() {
	dmesg -c >/dev/null
	! set_policy repair 2>/tmp/echo || fail "policy repair accepted"
	grep -q "$1" /tmp/echo || fail "$(cat /tmp/echo)"
	dmesg >/tmp/dmesg
	[ "$(grep -c 'diolate: policy=repair refused: ' /tmp/dmesg)" = 1 ] || fail "$(cat /tmp/dmesg)"
	said=$(sed -n 's/.*policy=repair refused: //p' /tmp/dmesg)
	[ "$(cat /sys/module/diolate/parameters/policy)" = observe ] || fail "policy changed"
	! grep -qE " armed .*when a direct write begins|^dio_warn_stale_pagecache armed .* repair" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
}

# A live patch has the function that records the error: the policy is refused, and the other way round.
somebody_replaces() {
	/sbin/insmod /replace.ko || fail "replace"
	load policy=observe
	refused_with "busy"
	case $said in
	*"live patch"*) ;;
	*) fail "$said" ;;
	esac
	# What tells is armed at once then, for it cannot be by the first late error.
	set_policy propagate
	dmesg | grep -q "diolate: .* cannot be replaced on this kernel .*live patch" || fail "$(dmesg)"
	grep -q "^dio_warn_stale_pagecache refused" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	grep -q "^aio_complete_rw armed" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	for how in "" "--uring --size 65536 --offset 32768"; do
		before
		collision ext4 $how
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
	done
	set_policy observe
	/sbin/rmmod replace
	# It has one that receives results, or that invalidates: there nothing is sent elsewhere.
	for function in aio_complete_rw kiocb_invalidate_post_direct_write; do
		has_symbol $function || continue
		unload
		/sbin/insmod /replace.ko function=$function || fail "replace $function"
		load
		before
		collision ext4
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
		set_policy repair
		repaired ext4
		set_policy observe
		/sbin/rmmod replace
	done
	unload
	load policy=observe
	set_policy repair
	grep -q " armed .*when a direct write begins" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	if /sbin/insmod /replace.ko; then
		fail "two replace it"
	fi
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
	set_policy observe
	! grep -q "when a direct write begins" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	/sbin/insmod /replace.ko || fail "replaced under observe"
	/sbin/rmmod replace
	before
	collision ext4
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 observed=1
}

# What the policy needs cannot be had, each in turn: what follows direct writes, and replaces the record.
repair_refused() {
	load policy=observe
	for nth in 1 2; do
		refusing function=register_ftrace_function nth=$nth comm=init error=-2
		refused_with "No such file"
		was_refused || fail "$nth: not refused"
		case "$nth $said" in
		"1 direct writes cannot be followed "* | "2 dio_warn_stale_pagecache "*) ;;
		*) fail "$nth: $said" ;;
		esac
	done
	set_policy repair
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
}

# What is switched off sees nothing.
repair_switched_off() {
	load policy=observe
	echo 0 >/sys/kernel/debug/kprobes/enabled
	refused_with "not supported"
	echo 1 >/sys/kernel/debug/kprobes/enabled
	set_policy repair
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
	say "$said"
}

for fs in $filesystems; do
	quick_if "$fs" ext4 run "repair-written-back-$fs" repair_written_back "$fs"
done
quick run repair-sync-ext4 repair_sync
quick run repair-end-fails-ext4 repair_end_fails ext4 ext4_convert_unwritten_extents
run repair-end-fails-xfs repair_end_fails xfs xfs_iomap_write_unwritten
quick run repair-all-or-nothing repair_all_or_nothing vfat
locks quick run repair-live-patch somebody_replaces
quick run repair-refused repair_refused
quick run repair-switched-off repair_switched_off
quick run repair-deadline-ext4 repair_deadline ext4
run repair-deadline-xfs repair_deadline xfs
