# shellcheck disable=SC2086,SC2016 # options, several in one argument; wait_until evaluates its argument itself
# Synchronous writes with sync=follow: the system call itself returns the error.

. "$lib_guest/repair.sh"

# following COMMAND...: a case that loads the module with sync=follow.
following() {
	policy_unless_said=sync=follow
	"$@"
}

# twice FS: how many more reports than writes there are: fs/direct-io.c invalidates, and then
# generic_file_direct_write() once more.
twice() {
	if [ "$1" = vfat ]; then echo 1; else echo 0; fi
}

# expect_sync FS OUTCOME [reason]: the newest write, and nothing else, has that.
expect_sync() {
	expect late_errors=1 stuck=1 "$2=1" repeats="$(twice "$1")"
	newest consumer sync
	newest reason "${3:--}"
	newest comm collide
	[ "$(value pid "$(tail -n 1 "${counters%/*}/log")")" -gt 1 ] || fail "no pid"
}

# sync_call FS CALL...: its result is -EIO, its offset is where it was, and the same once more succeeds.
sync_call() {
	fs=$1
	shift
	load sync=follow
	for call in "$@"; do
		before
		collision "$fs" "--sync=$call" --size 131072 --offset 65536 --twice
		is res -5 "$line"
		is pos 65536 "$line"
		[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
		is again 65536 "$line"
		is undone_again 0 "$line"
		expect_sync "$fs" delivered
		newest error -5
	done
	# The kernel's own record, as of all others that are told.
	is fsync -5 "$line"
	say "-EIO: $*"
}

# O_DSYNC may fail by itself, as it meets the record.
sync_dsync() {
	load sync=follow
	for how in --sync=dsync "--sync --dsync"; do
		before
		collision "$1" $how
		is res -5 "$line"
		expect_outcomes delivered="$(since delivered)" already_failed="$(since already_failed)"
		[ $(($(since delivered) + $(since already_failed))) = 1 ] || fail "not one"
	done
}

# What is not told: nothing of the result is changed, and it is known why.
sync_other_call() {
	load sync=follow
	# copy_file_range() ends up in the same, within a file system that shares no blocks.
	for call in sendfile splice; do
		before
		collision "$1" "--sync=$call"
		is res 65536 "$line"
		is pos 65536 "$line"
		expect_sync "$1" sync other-call
	done
	say "res 65536: sendfile splice"
}

# Somebody has put another file at the descriptor, or closed it: whose call it is cannot be told any more.
sync_put_over() {
	load sync=follow
	for how in dup2 close; do
		before
		collision "$1" --sync=write --meanwhile $how
		is res 65536 "$line"
		expect_sync "$1" sync other-call
		# The record that nobody has seen yet.
		rm "/mnt/$1/collision"
		say "$how: res 65536"
	done
}

# Each call of the program is looked at first.
sync_filtered() {
	[ -e /proc/sys/kernel/seccomp ] || skip "this kernel has no seccomp filters"
	sync_call "$1" filtered
}

# A program of 32 bits.
sync_ia32() {
	grep -qE ' (entry_INT80_compat|asm_int80_emulation|int80_emulation)$' /proc/kallsyms ||
		skip "this kernel runs no programs of 32 bits"
	load sync=follow
	before
	collision "$1" --sync=ia32 --size 131072 --offset 65536
	is res -5 "$line"
	is pos 65536 "$line"
	expect_sync "$1" delivered
	say "res -EIO"
}

# By another policy.
sync_policy() {
	load sync=follow policy="$2"
	before
	collision "$1" --sync=write
	is res "$3" "$line"
	expect_sync "$1" "$4" "$5"
	say "res $3"
}

# It is made true, wherever it writes and however.
sync_repair() {
	load sync=follow policy=repair repair_ms=10000
	for how in pwrite write "pwrite --size 131072 --offset 32768" "pwrite --size 65536 --offset 32768" dsync; do
		# Past the end vfat writes through the page cache, and so waits for what is held.
		case "$1 $how" in
		vfat*" --size 65536 "*) continue ;;
		# Where it is judged before its blocks are the file's nobody can know.
		*" --size 65536 "*)
			if ! has_symbol kiocb_invalidate_post_direct_write; then
				not_repaired "$1" written-back --sync=$how
				continue
			fi
			;;
		esac
		repaired "$1" --sync=$how
		# The second invalidation of fs/direct-io.c finds nothing any more.
		expect late_errors=1 stuck=1 repaired=1
		newest consumer sync
		case $how in
		*32768) holds "/mnt/$1/collision" 32768 65536 n ;;
		*) holds "/mnt/$1/collision" 0 65536 n ;;
		esac
	done
}

# On a file system as ext3 was what falls into a hole goes through the page cache, behind what went directly, in
# the same call; and for that ext4 waits until no direct write is in flight (ext4_buffered_write_iter()).
sync_hole() {
	other_fs ext4 mkfs.ext4 -t ext3 -q -F
	load sync=follow policy="$1" repair_ms=10000
	for n in $(seq "$(either 3 100)"); do
		for how in --sync=pwrite "" --uring; do
			before
			collision other $how --size 131072 --written 65536 --length 131072 --place 4096
			case $1 in
			repair)
				is ok 1 "$line"
				is fsync 0 "$line"
				is undone 0 "$line"
				expect late_errors=1 stuck=1 repaired=1
				holds /mnt/other/collision 0 131072 n
				;;
			*)
				# What went directly is a short write to io_uring, which does not see that of 5.10.
				case $how$(uname -r) in
				--uring5.*) ;;
				--uring*)
					newest reason short-write
					expect late_errors=1 stuck=1 undeliverable=1
					continue
					;;
				esac
				is res -5 "$line"
				expect late_errors=1 stuck=1 delivered=1
				;;
			esac
			rm /mnt/other/collision
			: >/tmp/said
		done
	done
	umount /mnt/other
	say "$((3 * n)) writes, partly through the page cache"
}

# It writes where the file ends, wherever the offset is, which stays there.
sync_append() {
	load sync=follow
	before
	collision xfs --sync=write --append --size 66048 --offset 66048
	is res -5 "$line"
	is size 131584 "$line"
	expect_sync xfs delivered
	is fsync -5 "$line"
}

# Another process shares the offset, and has set it as soon as it could.
sync_shared() {
	load sync=follow
	before
	collision "$1" --sync=write --meanwhile seek
	is res -5 "$line"
	is pos 12288 "$line"
	expect_sync "$1" delivered
	say "the offset is the other's"
}

# With signals all the time: the result is one of two, and never that of a call that was interrupted.
sync_signals() {
	load sync=follow
	for how in "" =restart; do
		for call in pwrite write; do
			before
			collision "$1" "--sync=$call" "--alarm$how"
			is res -5 "$line"
			is pos 0 "$line"
			expect_sync "$1" delivered
			before
			collision "$1" "--sync=$call" "--alarm$how" --stores 0
			is res 65536 "$line"
			expect
		done
	done
}

sync_traced() {
	load sync=follow
	case $(uname -m) in
	x86_64) pwrite=18 ;;
	*) pwrite=68 ;;
	esac
	before
	line=$(traced $pwrite collide --sync "$1" "/mnt/$1/collision") || fail "$line"
	echo "$line"
	is res -5 "$line"
	# Of two lines.
	is seen -5 "$line"
	expect_sync "$1" delivered
	say "the tracer sees -EIO"
}

# It is killed while it waits for the disk: it ends, and the late error is accounted for.
sync_killed() {
	load sync=follow
	before
	! collide --sync --meanwhile kill "$1" "/mnt/$1/collision" || fail "not killed"
	wait_until '[ $(counter late_errors) = 1 ] && [ $(counter pending) = 0 ]'
	expect_sync "$1" delivered
	rm "/mnt/$1/collision"
}

sync_overlay() {
	overlay_on "$1"
	load sync=follow
	for call in write pwrite; do
		before
		collision_in "$1" /mnt/overlay "--sync=$call" --size 131072 --offset 65536 --twice
		is res -5 "$line"
		is pos 65536 "$line"
		is again 65536 "$line"
		is undone_again 0 "$line"
		expect_sync "$1" delivered
	done
	umount /mnt/overlay
	say "res -EIO"
}

sync_overtaken() {
	load sync=follow track=always policy="$2"
	before
	collision "$1" --sync=write --during "/lib-guest/written-back.sh /mnt/$1/collision"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
	is fsync 0 "$line"
	case $2 in
	observe)
		is res 65536 "$line"
		expect late_errors=1 overtaken=1 observed=1
		;;
	*)
		is res -5 "$line"
		is pos 0 "$line"
		expect late_errors=1 overtaken=1 delivered=1
		;;
	esac
	newest consumer sync
	say "res $(value res "$line")"
}

# While it is in flight: the policy, the parameter, the module.
sync_switched() {
	load sync=follow
	before
	collision "$1" --sync --during "echo observe >/sys/module/diolate/parameters/policy"
	is res 65536 "$line"
	expect_sync "$1" observed
	set_policy propagate
	before
	collision "$1" --sync --during "echo report >/sys/module/diolate/parameters/sync"
	is res 65536 "$line"
	expect_sync "$1" sync
	before
	collision "$1" --sync --during "echo follow >/sys/module/diolate/parameters/sync"
	is res -5 "$line"
	expect_sync "$1" delivered
	collision "$1" --sync --during "/sbin/rmmod diolate"
	is res 65536 "$line"
}

# Pending, and then all of that; see unload_pending.
sync_pending() {
	load sync=follow
	collision ext4 --sync --dsync --offset 32768 --during "
		. /lib-guest/lib.sh
		. /lib-guest/pending.sh
		make_pending ext4
		set_policy observe
		echo report >/sys/module/diolate/parameters/sync
		unload_begins"
	is res -5 "$line"
	wait_until '! [ -e /sys/module/diolate ]'
	say "res -EIO after unloading had begun"
}

# The module comes and goes all the time while writes collide.
sync_reloaded() {
	: >/tmp/hold
	while [ -e /tmp/hold ]; do
		/sbin/insmod "$our_module" sync=follow || touch /tmp/failed
		/sbin/rmmod diolate || touch /tmp/failed
	done &
	loader=$!
	told=0
	for n in $(seq "$(either 20 400)"); do
		for fs in ext4 vfat; do
			line=$(collide --sync=write "$fs" "/mnt/$fs/collision") || fail "$line"
			case $(value res "$line") in
			65536) is pos 65536 "$line" ;;
			-5) is pos 0 "$line"; told=$((told + 1)) ;;
			*) fail "$line" ;;
			esac
		done
	done
	rm /tmp/hold
	wait $loader
	[ ! -e /tmp/failed ] || fail "insmod or rmmod failed"
	say "$told told"
}

sync_parameter() {
	load
	parameter=/sys/module/diolate/parameters/sync
	[ "$(cat $parameter)" = report ] || fail "default: $(cat $parameter)"
	! echo all >$parameter || fail "sync=all was taken"
	[ "$(cat $parameter)" = report ] || fail "changed: $(cat $parameter)"
	echo follow >$parameter
	[ "$(cat $parameter)" = follow ] || fail "$(cat $parameter)"
	unload
	! /sbin/insmod "$our_module" sync=none || fail "sync=none was taken"
}

quick run sync-parameter sync_parameter
quick run sync-filtered-ext4 sync_filtered ext4
for fs in $filesystems; do
	core run "sync-write-$fs" sync_call "$fs" write pwrite
	quick run "sync-vectors-$fs" sync_call "$fs" writev pwritev pwritev2 nowait current
	quick_if "$fs" ext4 run "sync-dsync-$fs" sync_dsync "$fs"
	quick_if "$fs" ext4 run "sync-other-call-$fs" sync_other_call "$fs"
	quick_if "$fs" xfs run "sync-policy-observe-$fs" sync_policy "$fs" observe 65536 observed -
	quick_if "$fs" ext4 run "sync-repair-$fs" sync_repair "$fs"
	quick_if "$fs" xfs run "sync-overtaken-$fs" sync_overtaken "$fs" propagate
	quick_if "$fs" xfs run "sync-signals-$fs" sync_signals "$fs"
	core run "sync-switched-$fs" sync_switched "$fs"
done
run sync-overtaken-observe-ext4 sync_overtaken ext4 observe
for policy in propagate repair; do
	run sync-hole-$policy sync_hole $policy
done
quick run sync-append-xfs sync_append
quick run sync-shared-ext4 sync_shared ext4
quick run sync-put-over-ext4 sync_put_over ext4
quick run sync-traced-xfs sync_traced xfs
quick run sync-killed-ext4 sync_killed ext4
core run sync-pending-ext4 sync_pending
[ "$(uname -m)" != x86_64 ] || quick run sync-ia32-ext4 sync_ia32 ext4
locks quick run sync-overlay-ext4 sync_overlay ext4
locks quick run sync-overlay-xfs sync_overlay xfs
locks run sync-loop-ext4 following loop_device ext4
case $(uname -r) in
5.* | 6.1.*) ;;
*) run sync-kernel-thread-ext4 following kernel_thread ext4 ;;
esac
busy run sync-reloaded sync_reloaded
