# shellcheck disable=SC2086 # options of collide, several in one argument
# Policy repair: the write succeeds because it is made true.

. "$lib_guest/repair.sh"

repair() {
	load_repair
	for how in "" --uring; do
		repaired "$1" $how
		expect late_errors=1 stuck=1 repaired=1
		holds "/mnt/$1/collision" 0 65536 n
	done
}

# The end of the file in a page of its own, of which 512 bytes belong to it.
repair_at_the_end() {
	load_repair
	repaired "$1" --size 66048 --length 66048 --place 65700
	expect late_errors=1 stuck=1 repaired=1
	holds "/mnt/$1/collision" 0 66048 n
}

# made_true FS [option...]: the second half of a file.
made_true() {
	repaired "$@"
	expect late_errors=1 stuck=1 repaired=1
	holds "/mnt/$1/collision" 65536 65536 n
}

# Where nothing was before: a hole, and blocks that were never written.
repair_new_blocks() {
	load_repair
	made_true "$1" --size 131072 --written 65536 --offset 65536
	rm "/mnt/$1/collision"
	# vfat reserves nothing within a file.
	[ "$1" = vfat ] || xfs_io -f -c "falloc 0 128k" "/mnt/$1/collision"
	[ "$1" = vfat ] || made_true "$1" --keep --size 131072 --written 65536 --offset 65536
}

# A write that the file system waits for, because it makes the file longer.
repair_waited_for() {
	load_repair
	for how in "" --uring; do
		repaired "$1" $how --size 65536 --offset 32768
		expect late_errors=1 stuck=1 repaired=1
		holds "/mnt/$1/collision" 32768 65536 n
	done
}

# Such a write finds nothing old to write back when it is synced.
repair_dsync() {
	load_repair
	for how in "" --uring; do
		repaired "$1" $how --dsync
		expect late_errors=1 stuck=1 repaired=1
	done
}

# A file that is written synchronously by its own attribute, with no flag on the write.
repair_sync_attribute() {
	load_repair
	collision "$1" --stores 0
	xfs_io -c "chattr +s" "/mnt/$1/collision"
	repaired "$1" --keep
	expect late_errors=1 stuck=1 repaired=1
	rm "/mnt/$1/collision"
}

# Beside and inside of a range that large folios are equal to, reach across and contain: while the write is
# in flight somebody reads the file, which is not cached, in folios as large as they come, and then
# stores one byte.
repair_large_folios() {
	fs=$1 file=/mnt/$1/collision
	load_repair
	cp /tmp/said /tmp/said.before
	outcomes=
	for range in "0 1048576" "655360 131072" "622592 65536" "593920 4096"; do
		pos=${range% *} length=${range#* }
		for place in $((pos - 1)) $((pos + length / 2)) $((pos + length)); do
			if [ $place -lt 0 ] || [ $place -ge 1048576 ]; then
				continue
			fi
			head -c 1048576 /dev/zero | tr '\0' o >"$file"
			sync
			echo 3 >/proc/sys/vm/drop_caches
			before
			collision "$fs" --keep --written 4096 --size 1048576 --offset "$pos" --length "$length" --stores 0 --during "
				cat $file >/dev/null &&
				xfs_io -c 'mmap -rw 0 1m' -c 'mwrite -S 0x73 $place 1' $file"
			counted=$(since late_errors)
			case $counted$(value reason "$(tail -n 1 "${counters%/*}/log")") in
			0*) outcome=ok ;;
			1-) outcome=repaired ;;
			1partial-folio) outcome=failed ;;
			*) fail "$(tail -n 1 "${counters%/*}/log")" ;;
			esac
			if [ $outcome = failed ]; then
				is res -5 "$line"
			else
				is res "$length" "$line"
				holds "$file" "$pos" "$length" n
			fi
			if [ $place -lt "$pos" ] || [ $place -ge $((pos + length)) ]; then
				holds "$file" $place 1 s
			else
				[ $outcome != ok ] || fail "no late error: $line"
			fi
			outcomes="$outcomes $outcome"
			expect late_errors="$counted" stuck="$counted" repaired="$(since repaired)" \
				delivered="$(since delivered)"
		done
	done
	# Nothing lies outside of the first.
	case $outcomes in
	" repaired "*) ;;
	*) fail "$outcomes" ;;
	esac
	mv /tmp/said.before /tmp/said
	say "large folios:$outcomes"
}

# A store into the same page as the write, but not into what it wrote.
repair_beside() {
	load_repair
	not_repaired "$1" partial-folio --offset 4608 --length 512 --place 5200
	byte=$(tail -c +5201 "/mnt/$1/collision" | head -c 1)
	[ "$byte" = s ] || fail "the byte beside the write was lost: $byte"
}

repair_overlay() {
	overlay_on "$1"
	load_repair
	before
	for how in "" --uring; do
		collision_in "$1" /mnt/overlay $how
		is res 65536 "$line"
		is fsync 0 "$line"
		is undone 0 "$line"
		newest outcome repaired
	done
	expect late_errors=2 stuck=2 repaired=2
	umount /mnt/overlay
	holds "/mnt/$1/upper/collision" 0 65536 n
}

# repair_other FS MKFS...: on a file system of which a failure could not be told.
repair_other() {
	needs "$1"
	other_fs "$@"
	load_repair
	repaired other
	expect late_errors=1 stuck=1 repaired=1
	holds /mnt/other/collision 0 65536 n
	umount /mnt/other
}

# repair_but_on RELEASES FS MKFS...: the same, but on kernels of these releases (a pattern), where the file
# system is not to be trusted with it.
repair_but_on() {
	# shellcheck disable=SC2254 # a pattern indeed
	case $(uname -r) in
	$1)
		shift
		needs "$1"
		other_fs "$@"
		load_repair
		not_repaired other filesystem
		umount /mnt/other
		;;
	*)
		shift
		repair_other "$@"
		;;
	esac
}

# What is dirty elsewhere in the file cannot be written back: that is fsync()'s to say.
repair_real_error() {
	needs dm-flakey
	modprobe dm-flakey
	other_fs "$@"
	load_repair
	before
	collision other --size 131072 --stores 1 --beyond 100000 --first "/lib-guest/dm.sh released other && /lib-guest/dm.sh fail other"
	is res 65536 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 repaired=1
	/lib-guest/dm.sh release other
	umount /mnt/other
}

# The file is deleted while the write is in flight, or somebody is freezing the file system.
repair_deleted() {
	load_repair
	repaired "$1" --during "rm /mnt/$1/collision"
	expect late_errors=1 stuck=1 repaired=1
}

# One of its own: a loop device with direct I/O on a file of an overlay, as other cases have it, leaves
# the file system below with a writer that never ends, and freezing that one hangs (lo_rw_aio() sets no
# IOCB_WRITE, so ovl_aio_cleanup_handler() ends no write, 5.10 to 6.12; without this module).
repair_freezing() {
	other_fs "$@"
	load_repair
	repaired other --during "xfs_io -x -r -c freeze /mnt/other >/tmp/freeze 2>&1 &" \
		--first "until xfs_io -x -r -c thaw /mnt/other; do usleep 1000; done"
	expect late_errors=1 stuck=1 repaired=1
	umount /mnt/other
}

repair_full_disk() {
	load_repair
	collision "$1" --stores 0
	# Reserved, and not written, which would fill the guest's memory as well.
	n=0
	for size in 64m 4m 256k 4k; do
		while xfs_io -f -c "falloc -k 0 $size" "/mnt/$1/fill.$n" 2>/tmp/falloc; do
			n=$((n + 1))
		done
		grep -q "No space left" /tmp/falloc || fail "$(cat /tmp/falloc)"
	done
	repaired "$1" --keep
	rm "/mnt/$1/fill".*
	expect late_errors=1 stuck=1 repaired=1
	holds "/mnt/$1/collision" 0 65536 n
}

# xfs is shut down while the write is in flight: it ends, however it does, and so does the module.
repair_shut_down() {
	other_fs xfs mkfs.xfs -q -f
	load_repair
	before
	collide --during "xfs_io -x -c shutdown /mnt/other" other /mnt/other/collision || true
	umount /mnt/other
	counted=$(since late_errors)
	expect late_errors="$counted" stuck="$counted" repaired="$(since repaired)" \
		already_failed="$(since already_failed)" delivered="$(since delivered)"
}

# share FS: of writes that nothing was written back under, how many are repaired, by their length. The
# file is written in one piece, so its folios are as large as this file system makes them.
repair_share() {
	load_repair
	n=$(either 16 200)
	for length in 65536 16384 4096; do
		before
		collision "$1" --writes "$n" --stores "$n" --length $length --size $((n * length))
		is other 0 "$line"
		[ "$(value undone "$line")" -le $(($(value eio "$line") * length)) ] || fail "$line"
		if [ "$1" != xfs ] || [ $length = 65536 ]; then
			[ "$(value ok "$line")" -ge $((n * 95 / 100)) ] || fail "$length: $line"
		fi
		expect late_errors=$n stuck=$n repaired="$(value ok "$line")" delivered="$(value eio "$line")"
		shares="${shares:+$shares, }$((100 * $(value ok "$line") / n)) % of $length bytes"
	done
	: >/tmp/said
	say "$shares"
}

for fs in $filesystems; do
	core run "repair-$fs" each "$fs" repair repair_new_blocks
	quick_if "$fs" xfs run "repair-edges-$fs" each "$fs" repair_at_the_end repair_beside repair_large_folios
	quick_if "$fs" ext4 run "repair-dsync-$fs" repair_dsync "$fs"
	quick_if "$fs" xfs run "repair-share-$fs" repair_share "$fs"
	quick_if "$fs" vfat run "repair-meanwhile-$fs" each "$fs" repair_deleted repair_full_disk
done
# Past the end vfat writes through the page cache.
quick run repair-waited-for-ext4 repair_waited_for ext4
run repair-waited-for-xfs repair_waited_for xfs
quick run repair-sync-attribute-ext4 repair_sync_attribute ext4
run repair-sync-attribute-xfs repair_sync_attribute xfs
quick run repair-overlay-ext4 repair_overlay ext4
quick run repair-overlay-xfs repair_overlay xfs
# f2fs may miscount its dirty pages, exfat frees blocks that are being written to.
quick run repair-f2fs repair_but_on "5.*" f2fs mkfs.f2fs -q -f -t 0
quick run repair-exfat repair_but_on "[56].*" exfat mkfs.exfat
quick run repair-ext2 repair_other ext2 mkfs.ext4 -q -F -t ext2
run repair-real-error-vfat repair_real_error vfat mkfs.vfat -I
quick run repair-real-error-ext4 repair_real_error ext4 mkfs.ext4 -q -F
run repair-freezing-ext4 repair_freezing ext4 mkfs.ext4 -q -F
quick run repair-freezing-xfs repair_freezing xfs mkfs.xfs -q -f
quick run repair-shut-down repair_shut_down
