# shellcheck disable=SC2086 # options of collide, several in one argument
# Policy repair: the write succeeds because it is made true, or it fails.

# complaints: how often the kernel or the module has said that cache and disk disagree.
complaints() {
	dmesg | grep -cE 'invalidation failure on direct I/O|the page cache and the disk disagree' || true
}

# holds FILE OFFSET LENGTH CHARACTER: that the page cache, and after it is dropped the disk, has it there.
holds() {
	for cache in kept dropped; do
		[ $cache = kept ] || echo 3 >/proc/sys/vm/drop_caches
		found=$(tail -c +$(($2 + 1)) "$1" | head -c "$3" | tr -d "$4" | wc -c)
		[ "$found" = 0 ] || fail "$found bytes of $1, page cache $cache, are not $4"
	done
}

# As long as it may take, for what a busy machine does to this one. Once a case: it takes seconds.
load_repair() {
	[ -e /sys/module/diolate ] || load policy=repair repair_ms=10000
}

# each ARGUMENT FUNCTION...: all of them, in one case.
each() {
	with=$1
	shift
	for function in "$@"; do
		$function $with
	done
}

# repaired FS [option...]: a collision whose write is made true, and of which nothing else is left.
repaired() {
	fs=$1
	shift
	before
	said=$(complaints)
	collision "$fs" "$@"
	is ok 1 "$line"
	is other 0 "$line"
	is fsync 0 "$line"
	is undone 0 "$line"
	[ "$(complaints)" = "$said" ] || fail "something was said of it: $(dmesg | tail -n 3)"
	newest outcome repaired
	newest reason -
	newest error 0
}

repair() {
	load_repair
	for how in "" --uring; do
		repaired "$1" $how
		expect late_errors=1 stuck=1 repaired=1
		holds "/mnt/$1/collision" 0 65536 n
	done
}

# not_repaired FS "REASON..." [option...]: a collision of a write that is failed, for one of these.
not_repaired() {
	fs=$1 reason=$2
	shift 2
	before
	collision "$fs" "$@"
	# What was held back was recorded after all.
	is fsync -5 "$line"
	logged=$(tail -n 1 "${counters%/*}/log")
	why=$(value reason "$logged")
	# If it was overtaken that was seen before; the report is another one of it.
	kind=$(value kind "$logged")
	repeats=0
	[ "$kind" = stuck ] || repeats=1
	if [ "$(value outcome "$logged")" = undeliverable ]; then
		# Not of whole pages, on a file system of smaller blocks.
		is ok 1 "$line"
		say "success, $why"
		expect late_errors=1 "$kind=1" undeliverable=1 repeats=$repeats
		reason="$reason unproven-filesystem"
	else
		is res -5 "$line"
		say "res -EIO, $why"
		expect late_errors=1 "$kind=1" delivered=1 repeats=$repeats
	fi
	case " $reason " in
	*" $why "*) ;;
	*) fail "reason is not $reason: $logged" ;;
	esac
}

# The end of the file in a page of its own, of which 512 bytes belong to it.
repair_at_the_end() {
	load_repair
	case "$1 $(uname -r)" in
	xfs* | "ext4 5."* | "ext4 6.1."*)
		# They wait for a write that ends within a block (xfs_file_dio_write_unaligned(),
		# ext4_overwrite_io()).
		not_repaired "$1" waited-for --size 66048 --length 66048 --place 65700
		return
		;;
	esac
	repaired "$1" --size 66048 --length 66048 --place 65700
	expect late_errors=1 stuck=1 repaired=1
	holds "/mnt/$1/collision" 0 66048 n
}

# made_true FS [option...]: repaired, or the file system waits for such a write, which then fails.
made_true() {
	before
	collision "$@"
	if [ "$(value res "$line")" = -5 ]; then
		newest reason waited-for
		say "res -EIO, waited-for"
		expect late_errors=1 stuck=1 delivered=1
	else
		is ok 1 "$line"
		is fsync 0 "$line"
		is undone 0 "$line"
		expect late_errors=1 stuck=1 repaired=1
		holds "/mnt/$1/collision" 65536 65536 n
	fi
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

# A store into the same page as the write, but not into what it wrote. What is no part of a block is
# waited for on xfs and, up to 6.1, on ext4.
repair_beside() {
	load_repair
	not_repaired "$1" "partial-folio waited-for" --offset 4608 --length 512 --place 5200
	byte=$(tail -c +5201 "/mnt/$1/collision" | head -c 1)
	[ "$byte" = s ] || fail "the byte beside the write was lost: $byte"
}

# Old bytes went to the disk together with the write.
repair_written_back() {
	load_repair
	not_repaired "$1" written-back --again --during "/lib-guest/written-back.sh /mnt/$1/collision"
}

repair_waited_for() {
	load_repair
	not_repaired ext4 waited-for --size 65536 --offset 32768
}

# 6.1 fails such a write itself, as generic_write_sync() meets the error; later kernels do not.
repair_dsync() {
	load_repair
	before
	collision ext4 --dsync
	is res -5 "$line"
	newest reason dsync
	case $(value outcome "$(tail -n 1 "${counters%/*}/log")") in
	delivered) expect late_errors=1 stuck=1 delivered=1 ;;
	*) expect late_errors=1 stuck=1 already_failed=1 ;;
	esac
}

# A file that is written synchronously by its own attribute, with no flag on the write.
repair_sync_attribute() {
	load_repair
	collision "$1" --stores 0
	xfs_io -c "chattr +s" "/mnt/$1/collision"
	before
	collision "$1" --keep
	newest reason dsync
	counted=$(since delivered)
	[ "$counted" = 1 ] && is res -5 "$line"
	expect late_errors=1 stuck=1 delivered="$counted" already_failed=$((1 - counted))
	rm "/mnt/$1/collision"
}

# If one page cannot be dropped the others are left as they are.
repair_all_or_nothing() {
	load_repair
	not_repaired "$1" partial-folio --size 131072 --offset 0 --length 61952 --place 5 --beyond 62000 --submitted
	[ "$(head -c 6 "/mnt/$1/collision" | tail -c 1)" = s ] || fail "the store within was dropped"
	[ "$(tail -c +62001 "/mnt/$1/collision" | head -c 1)" = s ] || fail "the store beside was dropped"
}

# Nobody would be told; nothing is repaired behind the back of who waits for it.
repair_sync() {
	load_repair
	before
	collision ext4 --sync
	is res 65536 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 sync=1
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
	collision other --size 131072 --stores 1 --beyond 100000 --first "/lib-guest/dm.sh fail other"
	is res 65536 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 repaired=1
	/lib-guest/dm.sh release other
	umount /mnt/other
}

# refused_with ERRNO_TEXT: policy repair is, in one sentence, which is in $said; it stays what it was.
refused_with() {
	dmesg -c >/dev/null
	! set_policy repair 2>/tmp/echo || fail "policy repair accepted"
	grep -q "$1" /tmp/echo || fail "$(cat /tmp/echo)"
	dmesg >/tmp/dmesg
	[ "$(grep -c 'diolate: policy=repair refused: ' /tmp/dmesg)" = 1 ] || fail "$(cat /tmp/dmesg)"
	said=$(sed -n 's/.*policy=repair refused: //p' /tmp/dmesg)
	[ "$(cat /sys/module/diolate/parameters/policy)" = observe ] || fail "policy changed"
	! grep -qE "when a direct write begins|^dio_warn_stale_pagecache armed .* repair" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
}

# A live patch has the function that records the error: the policy is refused, and the other way round.
somebody_replaces() {
	/sbin/insmod /replace.ko || fail "replace"
	load policy=observe
	refused_with "busy"
	case $said in
	*"live patch"*) ;;
	*) fail "$said" ;;
	esac
	if io_uring_forgets; then
		set_policy propagate
		dmesg | grep -q "diolate: .* cannot be replaced on this kernel .*live patch" || fail "$(dmesg)"
		grep -q "^dio_warn_stale_pagecache refused" "${counters%/*}/sites" ||
			fail "$(cat "${counters%/*}/sites")"
		before
		collision ext4 --uring --size 65536 --offset 32768
		is res 65536 "$line"
		newest reason not-watched
		expect late_errors=1 stuck=1 undeliverable=1
		set_policy observe
	fi
	/sbin/rmmod replace
	set_policy repair
	grep -q " armed .*when a direct write begins" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	if /sbin/insmod /replace.ko; then
		fail "two replace it"
	fi
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
	set_policy observe
	! grep -q "when a direct write begins" "${counters%/*}/sites" || fail "$(cat "${counters%/*}/sites")"
	/sbin/insmod /replace.ko || fail "replaced under observe"
	/sbin/rmmod replace
	before
	collision ext4
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 observed=1
}

# What the policy needs cannot be had, each in turn: of when writes begin it is told what that costs, and
# without the last of all, which replaces the record, there is no repair.
repair_refused() {
	load policy=observe
	set_policy repair
	sites=$(grep -cE ' armed .*(when a direct write|cached any more, iomap)' "${counters%/*}/sites")
	[ "$sites" -ge 3 ] || fail "$(cat "${counters%/*}/sites")"
	set_policy observe
	for nth in $(seq "$sites"); do
		refusing function=register_ftrace_function nth="$nth" comm=init error=-2
		dmesg -c >/dev/null
		set_policy repair
		was_refused || fail "$nth: not refused"
		[ "$(dmesg | grep -c 'diolate: .* on this kernel (error -2), which costs: ')" = 1 ] || fail "$nth: $(dmesg)"
		set_policy observe
	done
	refusing function=register_ftrace_function nth=$((sites + 1)) comm=init error=-2
	refused_with "No such file"
	was_refused || fail "not refused"
	case $said in
	dio_warn_stale_pagecache*) ;;
	*) fail "$said" ;;
	esac
	set_policy repair
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
}

# What is switched off sees nothing.
repair_switched_off() {
	load policy=observe
	echo 0 >/sys/kernel/debug/kprobes/enabled
	refused_with "not supported"
	echo 1 >/sys/kernel/debug/kprobes/enabled
	set_policy repair
	repaired ext4
	expect late_errors=1 stuck=1 repaired=1
	say "$said"
}

# Every write that is said to be done is, byte for byte.
repair_storm() {
	load_repair
	reports_begin
	before
	# shellcheck disable=SC2046 # a word for each option
	storm_of --verify --rounds "$(either 2 44)" --writes "$(either 64 88)" --waited "$(either 16 64)"
	is untrue 0 "$line"
	# Why what could not be repaired could not.
	sed -n 's/.* outcome=delivered reason=\([^ ]*\) .*/\1/p' "${counters%/*}/log" | sort | uniq -c
	waited=$(($(v waited_libaio_stores) + $(v waited_uring_stores)))
	is eio $waited "$line"
	expect late_errors="$(v stores)" stuck="$(v stores)" delivered=$waited \
		repaired=$(($(v stores) - waited))
	[ "$(reports)" = "$(v stores)" ] || fail "$(reports) reports: $line"
	remove_foreign
}

# Somebody has the folio locked: the write is delayed as long as repair_ms says, and no longer.
repair_deadline() {
	load_repair
	for ms in 0 6000; do
		echo $ms >/sys/module/diolate/parameters/repair_ms
		/sbin/insmod /lock.ko || fail "lock"
		start=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
		: >/tmp/said
		# fsync() would wait for the lock as well.
		not_repaired "$1" busy --first "/sbin/rmmod lock"
		took=$(($(cut -d ' ' -f 1 /proc/uptime | tr -d .) - start))
		[ $ms != 0 ] || at_once=$took
	done
	# In hundredths of a second; all else that a collision takes is in both.
	if [ $at_once -ge 600 ] || [ $took -lt 600 ] || [ $took -gt $((at_once + 800)) ]; then
		fail "$at_once and $took hundredths of a second"
	fi
	echo 10000 >/sys/module/diolate/parameters/repair_ms
	repaired "$1"
	if echo 10001 >/sys/module/diolate/parameters/repair_ms; then
		fail "repair_ms=10001 accepted"
	fi
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

# repaired_since SEQ FSTYPE: whether a write to such a file system was, later in the log.
repaired_since() {
	awk -v first="$1" -v type=" fstype=$2 " '
		/ outcome=repaired / && index($0, type) && substr($1, 5) + 0 > first { found = 1 }
		END { exit !found }' "${counters%/*}/log"
}

# The policy comes and goes under a storm.
repair_switched() {
	load
	before
	storm_begins --free --verify
	n=0
	while [ $n -lt "$(either 10 100)" ]; do
		set_policy repair
		set_policy propagate
		n=$((n + 1))
		kill -0 $storming || fail "the storm ended: $(cat /tmp/storm)"
	done
	# It works as it did the first time, on file systems of each kind.
	set_policy repair
	seen=$(value seq "$(tail -n 1 "${counters%/*}/log")")
	for fs in ext4 xfs vfat; do
		wait_until "repaired_since $seen $fs"
	done
	! grep -E ' (absent|refused) .*(repair|begins)' "${counters%/*}/sites" || fail "not all is followed"
	storm_ends
	is untrue 0 "$line"
	expect_outcomes delivered="$(v eio)" repaired="$(since repaired)" probe_missed="$(since probe_missed)"
	say "$(v stores) stores, $(since late_errors) late, $(v eio) told"
}

# model_on FS LEAST OPTION...: at least so many are repaired of random operations on a file system.
model_on() {
	fs=$1 least=$2
	shift 2
	/lib-guest/dm.sh slow "$fs" 1
	load_repair
	before
	if ! found=$(model --image /tmp/image "$@" "/mnt/$fs/model"); then
		# Is it true of this kernel without a late error?
		unload
		calm=$(model --calm "$@" "/mnt/$fs/model") || calm="also without a late error: $calm"
		fail "$found ($calm)"
	fi
	/lib-guest/dm.sh release "$fs"
	expect_outcomes delivered="$(value eio "$found")" repaired="$(since repaired)" \
		undeliverable="$(since undeliverable)"
	umount "/mnt/$fs"
	if [ "$fs" = other ]; then
		mount_on other "$type"
	else
		mount_fs "$fs"
	fi
	cmp /tmp/image "/mnt/$fs/model" || fail "not the same after it was mounted anew"
	[ "$(since repaired)" -ge "$least" ] || fail "only $(since repaired) repaired: $found"
	say "$found"
}

# model_other LEAST "OPTION..." FS MKFS...
model_other() {
	least=$1 options=$2
	shift 2
	needs "$1"
	other_fs "$@"
	model_on other "$least" $options
	umount /mnt/other
}

# Nobody truncates exfat, which does not wait for direct writes, and does not zero all that a file gains (5.10,
# 7.3). Workers submit to io_uring, for dm-delay of 6.1 refuses what may not wait, and so the write fails.
model_exfat() {
	least=50
	case $(uname -r) in
	5.* | 6.*) least=0 ;;
	esac
	model_other $least "--align 4096 --whole --async --ops $ops" exfat mkfs.exfat
}

model_f2fs() {
	least=50
	case $(uname -r) in
	5.*) least=0 ;;
	esac
	model_other $least "--align 4096 --async --ops $ops" f2fs mkfs.f2fs -q -f -t 0
}

for fs in $filesystems; do
	core run "repair-$fs" each "$fs" repair repair_new_blocks
	quick_if "$fs" = xfs run "repair-edges-$fs" each "$fs" repair_at_the_end repair_beside repair_large_folios
	quick_if "$fs" = ext4 run "repair-written-back-$fs" repair_written_back "$fs"
	quick_if "$fs" = xfs run "repair-share-$fs" repair_share "$fs"
	quick_if "$fs" = vfat run "repair-meanwhile-$fs" each "$fs" repair_deleted repair_full_disk
done
quick run repair-others-ext4 each ext4 repair_sync_attribute repair_waited_for repair_dsync repair_sync
quick run repair-others-xfs each xfs repair_sync_attribute
quick run repair-all-or-nothing repair_all_or_nothing vfat
quick run repair-overlay-ext4 repair_overlay ext4
quick run repair-overlay-xfs repair_overlay xfs
# f2fs may miscount its dirty pages, exfat frees blocks that are being written to.
quick run repair-f2fs repair_but_on "5.*" f2fs mkfs.f2fs -q -f -t 0
quick run repair-exfat repair_but_on "[56].*" exfat mkfs.exfat
quick run repair-ext2 repair_other ext2 mkfs.ext4 -q -F -t ext2
run repair-real-error-vfat repair_real_error vfat mkfs.vfat -I
quick run repair-real-error-ext4 repair_real_error ext4 mkfs.ext4 -q -F
locks quick run repair-live-patch somebody_replaces
quick run repair-refused repair_refused
quick run repair-switched-off repair_switched_off
run repair-freezing-ext4 repair_freezing ext4 mkfs.ext4 -q -F
quick run repair-freezing-xfs repair_freezing xfs mkfs.xfs -q -f
quick run repair-shut-down repair_shut_down
quick run repair-deadline-ext4 repair_deadline ext4
run repair-deadline-xfs repair_deadline xfs
# What has to be so under every policy.
for fs in $filesystems; do
	file=/mnt/$fs/collision
	quick_if "$fs" = xfs run "repair-clean-reader-$fs" under repair clean "$fs" "cat $file >/dev/null"
	quick_if "$fs" = xfs run "repair-clean-uring-$fs" under repair uring_without_collision "$fs" ""
	quick_if "$fs" = ext4 run "repair-loop-$fs" under repair loop_device "$fs"
	quick_if "$fs" = vfat run "repair-unload-in-flight-$fs" under repair unload_in_flight "$fs"
	quick_if "$fs" = ext4 run "repair-unload-completing-$fs" under repair unload_while_completing "$fs"
done
run repair-clean-fio under repair clean_fio ext4 "$(either 1 20)"
quick run repair-unload-pending-vfat under repair unload_pending vfat 0
quick run repair-unload-pending-uring-ext4 under repair unload_pending ext4 32768 --uring
quick run storm-repair-unload under repair storm_unload
quick run storm-repair repair_storm
run storm-repair-switched repair_switched
# Over four kernels, 20000 operations on each file system.
ops=$(either 5000 40000)
run model-ext4 model_on ext4 50 --align 4096 --ops $ops
run model-xfs model_on xfs 20 --align 4096 --ops $((ops / 2))
quick run model-xfs-512 model_on xfs 0 --ops $((ops / 2))
quick run model-vfat model_on vfat 50 --align 4096 --no-punch --async --ops $ops
run model-f2fs model_f2fs
run model-exfat model_exfat
