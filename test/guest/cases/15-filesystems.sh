# What becomes of a late error on each file system. The first word of each case's text is its cell of
# the table in doc/limits.md, which test/fs-table makes:
#   delivered       the write ended with -EIO
#   counted         it did not, but the late error was counted
#   not-applicable  the direct write is none: it never came to where late errors are
#   absent          Debian built no such file system for this kernel

tracing=/sys/kernel/tracing

# Others' probes on the end of a direct write: writes that complete directly, and what follows.
watch_path() {
	# From a case that failed.
	[ ! -e $tracing/events/path ] || unwatch_path
	{
		echo "p:path/direct iomap_dio_complete flags=+32(+0(\$arg1)):x32"
		echo "p:path/direct_old dio_complete op=+4(\$arg1):u32"
		# Before 6.5 the end of a direct write did that itself.
		! has_symbol kiocb_invalidate_post_direct_write ||
			echo "p:path/invalidated kiocb_invalidate_post_direct_write"
		echo "p:path/late dio_warn_stale_pagecache"
	} >$tracing/kprobe_events
	# IOCB_WRITE of the kiocb; REQ_OP_WRITE of the struct dio (6.1 to 7.3).
	echo "flags & 0x40000" >$tracing/events/path/direct/filter
	echo "op & 1" >$tracing/events/path/direct_old/filter
	echo 1 >$tracing/events/path/enable
}

unwatch_path() {
	echo 0 >$tracing/events/path/enable
	echo >$tracing/kprobe_events
}

# passed EVENT: how often, since the last `collision_watched`.
passed() {
	grep -cE ": ($1): \(" $tracing/trace || true
}

# invalidated: how many direct writes came to where they invalidate.
invalidated() {
	if has_symbol kiocb_invalidate_post_direct_write; then
		passed invalidated
	else
		passed 'direct|direct_old'
	fi
}

collision_watched() {
	echo >$tracing/trace
	collision "$@"
}

check_other() {
	umount /mnt/other
	case $1 in
	ext2 | ext4) fsck.ext4 -f -n /dev/mapper/other ;;
	xfs) xfs_repair -n /dev/mapper/other ;;
	btrfs) btrfs check --readonly /dev/mapper/other ;;
	f2fs) fsck.f2fs --dry-run /dev/mapper/other ;;
	vfat) fsck.vfat -n /dev/mapper/other ;;
	exfat) fsck.exfat -n /dev/mapper/other ;;
	ntfs*) ntfsfix -n /dev/mapper/other ;;
	esac || fail "the file system of type $1 is damaged"
}

# A direct write with nobody in its way: it must have come to where late errors are.
undisturbed() {
	collision_watched other --stores 0
	is res 65536 "$line"
	is fsync 0 "$line"
	is undone 0 "$line"
	expect
	[ "$(passed 'direct|direct_old') $(passed late)" = "1 0" ] ||
		fail "not one direct write without a late error: $(cat $tracing/trace)"
}

# The late error of the collision in $line: delivered or counted, and nothing else of the two.
settled() {
	[ "$(passed 'direct|direct_old') $(invalidated) $(passed late)" = "1 1 1" ] ||
		fail "not one write with one late error: $(cat $tracing/trace)"
	case $(value res "$line") in
	-5)
		say "delivered"
		expect late_errors=1 stuck=1 delivered=1
		;;
	65536)
		say "counted"
		expect late_errors=1 stuck=1 undeliverable=1
		;;
	*) fail "$line" ;;
	esac
	is fsync -5 "$line"
}

# filesystem TYPE MKFS...
filesystem() {
	type=$1
	shift
	if ! built "$type"; then
		! grep -qw "$type" /proc/filesystems || fail "$type is there, but on no list"
		say "absent: not among the kernel's modules"
		return
	fi
	other_fs "$type" "$@"
	load
	watch_path
	before
	undisturbed

	before
	collision_watched other
	settled
	is first 0 "$line"
	is size 65536 "$line"
	# The folio in the way, and nothing else: large ones on some (xfs and ntfs).
	undone=$(value undone "$line")
	if [ "$undone" -lt 4096 ] || [ "$(value last "$line")" != $((undone - 1)) ]; then
		fail "$line"
	fi

	before
	collision_watched other --sync
	is res 65536 "$line"
	# fs/direct-io.c invalidates, and generic_file_direct_write() does so again.
	repeats=$(passed direct_old)
	late=$((1 + repeats))
	# 5.10: there the function is inlined.
	! has_symbol dio_warn_stale_pagecache.part.0 || late=1
	[ "$(passed late)" = $late ] || fail "$(passed late) late errors: $(cat $tracing/trace)"
	expect late_errors=1 stuck=1 sync=1 repeats="$repeats"
	unwatch_path
	check_other "$type"
	unload
}

# The fault of btrfs waits for the write, extent by extent: so the store goes into the first of two,
# which is complete, while the second is held. Where they are is known only of a file that is written
# in place.
btrfs_file() {
	# Or its tools say WARNING, which is not for a kernel's log.
	modprobe btrfs
	other_fs btrfs mkfs.btrfs -q -f -K
	load
	watch_path
	before
	echo >$tracing/trace
	# Not held, since it may be written through the page cache, and then submitting waits for the disk.
	xfs_io -f -d -c "pwrite -b 64k 0 64k" /mnt/other/checksummed
	checksummed=$(passed 'direct|direct_old')
	expect
	umount /mnt/other

	mount -t btrfs -o nodatacow /dev/mapper/other /mnt/other
	undisturbed
	rm /mnt/other/collision
	# In this order, or they would be one.
	dd if=/dev/zero of=/mnt/other/collision bs=32k seek=1 count=1 conv=fsync
	dd if=/dev/zero of=/mnt/other/collision bs=32k count=1 conv=notrunc,fsync
	second=$(xfs_io -c "fiemap -v" /mnt/other/collision |
		sed -n 's/.*\[64\.\.127\]: *\([0-9]*\)\.\..*/\1/p')
	# Its tool reads the device: from the disk, please, with all that is known by now on it.
	sync
	blockdev --flushbufs /dev/mapper/other
	place=$(btrfs-map-logical -l $((second * 512)) -b 32768 /dev/mapper/other |
		sed -n 's/^mirror 1 .* physical \([0-9]*\) .*/\1/p')
	[ -n "$place" ] || fail "the second extent is not found"
	before
	echo >$tracing/trace
	# A page that comes into the cache before the extent is locked makes it a write through the page cache
	# (-ENOTBLK of btrfs_dio_iomap_begin(), fs/btrfs/direct-io.c).
	collision_in "other $((place / 512)) 64" /mnt/other --keep --submitted
	settled
	is undone 1 "$line"
	is size 65536 "$line"
	say "with checksums $checksummed of 1 written directly"
	unwatch_path
	check_other btrfs
	unload
}

# With data=journal there is no direct I/O, whatever O_DIRECT says.
journalled() {
	other_fs ext4 mkfs.ext4 -q -F
	umount /mnt/other
	mount -t ext4 -o data=journal,commit=3600 /dev/mapper/other /mnt/other
	load
	watch_path
	before
	collision_watched other --stores 0
	is res 65536 "$line"
	is undone 0 "$line"
	expect
	[ "$(passed 'direct|direct_old|invalidated|late')" = 0 ] || fail "$(cat $tracing/trace)"
	say "not-applicable: 0 of 1 written directly"
	unwatch_path
	check_other ext4
	unload
}

locks quick run fs-ext4 filesystem ext4 mkfs.ext4 -q -F
locks run fs-ext4-1k filesystem ext4 mkfs.ext4 -q -F -b 1024
locks quick run fs-ext4-journal journalled
locks run fs-ext2 filesystem ext2 mkfs.ext4 -t ext2 -q -F
locks quick run fs-xfs filesystem xfs mkfs.xfs -q -f
locks quick run fs-btrfs btrfs_file
locks quick run fs-f2fs filesystem f2fs mkfs.f2fs -q -f -t 0
locks quick run fs-vfat filesystem vfat mkfs.vfat -I
locks quick run fs-exfat filesystem exfat mkfs.exfat
locks quick run fs-ntfs3 filesystem ntfs3 mkntfs -q -F -Q
# The driver that took its place (7.1 and later).
locks quick run fs-ntfs filesystem ntfs mkntfs -q -F -Q
