# Sourced by bench.sh: RAM disks that complete each I/O by an interrupt, so long after it was sent, with a file
# system and a file on each.

# null_disk INDEX NS: nullb<INDEX>, that takes so many ns.
null_disk() {
	disk=/sys/kernel/config/nullb/nullb$1
	mkdir "$disk"
	for pair in index="$1" size=512 memory_backed=1 blocksize=512 queue_mode=2 submit_queues=1 \
		hw_queue_depth=128 irqmode=2 completion_nsec="$2"; do
		echo "${pair#*=}" >"$disk/${pair%%=*}"
	done
	echo 1 >"$disk/power"
}

# slow_reads NAME INDEX MS: /dev/mapper/NAME over such a disk, whose reads take so many ms more. It is there already
# if it has another delay. (With less than 50 ms dm-delay waits for them in a loop; drivers/md/dm-delay.c, 7.3.)
slow_reads() {
	delays="0 $(blockdev --getsz "/dev/nullb$2") delay /dev/nullb$2 0 $3 /dev/nullb$2 0 0"
	if [ -e "/dev/mapper/$1" ]; then
		DM_DISABLE_UDEV=1 dmsetup reload "$1" --table "$delays"
		DM_DISABLE_UDEV=1 dmsetup resume "$1"
	else
		DM_DISABLE_UDEV=1 dmsetup create "$1" --table "$delays"
	fi
}

# slow_writes NAME INDEX SLOW: /dev/mapper/NAME over two, a mirror that reads from the first and writes to both. (No
# raid1 of dm-raid, which wants stable pages: there a direct write goes by way of the page cache on 7.3.)
slow_writes() {
	sectors=$(blockdev --getsz "/dev/nullb$2")
	DM_DISABLE_UDEV=1 dmsetup create "$1" \
		--table "0 $sectors mirror core 2 65536 nosync 2 /dev/nullb$2 0 /dev/nullb$3 0"
}

# file_on FS NAME DEVICE: a file system there, on /mnt/NAME, and the file in it.
file_on() {
	case $1 in
	ext4) mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$3" ;;
	xfs) mkfs.xfs -q -f "$3" ;;
	esac
	mkdir -p "/mnt/$2"
	mount -t "$1" "$3" "/mnt/$2"
	dd if=/dev/zero of="/mnt/$2/file" bs=1M count=64 2>/dev/null
	sync
}

# plain_disk FS NAME INDEX NS
plain_disk() {
	null_disk "$3" "$4"
	file_on "$1" "$2" "/dev/nullb$3"
}

# slow_to_read FS NAME INDEX
slow_to_read() {
	null_disk "$3" 20000
	slow_reads "$2" "$3" 0
	file_on "$1" "$2" "/dev/mapper/$2"
	slow_reads "$2" "$3" 400
}

# slow_to_write FS NAME INDEX SLOW
slow_to_write() {
	null_disk "$3" 20000
	null_disk "$4" 800000
	slow_writes "$2" "$3" "$4"
	file_on "$1" "$2" "/dev/mapper/$2"
}

# wanted FIGURES...: whether one of these is measured.
wanted() {
	for one in "$@"; do
		case " $figures " in
		*" $one "*) return 0 ;;
		esac
	done
	return 1
}

# Till an I/O completes all of a round must be submitted and, if they are to be late, their pages stored
# into; see rate.c.
disks() {
	modprobe null_blk nr_devices=0
	mount -t configfs none /sys/kernel/config
	plain_disk ext4 ext4-1 0 20000
	plain_disk xfs xfs-1 1 20000
	if wanted async buffered; then
		plain_disk ext4 ext4-16 2 400000
		plain_disk xfs xfs-16 3 400000
	fi
	if wanted late; then
		plain_disk xfs xfs-late-1 4 80000
		plain_disk xfs xfs-late-16 5 800000
	fi
	# A direct read is in flight for as long as the rest of a batch takes.
	if wanted buffered; then
		slow_to_read ext4 ext4-reads 6
		slow_to_read xfs xfs-reads 7
	fi
	# What is stored into is read while a write is in flight.
	if wanted late kinds; then
		modprobe dm-mirror
		slow_to_write ext4 ext4-writes 8 9
		slow_to_write xfs xfs-writes 10 11
	fi
	# What the processor does by the way is done.
	echo 3 >/proc/sys/vm/drop_caches
	sync
}
