# A late error of which the disk knows nothing: what is dirty of the folio in the way is not of the write.
# The write is on the disk whole, and stays there; -EIO would be false. Only what is cached is stale.

. "$lib_guest/repair.sh"

# What comes of a write beside which something else of its folio was made dirty: `none` is in its way, it
# is `spared`, or really `undone`. FS, BLOCKS (large if the folio is larger than a block because it is
# larger than a page, small if because its blocks are smaller).
fate_beside() {
	# Without huge pages, as with PREEMPT_RT, there are no larger folios (mapping_large_folio_support(), 7.3).
	if [ "$2" = large ] && [ ! -e /sys/kernel/mm/transparent_hugepage ]; then
		echo none
		return
	fi
	case $1-$2-$(uname -r) in
	# Folios larger than a page: xfs from 5.18, ext4 from 6.16 on.
	xfs-large-5.* | ext4-large-[56].*) echo none ;;
	# iomap before 6.6 does not keep what is dirty of a folio, and writes it all back.
	xfs-*-5.* | xfs-*-6.1.*) echo undone ;;
	*) echo spared ;;
	esac
}

# is_spared FATE FILE OFFSET LENGTH: what came of the collision in $line.
is_spared() {
	fate=$1
	case $fate in
	none)
		is res "$4" "$line"
		expect
		;;
	observed)
		is res "$4" "$line"
		is undone 0 "$line"
		expect late_errors=1 stuck=1 observed=1
		;;
	undone)
		is res -5 "$line"
		[ "$(value undone "$line")" -gt 0 ] || fail "nothing undone: $line"
		expect late_errors=1 stuck=1 delivered=1
		;;
	spared)
		is res "$4" "$line"
		is undone 0 "$line"
		is fsync 0 "$line"
		newest outcome spared
		expect late_errors=1 stuck=1 spared=1
		# Who stores into the same folio afterwards does not undo it: nothing stale is left.
		xfs_io -c "mmap -rw $3 8192" -c "mwrite -S 0x73 $(($3 + $4)) 1" -c fsync "$2"
		holds "$2" "$3" "$4" n
		;;
	esac
	say "$fate"
}

# beside_write FATE FS DIRECTORY SIZE OFFSET LENGTH COMMAND [option...]: a direct write of LENGTH at OFFSET of
# a file of SIZE; while it is in flight the file is read, which caches it, and then something runs that is
# given its name. All of the file is on the disk before.
beside_write() {
	fate=$1 fs=$2 file=$3/collision size=$4 offset=$5 length=$6 command=$7
	shift 7
	rm -f "$file"
	head -c "$size" /dev/zero | tr '\0' o >"$file"
	sync "$file"
	[ "$command" != share ] || xfs_io -f -c "reflink $file" "$file.copy" >/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	cat >/tmp/beside <<-END
		#!/bin/sh
		set -e
		cat $file >/dev/null
		case $command in
		store) printf s | dd of=$file bs=1 seek=$((offset + 2 * length)) conv=notrunc ;;
		mmap) xfs_io -c "mmap -rw 0 $size" -c "mwrite -S 0x73 $((offset + length / 2)) 1" $file ;;
		share) xfs_io -d -c "pwrite -b 512 -S 0x73 $((offset + 2 * length)) 512" $file ;;
		longer) truncate -s 2M $file ;;
		esac
	END
	chmod +x /tmp/beside
	before
	line=$(collide --keep --written 4096 --size "$size" --offset "$offset" --length "$length" --stores 0 \
		--submitted --during /tmp/beside "$@" "$fs" "$file") || fail "$line"
	echo "$line"
	is_spared "$fate" "$file" "$offset" "$length"
	case $command in
	store | share)
		byte=$(tail -c +$((offset + 2 * length + 1)) "$file" | head -c 1)
		[ "$byte" = s ] || fail "the byte beside the write was lost: $byte"
		;;
	esac
	rm -f "$file" "$file.copy"
}

# In another block of the same large folio: by a buffered write; by a direct write that xfs sends through
# the cache because the file shares some block with another, which whoever may read it can bring about; by
# who makes the file longer, since what ends within a block is zeroed there.
spared_large() {
	fs=$1
	load "policy=$2" repair_ms=10000
	fate=$(fate_beside "$fs" large)
	case $fs in
	xfs)
		beside_write "$fate" xfs /mnt/xfs 1048576 196608 4096 store
		beside_write "$fate" xfs /mnt/xfs 1048576 196608 4096 share
		;;
	# A buffered write waits there for direct writes in flight.
	ext4) beside_write "$fate" ext4 /mnt/ext4 1044992 1032192 4096 longer ;;
	esac
}

# In another block of the same page; and through mmap, which makes all of the page dirty. A buffered write
# to ext4 waits for direct writes in flight, but on 5.10.
spared_small() {
	fs=$1 policy=$2 block=$3
	shift 3
	other_fs "$fs" "$@"
	load "policy=$policy" repair_ms=10000
	fate=$(fate_beside "$fs" small)
	case $fs-$(uname -r) in
	ext4-5.* | [!e]*) beside_write "$fate" other /mnt/other 65536 8192 "$block" store ;;
	esac
	[ "$policy" = repair ] || beside_write undone other /mnt/other 65536 8192 "$block" mmap
	unload
	umount /mnt/other
}

# Under observe nobody can look.
spared_observe() {
	[ "$(fate_beside xfs large)" = spared ] || skip "nothing is spared here"
	load policy=observe
	beside_write observed xfs /mnt/xfs 1048576 196608 4096 store
}

# stored_between [option...]: a write to vfat that is waited for, as it makes the file longer within its last block, and
# so invalidates twice (generic_file_direct_write()). Somebody reads a page between the two, and stores into it.
stored_between() {
	/sbin/insmod /linger.ko || fail "linger"
	before
	(
		wait_until 'grep -q Y /sys/module/linger/parameters/lingering'
		exec xfs_io -c "mmap -rw 0 64k" -c "mwrite -S 0x73 40k 1" /mnt/vfat/collision
	) &
	collision vfat --size 65436 --length 65536 "$@"
	wait $!
	/sbin/rmmod linger
}

# What was stored came after the write. Unless the write was overtaken before: then the page had older bytes.
spared_between() {
	load track=always
	stored_between --stores 0
	is res 65536 "$line"
	expect late_errors=1 stuck=1 spared=1
	stored_between --during "/lib-guest/written-back.sh /mnt/vfat/collision"
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

case $(uname -r) in
5.*) ;;
*) quick run spared-between spared_between ;;
esac
for fs in ext4 xfs; do
	core run "spared-large-$fs" spared_large "$fs" propagate
	quick run "spared-large-repair-$fs" spared_large "$fs" repair
done
for policy in propagate repair; do
	case $policy-$(uname -r) in
	propagate-* | *-5.*) quick run "spared-small-$policy-ext4" spared_small ext4 $policy 1024 mkfs.ext4 -q -F -b 1024 ;;
	esac
	quick run "spared-small-$policy-xfs" spared_small xfs $policy 1024 mkfs.xfs -q -f -b size=1024
	quick run "spared-small-$policy-vfat" spared_small vfat $policy 512 mkfs.vfat -I
done
quick run spared-observe spared_observe
