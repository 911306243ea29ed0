# Devices on which a write is completed by a thread that is neither who submitted it nor a worker: one of
# md, or of dm-crypt, or, where the kernel is PREEMPT_RT, that of a timer or an interrupt.

export DM_DISABLE_UDEV=1

# under_crypt, under_raid5, under_timer: a device of that kind is /dev/mapper/lower or $lower.
under_crypt() {
	needs dm-crypt crypto_null
	modprobe -a dm-crypt ecb crypto_null
	dmsetup create lower --table "0 $(blockdev --getsz /dev/ram3) crypt cipher_null-ecb - 0 /dev/ram3 0"
	lower=/dev/mapper/lower
}

under_raid5() {
	needs dm-raid raid456
	modprobe -a dm-raid raid456
	sectors=$(($(blockdev --getsz /dev/ram3) / 3 / 1024 * 1024))
	disks=
	for n in 0 1 2; do
		dmsetup create "slice$n" --table "0 $sectors linear /dev/ram3 $((n * sectors))"
		disks="$disks - /dev/mapper/slice$n"
	done
	dmsetup create lower --table "0 $((2 * sectors)) raid raid5_ls 2 128 nosync 3$disks"
	lower=/dev/mapper/lower
}

under_timer() {
	needs null_blk
	modprobe null_blk nr_devices=1 queue_mode=2 irqmode=2 completion_nsec=100000 memory_backed=1 gb=1
	if [ ! -e /sys/module/null_blk/parameters/memory_backed ]; then
		rmmod null_blk
		skip "null_blk of this kernel keeps nothing"
	fi
	lower=/dev/nullb0
}

remove_lower() {
	! grep -q " /mnt/stacked " /proc/mounts || umount /mnt/stacked
	for name in stacked stacked-held lower slice0 slice1 slice2; do
		[ ! -e "/dev/mapper/$name" ] || dmsetup remove "$name"
	done
	rm -f /run/dm/stacked
	[ ! -e /sys/module/null_blk ] || rmmod null_blk
}

# on_device KIND TYPE MKFS...: each way in which a write can be late is told there, and put right, as on any
# other. The file system of that type is made.
on_device() {
	kind=$1 type=$2
	shift 2
	remove_lower
	"under_$kind"
	/lib-guest/dm.sh create stacked "$lower"
	"$@" /dev/mapper/stacked
	mkdir -p /mnt/stacked
	mount_on stacked "$type"
	calm_flusher /mnt/stacked
	load
	for how in "" --uring; do
		before
		# shellcheck disable=SC2086 # nothing, or one word
		collision stacked $how
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
	done
	unload
	reorders=1
	overtaken_uncached stacked propagate delivered=1
	unload
	load policy=repair repair_ms=10000
	before
	collision stacked
	is ok 1 "$line"
	is undone 0 "$line"
	expect late_errors=1 stuck=1 repaired=1
	unload
	remove_lower
}

for kind in crypt timer; do
	quick run "device-$kind" on_device "$kind" xfs mkfs.xfs -q -f -K
done
# xfs wants a larger one.
quick run device-raid5 on_device raid5 ext4 mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0
