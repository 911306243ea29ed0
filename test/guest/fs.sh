# Sourced by init: one file system of each kind, each on a RAM disk whose writes can be held.

filesystems="ext4 xfs vfat"

make_all_fs() {
	modprobe brd rd_nr=5 rd_size=393216
	for module in loop dm-mod dm-delay $filesystems nls_cp437 nls_ascii nls_utf8 nls_iso8859-1; do
		modprobe "$module" 2>/dev/null
	done
	# Every half minute xfs writes metadata back (xfs_log_worker(), fs/xfs/xfs_log.c). If such a write is
	# held, a direct write that has to allocate waits for it, and what releases both waits for that.
	echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs
	n=0
	for fs in $filesystems; do
		/lib-guest/dm.sh create "$fs" "/dev/ram$n"
		case $fs in
		# A journal of which a quarter, the most a transaction may be, is enough for all writes that are
		# held at a time: or it is committed, which waits for what is held.
		ext4) mkfs.ext4 -q -F -J size=64 -E lazy_itable_init=0,lazy_journal_init=0 "/dev/mapper/$fs" ;;
		xfs) mkfs.xfs -q -f "/dev/mapper/$fs" ;;
		vfat) mkfs.vfat -I "/dev/mapper/$fs" ;;
		esac
		mkdir -p "/mnt/$fs"
		mount_fs "$fs"
		n=$((n + 1))
	done
}

# calm_flusher DIRECTORY: a device that wrote little of late is allowed few dirty pages, and the first
# dirty page wakes the flusher, which writes if there are more (wb_over_bg_thresh(), mm/page-writeback.c,
# 6.1 to 7.3): while writes are held it must not. All devices together may be given less than 100. The
# flusher of btrfs is of no device; a few pages do not wake it.
calm_flusher() {
	bdi=$(awk -v at="$1" '$5 == at { print $3 }' /proc/self/mountinfo)
	[ ! -e "/sys/class/bdi/$bdi" ] || echo 15 >"/sys/class/bdi/$bdi/min_ratio"
}

# mount_on NAME TYPE: the device of that name, where it belongs.
mount_on() {
	mount -t "$2" "/dev/mapper/$1" "/mnt/$1"
	# While writes are held ext4 is to do nothing of its own accord that waits for the disk, and for which
	# whoever stores a byte then, or begins a write, would have to wait: commit its journal every five
	# seconds, initialize its inode tables. Remounted, as without a journal the first is refused at mount
	# (ext4_fill_super(), fs/ext4/super.c).
	[ "$2" != ext4 ] || mount -o remount,commit=3600,noinit_itable "/mnt/$1"
}

# other_fs TYPE MKFS...: one more, for a case that needs a file system of its own, on /mnt/other.
other_fs() {
	type=$1
	shift
	# From a case that failed.
	! mountpoint -q /mnt/other || umount /mnt/other
	[ -e /dev/mapper/other ] || /lib-guest/dm.sh create other /dev/ram3
	"$@" /dev/mapper/other
	mkdir -p /mnt/other
	mount_on other "$type"
	calm_flusher /mnt/other
}

mount_fs() {
	mount_on "$1" "$1"
	calm_flusher "/mnt/$1"
}

umount_fs() {
	umount "/mnt/$1"
}

# in_flight NAME OP N: commands that wait until so many writes to the device are in flight: -ge 1, -eq 1. They end if
# that is not so within minutes, as when nobody writes.
in_flight() {
	echo "tries=0
	until read -r _ writes </sys/dev/block/$(dmsetup info -c --noheadings -o major,minor --separator : "$1")/inflight &&
		[ \$writes $2 $3 ]; do
		tries=\$((tries + 1))
		[ \$tries -lt 10000 ] || exit 1
		usleep 1000
	done"
}

# mount_root NAME: on /mnt/NAME a disk that test/vm/boot attached, to be the root of what is on it.
mount_root() {
	! grep -q " /mnt/$1 " /proc/mounts || return 0
	mkdir -p "/mnt/$1"
	modprobe virtio_pci
	modprobe virtio_blk
	wait_until "grep -lx $1 /sys/block/vd*/serial >/tmp/serial"
	mount -t ext4 -o ro "/dev/$(sed 's,/sys/block/\([^/]*\)/.*,\1,' /tmp/serial)" "/mnt/$1"
	mount -t tmpfs tmpfs "/mnt/$1/tmp"
	for directory in dev proc sys; do
		mount -o rbind "/$directory" "/mnt/$1/$directory"
	done
}
