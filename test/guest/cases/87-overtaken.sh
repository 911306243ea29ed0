# shellcheck disable=SC2016,SC2086 # wait_until evaluates its argument itself; options, several in one argument
# A folio of the write's range is written back while it is in flight: undone, and no error at all.

reorders=

# overtaken FS DIRECTORY [option...]: such a collision; its line is in $line.
overtaken() {
	overtaken_fs=$1 overtaken_in=$2
	shift 2
	collision_in "$overtaken_fs" "$overtaken_in" "$@" --during "/lib-guest/written-back.sh $overtaken_in/collision"
	# Whatever is told, the bytes are gone; if the device does what it is asked to in that order.
	undone=$(value undone "$line")
	[ -n "$reorders" ] || [ "$undone" -ge 4096 ] || fail "only $undone bytes were undone: $line"
}

# What all of it is about.
overtaken_stock() {
	overtaken "$1" "/mnt/$1"
	is ok 1 "$line"
	is fsync 0 "$line"
	say "res 65536, $undone bytes undone, fsync 0"
}

# overtaken_by FS POLICY "COUNTERS": each exactly once, with libaio and io_uring.
overtaken_by() {
	load policy="$2"
	for how in "" --uring; do
		before
		overtaken "$1" "/mnt/$1" $how
		case $3 in
		*delivered*) is res -5 "$line" ;;
		*) is ok 1 "$line" ;;
		esac
		newest kind overtaken
		expect late_errors=1 overtaken=1 $3
		is fsync 0 "$line"
	done
}

for fs in $filesystems; do
	quick_if "$fs" ext4 run "overtaken-stock-$fs" overtaken_stock "$fs"
	quick_if "$fs" xfs run "overtaken-observe-$fs" overtaken_by "$fs" observe observed=1
	quick run "overtaken-propagate-$fs" overtaken_by "$fs" propagate delivered=1
	quick_if "$fs" ext4 run "overtaken-repair-$fs" overtaken_by "$fs" repair delivered=1
done

# A file as long as one can be: its end, rounded up, is no offset any more.
overtaken_longest() {
	rm -f /mnt/xfs/collision
	head -c 65536 /dev/zero >/mnt/xfs/collision
	truncate -s 9223372036854775807 /mnt/xfs/collision
	sync /mnt/xfs/collision
	load
	before
	overtaken xfs /mnt/xfs --keep
	is res -5 "$line"
	is size 9223372036854775807 "$line"
	expect late_errors=1 overtaken=1 delivered=1
	rm /mnt/xfs/collision
}

# overtaken_flushed FS: the flusher does it, all by itself.
overtaken_flushed() {
	load
	before
	collision "$1" --during "/lib-guest/flush.sh flusher"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
	is res -5 "$line"
	expect late_errors=1 overtaken=1 delivered=1
}

# In the order of ext4's data=ordered a commit writes back what has got its blocks since the last one:
# of files without extents, and with nodelalloc, what was written to them (ext4_map_blocks()).
overtaken_committed() {
	other_fs ext4 mkfs.ext4 -q -F -O ^extents,^64bit -E lazy_itable_init=0,lazy_journal_init=0
	umount /mnt/other
	mount -t ext4 -o nodelalloc,commit=3600,noinit_itable /dev/mapper/other /mnt/other
	# The first commit after mounting writes the journal's superblock before all else, and waits for that.
	dd if=/dev/null of=/mnt/other/another conv=fsync
	load
	before
	collision other --uncommitted --during "/lib-guest/flush.sh commit /mnt/other"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
	is res -5 "$line"
	expect late_errors=1 overtaken=1 delivered=1
	umount /mnt/other
}

# made FS SIZE: a file of that size; its sectors are known, and none of it is held.
made() {
	rm -f "/mnt/$1/collision"
	xfs_io -f -c "pwrite -q -b $2 0 $2" -c fsync "/mnt/$1/collision"
}

# Only the second half of the write is held. What was written back over the first is on the disk, and
# was to be dropped from the cache since; then nothing is cached, and on 7.3 such a write is completed by
# the interrupt and invalidates nothing.
overtaken_dropped() {
	load policy="$2"
	made "$1" 65536
	held=$(place "/mnt/$1/collision" 32768)
	[ -n "$held" ] || fail "place"
	for how in "" --uring; do
		before
		collision_in "$1 $held 64" "/mnt/$1" --keep $how \
			--during "xfs_io -c fsync /mnt/$1/collision; echo 3 >/proc/sys/vm/drop_caches"
		case $3 in
		*delivered*) is res -5 "$line" ;;
		*) is ok 1 "$line" ;;
		esac
		# All of the page if it was read before this part of the write was on the disk.
		[ "$(value undone "$line")" -ge 1 ] || fail "nothing was undone: $line"
		expect late_errors=1 overtaken=1 $3
	done
}

# What waits until direct writes are followed.
armed="until grep -q '^block_bio_queue armed' ${counters%/*}/sites; do usleep 1000; done"

# Then another direct write drops that page, and nothing of the file is cached: on 7.3, and on vfat, the
# first is completed where its last bio ends, and invalidates nothing.
overtaken_uncached() {
	load policy="$2"
	overtaken "$1" "/mnt/$1"
	eval "$armed"
	made "$1" 65536
	held=$(place "/mnt/$1/collision" 32768)
	for how in "" --uring; do
		before
		collision_in "$1 $held 64" "/mnt/$1" --keep $how --during "xfs_io -c fsync /mnt/$1/collision; \
			xfs_io -d -c 'pwrite -q 0 4096' /mnt/$1/collision"
		case $3 in
		*delivered*) is res -5 "$line" ;;
		*) is ok 1 "$line" ;;
		esac
		expect late_errors=1 overtaken=1 $3
	done
}

# What a write that comes later writes back itself, before it begins, is under it. (Stored through mmap:
# write() waits for direct writes in flight, ext4_buffered_write_iter().)
own_flush() {
	load
	made "$1" 196608
	held=$(place "/mnt/$1/collision" 0)
	cat >/tmp/own <<-END
		#!/bin/sh
		set -e
		own() {
			xfs_io -c "mmap -rw 131072 4096" -c "mwrite 131072 4096" /mnt/$1/collision
			xfs_io -d -c "pwrite -q 131072 4096" /mnt/$1/collision
		}
		own
		$armed
		cp $counters /tmp/counters
		for n in 1 2 3 4 5 6 7 8; do
			own
		done
		cmp $counters /tmp/counters
	END
	chmod +x /tmp/own
	before
	collision_in "$1 $held 128" "/mnt/$1" --keep --size 196608 --written 65536 --stores 0 --during /tmp/own
	is ok 1 "$line"
	is undone 0 "$line"
	# The first one began before direct writes were followed.
	expect overtaken_unknown="$(since overtaken_unknown)"
	[ "$(since overtaken_unknown)" -le 1 ] || fail "$(since overtaken_unknown) are not known"
}

overtaken_overlay() {
	overlay_on "$1"
	load
	for how in "" --uring; do
		before
		overtaken "$1" /mnt/overlay $how
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
	done
	umount /mnt/overlay
}

# meanwhile FS NAME PAGE [option...]: such a write to /mnt/NAME/collision has already dropped the first of
# its pages from the cache, and waits for PAGE, when its last one is written back, which it drops then.
meanwhile() {
	made "$2" 65536
	meanwhile="/lib-guest/meanwhile.sh $1 /mnt/$2/collision $3"
	fs=$1 name=$2
	shift 3
	collision_in "$fs" "/mnt/$name" --keep --place 61445 --during "$meanwhile" "$@"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
}

overtaken_meanwhile() {
	load track=always
	for how in "" --uring; do
		before
		meanwhile "$1" "$1" 0 $how
		is res -5 "$line"
		newest kind overtaken
		expect late_errors=1 overtaken=1 delivered=1
	done
}

# Writes that no worker completes are seen, too.
overtaken_meanwhile_unwatched() {
	has_symbol kiocb_invalidate_post_direct_write ||
		skip "this kernel has no function of its own that invalidates"
	load policy=observe track=always
	before
	meanwhile "$1" "$1" 0
	is ok 1 "$line"
	expect late_errors=1 overtaken=1 observed=1

	set_policy propagate
	before
	meanwhile "$1" "$1" 0 --sync
	is res 65536 "$line"
	# Nobody is called when it is done: it is not looked at again in time.
	wait_until '[ "$(since overtaken_unknown)" = 1 ]'
	expect overtaken_unknown=1
	[ "$1" = ext4 ] || return 0

	for how in "" --uring; do
		before
		meanwhile ext4 ext4 8 --size 65536 --offset 32768 $how
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
	done
	overlay_on ext4
	for how in "" --uring; do
		before
		meanwhile ext4 overlay 0 $how
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
	done
	umount /mnt/overlay
}

# Direct writes are followed from soon after the first writeback on; here arming that fails at first. Of a
# write that has ended by then nobody knows; the next one is told.
overtaken_first() {
	for how in "" --uring; do
		/sbin/insmod /refuse.ko function=register_ftrace_function comm=kworker error=-12 times=1000
		load
		before
		at_once=1 overtaken "$1" "/mnt/$1" $2 $how
		[ "$(cat /sys/module/refuse/parameters/refused)" -gt 0 ] || fail "not refused"
		/sbin/rmmod refuse
		is res 65536 "$line"
		[ "$(since unknown_arming)" = 1 ] || fail "$(cat "$counters")"
		expect overtaken_unknown=1
		eval "$armed"
		before
		overtaken "$1" "/mnt/$1" $2 $how
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
		unload
	done
}

# What was wholly written back before the write's own bytes were sent is under it: the write waits for its
# data until then.
overtaken_before() {
	for track in always auto; do
		load track=$track
		for how in "" --uring; do
			before
			line=$(collide --inline $how --during "xfs_io -c 'sync_range -a -b -w 0 65536' /mnt/$1/collision" \
				- "/mnt/$1/collision") || fail "$line"
			echo "$line"
			is ok 1 "$line"
			is undone 0 "$line"
			# When it is followed from afterwards on, the order is not known; and if that begins just when
			# it is answered that is counted twice.
			unknown=$(since overtaken_unknown)
			[ "$unknown" = 0 ] || { [ $track = auto ] && [ "$unknown" -le 2 ]; } || fail "$unknown are not known"
			expect overtaken_unknown="$unknown"
		done
		unload
	done
}

# at_start FS [COMMAND]: writes /tmp/at-start, which writes the file back, and holds that from when the write waits for
# its data; then runs COMMAND, and lets go when both are on their way.
at_start() {
	cat >/tmp/at-start <<-END
		set -e
		/lib-guest/dm.sh hold $1
		xfs_io -c 'sync_range -a -w 0 65536' /mnt/$1/collision
		$(in_flight "$1" -ge 1)
		${2:-}
		(
			$(in_flight "$1" -ge 2)
			/lib-guest/dm.sh release $1
		) >/dev/null 2>&1 &
	END
}

# What is on its way to the disk when the write's own bytes are sent: which of the two comes there last is the
# device's matter. This one does what it was asked first to do, so the write is whole: -EIO would be false.
overtaken_at_start() {
	load track=always
	for how in "" --uring; do
		before
		at_start "$1"
		line=$(collide --inline $how --during "sh /tmp/at-start" - "/mnt/$1/collision") || fail "$line"
		echo "$line"
		is ok 1 "$line"
		is undone 0 "$line"
		is unknown_at_start 1 "unknown_at_start=$(since unknown_at_start)"
		expect overtaken_unknown=1
	done
}

# The same, and what is on its way is dirtied once more: the write is stuck, and counted as that alone.
overtaken_at_start_and_stuck() {
	load track=always
	before
	at_start "$1" "xfs_io -c 'mmap -rw 0 4096' -c 'mwrite -S 0x73 5 1' /mnt/$1/collision"
	line=$(collide --inline --sync --during "sh /tmp/at-start" - "/mnt/$1/collision") || fail "$line"
	echo "$line"
	is res 65536 "$line"
	all_found_out --sync
	expect late_errors=1 stuck=1 sync=1 "repeats=$(twice "$1")"
}

# What is read when the bio that wrote it has ended has the bytes of the write, though another of its bios is
# in flight yet: only what is stored there is not the write's.
overtaken_read_after() {
	load track=always
	# In two places on the disk, so that each half has a bio of its own.
	rm -f "/mnt/$1/collision" "/mnt/$1/between"
	if [ "$1" = vfat ]; then
		for half in 0 32768; do
			xfs_io -f -d -c "pwrite -q $half 32768" -c fsync "/mnt/$1/collision"
			xfs_io -f -d -c "pwrite -q $half 32768" -c fsync "/mnt/$1/between"
		done
	else
		xfs_io -f -d -c "pwrite -q 0 98304" -c fsync -c "fcollapse 32768 32768" -c fsync "/mnt/$1/collision"
	fi
	held=$(place "/mnt/$1/collision" 32768)
	[ "$held" != $(($(place "/mnt/$1/collision" 0) + 64)) ] || fail "in one place"
	cat >/tmp/later <<-END
		#!/bin/sh
		set -e
		$(in_flight "$1" -eq 1)
		xfs_io -c "mmap -rw 0 4096" -c "mread 0 1" -c "mwrite 0 1" -c "msync -s 0 4096" /mnt/$1/collision
	END
	chmod +x /tmp/later
	for how in "" --uring; do
		before
		collision_in "$1 $held 64" "/mnt/$1" --keep $how --stores 0 --during /tmp/later
		is ok 1 "$line"
		is undone 1 "$line"
		expect
	done
	rm -f "/mnt/$1/between"
}

overtaken_sync() {
	load track=always
	before
	overtaken "$1" "/mnt/$1" --sync
	is res 65536 "$line"
	expect late_errors=1 overtaken=1 sync=1
}

# A write that its file system waits for.
overtaken_waited_for() {
	load track=always
	for how in "" --uring; do
		before
		overtaken ext4 /mnt/ext4 --size 65536 --offset 32768 $how
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
	done
}

# Dirty once more after that: the kernel reports it as well, and it is told for that.
overtaken_and_stuck() {
	load
	before
	overtaken "$1" "/mnt/$1" --again
	is res -5 "$line"
	is fsync -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

# Of many writes in flight side by side only those whose pages went to the disk, and of those that
# overlap all.
overtaken_neighbours() {
	load
	before
	overtaken "$1" "/mnt/$1" --size 524288 --writes 8 --stores 2
	is eio 2 "$line"
	is ok 6 "$line"
	expect late_errors=2 overtaken=2 delivered=2
}

# More of a file is written back than is kept in memory, and the last of it is what a write was overtaken by:
# that cannot be known if it began before direct writes were followed, and is counted. The next one is told.
# (Of blocks that the file has: a journal that must wait for what is held would be waited for. And so much may
# be dirty, or who stores would have to wait for what is held himself.)
overtaken_too_much() {
	dirty_ratio=$(cat /proc/sys/vm/dirty_ratio)
	trap 'echo $dirty_ratio >/proc/sys/vm/dirty_ratio' EXIT
	echo 100 >/proc/sys/vm/dirty_ratio
	load
	xfs_io -f -c "pwrite -q -b 1m 0 84m" -c fsync "/mnt/$1/collision"
	for nth in 1 2; do
		before
		collision "$1" --keep --size 88080384 --written 65536 --offset 85983232 --during "
			xfs_io -c 'mmap -rw 1m 80m' -c 'mwrite 1m 80m' /mnt/$1/collision && /lib-guest/flush.sh sync"
		[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
		case $nth in
		1) expect overtaken_unknown=1 ;;
		2) expect late_errors=1 overtaken=1 delivered=1 ;;
		esac
	done
	rm "/mnt/$1/collision"
}

# What is in the way of its invalidation is also written back, before the write is answered: one write, one
# late error.
overtaken_once() {
	for policy in observe propagate; do
		load policy=$policy track=always
		before
		collision "$1" --again --during "/lib-guest/written-back.sh /mnt/$1/collision"
		is_one=$(since late_errors)
		[ "$is_one" = 1 ] || fail "$is_one late errors"
		expect_outcomes observed="$(since observed)" delivered="$(since delivered)"
		unload
	done
}

storm_flushed_stock() {
	storm_of --verify --during "/lib-guest/flush.sh sync"
	is eio 0 "$line"
	[ "$(v untrue)" -gt 0 ] || fail "all is true: $line"
	say "$(v untrue) of $(v ok) writes that succeeded are not true"
}

# Of each write it is known whether it was overtaken.
all_known() {
	[ "$(since overtaken_unknown)" = 0 ] || fail "$(since overtaken_unknown) are not known: $line"
}

# storm_flushed POLICY TRACK [option...]: all that is stored into is written back before the write has ended.
storm_flushed() {
	load policy="$1" track="$2"
	shift 2
	before
	storm_of --verify --rounds "$(either 2 20)" --during "/lib-guest/flush.sh sync" "$@"
	all_known
	told
	is untrue 0 "$line"
	[ "$(since overtaken)" -gt 0 ] || fail "nothing was overtaken"
	[ "$(since late_errors)" = "$(v stores)" ] || fail "$(since late_errors) late errors"
	expect_outcomes delivered="$(v eio)"
	say "of $(v writes) writes"
}

# The same with no timing to it: some stores come in time, some are written back. With track=auto it begins
# when direct writes are followed.
storm_flushed_free() {
	load policy="$1" track="$2"
	if [ "$2" = auto ]; then
		overtaken ext4 /mnt/ext4
		eval "$armed"
	fi
	before
	storm_begins --free --verify
	rounds=0
	while [ $rounds -lt "$(either 20 200)" ]; do
		sync
		rounds=$((rounds + 1))
		kill -0 $storming || fail "the storm ended: $(cat /tmp/storm)"
	done
	storm_ends
	# A write that makes a file longer may meet a folio that came before it had; and a write may be sent while a
	# folio is on its way, so that the order of the two is the device's.
	late=$(since unknown_late) at_start=$(since unknown_at_start)
	[ "$(since overtaken_unknown)" = $((late + at_start)) ] || all_known
	[ "$late" -le 5 ] || all_known
	[ "$at_start" -le 3 ] || all_known
	is untrue 0 "$line"
	say "of $(v writes) writes and $(v stores) stores"
	expect_outcomes delivered="$(v eio)" repaired="$(since repaired)"
}

storm_flushed_free_stock() {
	storm_begins --free --verify
	for n in $(seq "$(either 20 200)"); do
		sync
		kill -0 $storming || fail "the storm ended after $n: $(cat /tmp/storm)"
	done
	storm_ends
	say "$(v untrue) of $(v ok) writes that succeeded are not true, of $(v stores) stores"
}

for fs in $filesystems; do
	quick_if "$fs" xfs run "overtaken-flusher-$fs" overtaken_flushed "$fs"
	quick_if "$fs" vfat run "overtaken-sync-$fs" overtaken_sync "$fs"
	quick_if "$fs" ext4 run "overtaken-and-stuck-$fs" overtaken_and_stuck "$fs"
	quick_if "$fs" xfs run "overtaken-neighbours-$fs" overtaken_neighbours "$fs"
	quick_if "$fs" vfat run "overtaken-dropped-observe-$fs" overtaken_dropped "$fs" observe observed=1
	quick_if "$fs" ext4 run "overtaken-dropped-$fs" overtaken_dropped "$fs" propagate delivered=1
	quick_if "$fs" xfs run "overtaken-uncached-observe-$fs" overtaken_uncached "$fs" observe observed=1
	quick run "overtaken-uncached-$fs" overtaken_uncached "$fs" propagate delivered=1
	quick_if "$fs" xfs run "overtaken-own-flush-$fs" own_flush "$fs"
	quick_if "$fs" ext4 run "overtaken-before-$fs" overtaken_before "$fs"
	quick_if "$fs" ext4 run "overtaken-at-start-$fs" overtaken_at_start "$fs"
	quick_if "$fs" xfs run "overtaken-at-start-and-stuck-$fs" overtaken_at_start_and_stuck "$fs"
	quick_if "$fs" xfs run "overtaken-read-after-$fs" overtaken_read_after "$fs"
	quick run "overtaken-meanwhile-$fs" overtaken_meanwhile "$fs"
	quick_if "$fs" ext4 run "overtaken-meanwhile-unwatched-$fs" overtaken_meanwhile_unwatched "$fs"
done
quick run overtaken-once-ext4 overtaken_once ext4
quick run overtaken-commit-ext4 overtaken_committed
quick run overtaken-longest-xfs overtaken_longest
for fs in ext4 xfs; do
	quick_if "$fs" ext4 run "overtaken-overlay-$fs" overtaken_overlay "$fs"
done
quick run overtaken-waited-for overtaken_waited_for
quick run overtaken-first overtaken_first ext4 ""
run overtaken-first-xfs overtaken_first xfs ""
quick run overtaken-too-much overtaken_too_much ext4
run storm-flushed-stock storm_flushed_stock
quick run storm-flushed-propagate storm_flushed propagate always
run storm-flushed-repair storm_flushed repair auto
run storm-sync-flushed following storm_flushed propagate always --writes 16 --waited 4 --sync 64
run storm-flushed-free-stock storm_flushed_free_stock
run storm-flushed-free-propagate storm_flushed_free propagate auto
run storm-flushed-free-always storm_flushed_free propagate always
quick run storm-flushed-free-repair storm_flushed_free repair auto
