# One late error under each policy, on each way a write can complete.

files() {
	load
	dir=/sys/kernel/debug/diolate
	[ "$(stat -c %a $dir)" = 700 ] || fail "$dir: $(stat -c %a $dir)"
	for file in counters sites log files layout version; do
		[ "$(stat -c %a $dir/$file)" = 444 ] || fail "$file: $(stat -c %a $dir/$file)"
	done
	cat $dir/*
	armed=$(grep -c '^[a-z_0-9]* armed 0 ' $dir/sites)
	absent=0
	has_symbol kiocb_invalidate_post_direct_write || absent=1
	[ "$(grep -c . $dir/sites)" = $((armed + absent)) ] || fail "not all armed: $(cat $dir/sites)"
	grep -qx "kernel $(uname -r)" $dir/version || fail "$(cat $dir/version)"
	grep -qx "arch $(uname -m)" $dir/version || fail "$(cat $dir/version)"
	grep -qx "version 0.1.0" $dir/version || fail "$(cat $dir/version)"
	loaded=$(sed -n 's/^loaded \(.*\)\.[0-9]*Z$/\1/p' $dir/version)
	age=$(($(date +%s) - $(date -u -D %Y-%m-%dT%H:%M:%S -d "$loaded" +%s)))
	case $age in
	[0-9] | [0-5][0-9]) ;;
	*) fail "loaded $age s ago: $(cat $dir/version)" ;;
	esac
	[ "$(cat /sys/module/diolate/parameters/policy)" = propagate ] || fail "default policy"
	before
	expect
	say "$armed sites armed"
}

observe() {
	load policy=observe
	before
	collision "$1"
	is res 65536 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 observed=1
}

propagate() {
	load
	before
	collision "$1"
	is res -5 "$line"
	say "res -EIO"
	expect late_errors=1 stuck=1 delivered=1
	collision "$1"
	is res -5 "$line"
	expect late_errors=2 stuck=2 delivered=2
}

# The file system waits for a write that makes the file longer (ext4), or not (xfs). Its size and all
# bytes but those of the folio in the way must be what they are without the module.
extend() {
	load policy="$2"
	before
	collision "$1" --size 65536 --offset 32768
	is size 98304 "$line"
	is first 32768 "$line"
	case $1:$(value undone "$line"):$(value last "$line") in
	*:4096:36863 | xfs:16384:49151) ;;
	*) fail "more than one folio was undone: $line" ;;
	esac
	if [ "$2" = propagate ]; then
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
	else
		is res 65536 "$line"
		expect late_errors=1 stuck=1 observed=1
	fi
	unload
	if [ "$1" = ext4 ]; then
		umount_fs ext4
		fsck.ext4 -f -n /dev/mapper/ext4 || fail "fsck.ext4: $?"
		mount_fs ext4
		say "fsck clean"
	fi
}

# One after the other in the same memory, completed by the same worker if there is one for a processor.
in_turn() {
	load
	before
	turns=8
	for n in $(seq $turns); do
		for fs in $filesystems; do
			line=$(taskset 1 collide "$fs" "/mnt/$fs/collision") || fail "collide on $fs: $line"
			is res -5 "$line"
		done
	done
	expect late_errors=$((turns * 3)) stuck=$((turns * 3)) delivered=$((turns * 3))
}

# A file without extents, its second half a hole: the first half is written directly, the second
# through the page cache, and only then is its result received (ext4_dio_write_iter()).
fall_back() {
	other_fs ext4 mkfs.ext4 -q -F -O ^extents,^64bit
	load
	before
	collision other --written 32768
	is res -5 "$line"
	is first 0 "$line"
	is undone 4096 "$line"
	say "res -EIO"
	expect late_errors=1 stuck=1 delivered=1
	umount /mnt/other
}

# A file system of which it is not proven that only a writer can be in the way.
not_proven() {
	needs f2fs
	other_fs f2fs mkfs.f2fs -q -f -t 0
	load
	before
	collision other
	is res 65536 "$line"
	is fsync -5 "$line"
	say "res 65536"
	expect late_errors=1 stuck=1 undeliverable=1
	umount /mnt/other
}

# A thread of the kernel writes directly, and waits for it. Nobody can be told, nor is it a program's.
kernel_thread() {
	file=/mnt/$1/collision
	dd if=/dev/zero of="$file" bs=64k count=1 conv=fsync
	load
	before
	/lib-guest/dm.sh hold "$1"
	/sbin/insmod /kwrite.ko file="$file" || fail "kwrite"
	# shellcheck disable=SC2016 # for wait_until
	wait_until 'pid=$(pidof kwrite)'
	result=/sys/module/kwrite/parameters/result
	wait_until "grep -q dio /proc/$pid/stack || [ \$(cat $result) != 0 ]"
	[ "$(cat $result)" = 0 ] || fail "$(cat $result)"
	xfs_io -c "mmap -rw 0 64k" -c "mwrite 0 1" "$file"
	/lib-guest/dm.sh release "$1"
	wait_until "[ \$(cat $result) != 0 ]"
	[ "$(cat $result)" = 65536 ] || fail "$(cat $result)"
	/sbin/rmmod kwrite
	rm "$file"
	newest consumer kernel
	expect late_errors=1 stuck=1 kernel_owned=1
}

# 6.1 completes such a write with -EIO by itself (generic_write_sync() meets the fresh wb_err), and
# fs/direct-io.c always does; later kernels may write it with FUA and skip that. Once in any case.
dsync() {
	load
	before
	collision "$1" --dsync
	is res -5 "$line"
	failed=$(($(counter already_failed) - $(awk '/^already_failed/ { print $2 }' /tmp/before)))
	if [ "$failed" = 1 ] || [ "$1" = vfat ]; then
		expect late_errors=1 stuck=1 already_failed=1
	else
		expect late_errors=1 stuck=1 delivered=1
	fi
}

# On a fs/direct-io.c file system one write is invalidated twice; it is one late error.
sync_write() {
	load policy="$2"
	before
	collision "$1" --sync
	is res 65536 "$line"
	say "res 65536"
	if [ "$1" = vfat ]; then
		expect late_errors=1 stuck=1 sync=1 repeats=1
		collision "$1" --sync
		expect late_errors=2 stuck=2 sync=2 repeats=2
	else
		expect late_errors=1 stuck=1 sync=1
		collision "$1" --sync
		expect late_errors=2 stuck=2 sync=2
	fi
}

# A loop device with direct I/O: the write below it belongs to the kernel, which is told nothing.
loop_device() {
	loop_collision "$1" "/mnt/$1"
}

# loop_collision FS DIRECTORY: one under a loop device on a file in a directory whose data is on FS;
# then a file system on that device is used.
loop_collision() {
	backing=$2/backing
	truncate -s 8M "$backing"
	loop=$(/sbin/losetup --find --show --direct-io=on "$backing")
	[ "$(cat "/sys/block/${loop#/dev/}/loop/dio")" = 1 ] || fail "$loop does no direct I/O"
	load
	before
	line=$(collide --size 8388608 --through "$loop" "$1" "$backing") || fail "$line"
	echo "$line"
	is res 65536 "$line"
	say "res 65536"
	expect late_errors=1 stuck=1 kernel_owned=1

	# The kernel's own record, which the next flush reports once, as on stock Linux.
	if dd if=/dev/zero of="$loop" bs=64k count=1 conv=fsync; then
		fail "the record of the late error is gone"
	fi
	# No discard: loop of 5.10 offers it and warns that it cannot.
	mkfs.ext4 -q -F -E nodiscard "$loop"
	mkdir -p /mnt/other
	mount -t ext4 "$loop" /mnt/other
	dd if=/dev/zero of=/mnt/other/file bs=64k count=16 conv=fsync
	umount /mnt/other
	mount -t ext4 "$loop" /mnt/other
	[ "$(wc -c </mnt/other/file)" = 1048576 ] || fail "the file system on $loop is not healthy"
	echo more >/mnt/other/more
	umount /mnt/other
	e2fsck -f -n "$loop" || fail "e2fsck: $?"
	say "the file system on it is clean"
	/sbin/losetup --detach "$loop"
	rm "$backing"
}

core run files files
for fs in $filesystems; do
	core run "observe-$fs" observe "$fs"
done
for fs in $filesystems; do
	core run "overwrite-$fs" propagate "$fs"
done
for fs in ext4 xfs; do
	core run "extend-$fs" extend "$fs" propagate
	core run "extend-observe-$fs" extend "$fs" observe
done
for fs in $filesystems; do
	core run "dsync-$fs" dsync "$fs"
	core run "sync-$fs" sync_write "$fs" propagate
	core run "sync-observe-$fs" sync_write "$fs" observe
done
# Before, the kernel writes nothing of its own memory directly (-EFAULT, fs/iomap and fs/direct-io.c).
case $(uname -r) in
5.* | 6.1.*) ;;
*) quick run kernel-thread-ext4 kernel_thread ext4 ;;
esac
quick run in-turn in_turn
for fs in ext4 xfs; do
	locks quick run "loop-$fs" loop_device "$fs"
done
quick run fall-back-to-buffered fall_back
quick run not-proven not_proven
