# Sourced by init: one file system of each kind, each on a RAM disk whose writes can be held.

filesystems="ext4 xfs vfat"

make_all_fs() {
	modprobe brd rd_nr=4 rd_size=393216
	for module in loop dm-mod dm-delay $filesystems nls_cp437 nls_ascii nls_utf8 nls_iso8859-1; do
		modprobe "$module" 2>/dev/null
	done
	n=0
	for fs in $filesystems; do
		/lib-guest/dm.sh create "$fs" "/dev/ram$n"
		case $fs in
		ext4) mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "/dev/mapper/$fs" ;;
		xfs) mkfs.xfs -q -f "/dev/mapper/$fs" ;;
		vfat) mkfs.vfat -I "/dev/mapper/$fs" ;;
		esac
		mkdir -p "/mnt/$fs"
		mount_fs "$fs"
		n=$((n + 1))
	done
}

# other_fs TYPE MKFS...: one more, for a case that needs a file system of its own, on /mnt/other.
other_fs() {
	type=$1
	shift
	[ -e /dev/mapper/other ] || /lib-guest/dm.sh create other /dev/ram3
	"$@" /dev/mapper/other
	mkdir -p /mnt/other
	mount -t "$type" /dev/mapper/other /mnt/other
}

mount_fs() {
	options=rw
	# A commit of the journal every five seconds could begin while writes are held, and whoever stores
	# a byte then would have to wait for it.
	[ "$1" != ext4 ] || options=commit=3600
	mount -t "$1" -o "$options" "/dev/mapper/$1" "/mnt/$1"
}

umount_fs() {
	umount "/mnt/$1"
}
