# shellcheck disable=SC2086 # options, several in one argument
# xfs on zones writes each block to a new place, and maps it there when it has been written: who is mapped
# last is on top, whoever was sent first.

# zoned_fs: such a file system on /mnt/other, its data on the device "zones".
zoned_fs() {
	[ -e /dev/mapper/other ] || /lib-guest/dm.sh create other /dev/ram3
	[ -e /dev/mapper/zones ] || /lib-guest/dm.sh create zones /dev/ram4
	# It looks at what is mounted.
	for directory in dev proc; do
		grep -q " /newer/$directory " /proc/mounts || mount -o bind /$directory /newer/$directory
	done
	/usr/sbin/chroot /newer /sbin/mkfs.xfs -q -f -r zoned=1,rgsize=16m,rtdev=/dev/mapper/zones /dev/mapper/other
	mkdir -p /mnt/other
	mount_zoned
}

mount_zoned() {
	mount -t xfs -o rtdev=/dev/mapper/zones /dev/mapper/other /mnt/other
	calm_flusher /mnt/other
}

# Both are on their way when they are let go: the folio is mapped last.
zoned_overtaken() {
	zoned_fs
	load policy="$1" track=always
	for how in "" --uring; do
		before
		collision_in zones /mnt/other $how --during "/lib-guest/written-back.sh /mnt/other/collision"
		[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
		case $2 in
		*delivered*) is res -5 "$line" ;;
		*) is ok 1 "$line" ;;
		esac
		newest kind overtaken
		expect late_errors=1 overtaken=1 $2
	done
	umount /mnt/other
}

# Only the write is held, by the place that comes next when the file has been written once more; the folio is
# sent later, and mapped by then.
zoned_not_overtaken() {
	zoned_fs
	load track=always
	for how in "" --uring; do
		made other 65536
		last=$(last_place)
		before
		collision_in "zones $((last + 1 + 128)) 128" /mnt/other --keep $how \
			--during "$(in_flight zones -ge 1); xfs_io -c fsync /mnt/other/collision"
		is ok 1 "$line"
		is undone 0 "$line"
		expect
	done
	umount /mnt/other
}

# last_place: the last sector that the file has on its device.
last_place() {
	xfs_io -c bmap /mnt/other/collision | sed -nE 's/.*: [0-9]+\.\.([0-9]+)$/\1/p' | sort -n | tail -n 1
}

# Where a zone ends a write is split, and each part is mapped for itself.
zoned_split() {
	zoned_fs
	load track=always
	# A zone has 32768 sectors. When the file has been written once more there are 64 left in it, wherever in
	# the zone the file began. It is filled directly: a flusher may send its parts to several zones.
	xfs_io -f -d -c "pwrite -q 1m 64k" /mnt/other/collision
	left=$((32767 - $(last_place) % 32768))
	xfs_io -d -c "pwrite -q -b 1m 1088k $(((left - 64 - 128) * 512))" /mnt/other/collision
	end=$(($(last_place) + 128 + 64))
	[ "$(($(last_place) % 32768))" = $((32768 - 64 - 128 - 1)) ] || fail "it ends at $(last_place)"
	before
	collision_in zones /mnt/other --keep --during "$(in_flight zones -ge 1); /lib-guest/written-back.sh /mnt/other/collision"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
	xfs_io -c bmap /mnt/other/collision | grep "\.\.$end$" || fail "$(xfs_io -c bmap /mnt/other/collision)"
	is res -5 "$line"
	newest kind overtaken
	expect late_errors=1 overtaken=1 delivered=1
	umount /mnt/other
}

# The blocks that a write went to are the file's when the page cache is put right.
zoned_repaired() {
	zoned_fs
	load policy=repair sync=follow
	for how in "" --uring --sync; do
		before
		collision_in zones /mnt/other $how
		is ok 1 "$line"
		is fsync 0 "$line"
		is undone 0 "$line"
		expect late_errors=1 stuck=1 repaired=1
		holds /mnt/other/collision 0 65536 n
	done
	umount /mnt/other
}

zoned_model() {
	zoned_fs
	model_flushed /mnt/other zones mount_zoned --align 4096 --zoned
	umount /mnt/other
}

case $(uname -r) in
7.*)
	for policy in propagate observe; do
		case $policy in
		propagate) quick run zoned-overtaken-$policy zoned_overtaken $policy delivered=1 ;;
		observe) run zoned-overtaken-$policy zoned_overtaken $policy observed=1 ;;
		esac
	done
	quick run zoned-not-overtaken zoned_not_overtaken
	quick run zoned-split zoned_split
	quick run zoned-repaired zoned_repaired
	run zoned-model-flushed zoned_model
	;;
esac
