# shellcheck disable=SC2016,SC2034 # wait_until evaluates its argument itself; fio reads SECONDS
# Debian's fio, a program that nobody here wrote.

# A trace of its own, for what is told by `raced`.
races=/sys/kernel/tracing/instances/races

# of_fio FILE JOBS DIRECTION KEY: the sum over some jobs, named by a pattern, in what fio wrote as JSON.
# DIRECTION is read, write, or job for what is said of the whole job.
of_fio() {
	awk -v jobs="^($2)\$" -v direction="$3" -v key="\"$4\"" '
		$1 == "\"jobname\"" { gsub(/[",]/, "", $3); wanted = $3 ~ jobs; part = "job" }
		$1 ~ /^"(read|write|trim|sync)"$/ && $3 == "{" { part = $1; gsub(/"/, "", part) }
		$1 == "\"job_runtime\"" { part = "job" }
		wanted && part == direction && $1 == key { sum += $3; found = 1 }
		END { if (!found) exit 1; print sum }' "$1" || fail "fio said no $4 of $2"
}

# How many pages reclaim took so far.
reclaimed() {
	awk '/^pgsteal_(kswapd|direct) / { n += $2 } END { print n }' /proc/vmstat
}

# Who uses the page cache but does not write the file through it, until /tmp/enough is there.
read_calls() {
	until [ -e /tmp/enough ]; do
		xfs_io -r -c "pread -R -b 4k 0 16m" -c "fadvise -w 0 16m" -c "mmap -r 0 16m" \
			-c "mread 0 16m" -c "fadvise -d 4m 8m" -c "pread -R -b 64k 0 16m" "$FILE" >/dev/null
	done
}

# The cache is dropped seldom enough for memory to get short between.
read_programs() {
	until [ -e /tmp/enough ]; do
		for n in 1 2 3 4 5 6 7 8; do
			cp "$FILE" /dev/null
			tar -cf /dev/null "$FILE"
			dd if="$FILE" of=/dev/null bs=4k
			[ ! -e /tmp/enough ] || break
		done
		echo 3 >/proc/sys/vm/drop_caches
	done
}

# Memory gets short: huge pages that nobody uses take most of what is left, and the pages of a hole,
# read again and again, compete with those of our file. Nothing is killed: all of these are clean.
press() {
	truncate -s 200M /mnt/ext4/hole
	until [ -e /tmp/enough ]; do
		cat /mnt/ext4/hole >/dev/null
	done
	rm -f /mnt/ext4/hole
}

hog() {
	awk '/^MemAvailable:/ { n = int($2 / 2048) - 32; print (n > 0 ? n : 0) }' /proc/meminfo \
		>/proc/sys/vm/nr_hugepages
}

# 6.1 itself fails an io_uring write on vfat with -EIO if it finds no page in the cache and the device
# cannot promise not to wait, as dm-delay cannot: submit_bio_noacct() refuses the bio, and
# dio_bio_complete() makes -EIO of whatever is not BLK_STS_AGAIN. There workers submit.
set_async() {
	export ASYNC=0
	case "$(uname -r) $1" in
	6.1.*" vfat") ASYNC=1 ;;
	esac
}

# start COMMAND...: in the background; the writers, on the same processors, go first.
start() {
	"$@" &
	renice -n 10 -p $!
}

stop() {
	: >/tmp/enough
	wait
	echo 0 >/proc/sys/vm/nr_hugepages
	/lib-guest/dm.sh release "$fs"
}

# watch_races FILE, raced: how many of its pages workers removed from the cache since: those that somebody
# had read while a write was in flight, since it is in a worker that the write completes and invalidates.
# Nobody else there does.
watch_races() {
	# From a case that failed.
	[ ! -e $races ] || rmdir $races
	mkdir $races
	event=$races/events/filemap/mm_filemap_delete_from_page_cache
	echo "i_ino == $(stat -c %i "$1") && comm ~ \"kworker*\"" >$event/filter
	echo 1 >$event/enable
}

raced() {
	awk '$1 == "entries:" || $1 == "overrun:" { n += $2 } END { print n + 0 }' $races/per_cpu/*/stats
}

# ready FS NAME SIZE: a file for fio, and the module loaded.
ready() {
	export FILE="/mnt/$1/$2"
	set_async "$1"
	fs=$1
	# Of a file that a failed case has left an error would be reported.
	rm -f /tmp/enough "$FILE"
	dd if=/dev/zero of="$FILE" bs="$3" count=1 conv=fsync
	shift 3
	load "$@"
	before
}

# clean_fio FS LOOPS: direct writes, verified, each block of 16 MiB once a loop.
clean_fio() {
	export LOOPS="$2"
	ready "$1" clean 16M
	watch_races "$FILE"
	trap stop EXIT
	# So that a write takes long enough for somebody to read what it writes.
	/lib-guest/dm.sh slow "$fs" 50
	hog
	took=$(reclaimed)
	start press
	wait_until '[ "$(reclaimed)" -gt "$took" ]'
	start read_calls
	start read_programs
	took=$(reclaimed)
	fio --output-format=json --output=/tmp/clean.json /lib-guest/fio/clean.fio || fail "fio: $?"
	took=$(($(reclaimed) - took))
	stop
	trap - EXIT
	raced=$(raced)
	rmdir $races
	expect
	[ "$(of_fio /tmp/clean.json '.*' job error)" = 0 ] || fail "fio counted an error"
	[ "$raced" -gt 0 ] || fail "nobody read what was being written"
	[ "$took" -gt 0 ] || fail "memory was not short"
	say "$(of_fio /tmp/clean.json '.*' write total_ios) clean direct writes, $raced pages read" \
		"while written, $took reclaimed"
	rm "$FILE"
}

# beside_stores: of the direct writes in $done, $told ended with an error.
beside_stores() {
	fio --output-format=json --output=/tmp/mixed.json /lib-guest/fio/mixed.fio || fail "fio: $?"
	done=$(of_fio /tmp/mixed.json 'libaio|io_uring' write total_ios)
	told=$(of_fio /tmp/mixed.json 'libaio|io_uring' job total_err)
}

# mixed_fio FS TRACK SECONDS FLOOR: fio counts what its writes were told; that is what we say we told them. So
# often that those are as many as that, on a slow machine too.
mixed_fio() {
	export SECONDS="$3"
	ready "$1" mixed 128k track="$2"
	trap stop EXIT
	/lib-guest/dm.sh slow "$fs" 10
	writes=0 libaio=0 io_uring=0 rounds=0
	while [ $libaio = 0 ] || [ $io_uring = 0 ] || [ $((libaio + io_uring)) -lt "$4" ]; do
		rounds=$((rounds + 1))
		[ $rounds -le 5 ] || fail "only $libaio and $io_uring late errors of $writes writes"
		beside_stores
		writes=$((writes + done))
		libaio=$((libaio + $(of_fio /tmp/mixed.json libaio job total_err)))
		io_uring=$((io_uring + $(of_fio /tmp/mixed.json io_uring job total_err)))
		[ "$(of_fio /tmp/mixed.json mmap job total_err)" = 0 ] || fail "a store failed"
	done
	stop
	trap - EXIT
	say "$writes direct writes, $((libaio + io_uring)) -EIO by fio's count"
	unknown=$(since overtaken_unknown)
	say "$(since overtaken) overtaken, $unknown unknown"
	arming=$(since unknown_arming)
	at_start=$(since unknown_at_start)
	[ "$unknown" = $((arming + at_start)) ] || fail "unknown for another reason: $(grep unknown "$counters" | xargs)"
	# What is sent while a folio is under writeback has no order.
	[ "$at_start" -le $((5 + writes / 500)) ] || fail "$at_start of $writes were sent over writeback"
	# What is in flight until following is armed.
	[ "$arming" -le "$([ "$2" = always ] && echo 0 || echo $((10 + writes / 20)))" ] || fail "$arming of $writes were in flight before"
	log=${counters%/*}/log
	unclear=$(($(since undeliverable) + $(since spared)))
	# A guest that is held up between the kernel's late error and our look finds the folio written back.
	[ "$unclear" -le $((2 + (libaio + io_uring) / 100)) ] ||
		fail "$unclear unclear: $(grep -m 3 "outcome=\(undeliverable\|spared\)" "$log")"
	# Nobody can know if that was before writes were followed; else the folio was newer than the write.
	! grep "outcome=undeliverable" "$log" | grep -v "reason=not-seen" >/tmp/other ||
		fail "$(head -n 1 /tmp/other)"
	expect_outcomes delivered=$((libaio + io_uring)) undeliverable="$(since undeliverable)" spared="$(since spared)"
	rm "$FILE"
}

# repair_fio FS SECONDS: beside the same stores, left alone and repaired, and repaired when memory is short.
repair_fio() {
	export SECONDS="$2"
	ready "$1" mixed 128k
	trap stop EXIT
	/lib-guest/dm.sh slow "$fs" 10
	set_policy observe
	beside_stores
	[ "$told" = 0 ] || fail "$told errors under observe"
	left=$done
	stuck=$(since stuck)
	set_policy repair
	beside_stores
	repaired=$done told_first=$told
	hog
	took=$(reclaimed)
	start press
	wait_until '[ "$(reclaimed)" -gt "$took" ]'
	took=$(reclaimed)
	beside_stores
	took=$(($(reclaimed) - took))
	stop
	trap - EXIT
	# A folio that two writes met is gone when the first of them is put right, and the second has lost nothing.
	expect_outcomes observed="$(since observed)" repaired="$(since repaired)" spared="$(since spared)" \
		delivered=$((told_first + told))
	# What cannot be is the exception, but for what was overtaken, as by another writer that writes back what
	# is dirty before it begins.
	stuck=$(($(since stuck) - stuck))
	[ "$(since repaired)" -gt $((stuck - $(since repaired))) ] || fail "$(since repaired) of $stuck repaired"
	[ "$took" -gt 0 ] || fail "memory was not short"
	: >/tmp/said
	say "direct writes in $2 s: $left left alone; $repaired, $told_first -EIO;" \
		"$done, $told -EIO, while $took pages were reclaimed; $(since repaired) repaired"
	rm "$FILE"
}

# beside_fio FS LOOPS: others write the same file through the page cache, and sync it, but no byte that is
# written directly. Until something was written back meanwhile, which on a slow machine takes a while.
beside_fio() {
	export LOOPS="$2"
	ready "$1" beside 8M
	/lib-guest/dm.sh slow "$fs" 20
	fio --output=/tmp/buffered /lib-guest/fio/buffered.fio &
	buffered=$!
	trap 'kill $buffered; stop' EXIT
	writes=0 rounds=0
	# Then direct writes are followed.
	until grep '^block_bio_queue armed' "${counters%/*}/sites"; do
		rounds=$((rounds + 1))
		[ $rounds -le 5 ] || fail "nothing was written back"
		fio --output-format=json --output=/tmp/beside.json /lib-guest/fio/beside.fio || fail "fio: $?"
		[ "$(of_fio /tmp/beside.json '.*' job error)" = 0 ] || fail "fio counted an error"
		writes=$((writes + $(of_fio /tmp/beside.json '.*' write total_ios)))
	done
	kill $buffered
	stop
	trap - EXIT
	say "$writes direct writes"
	expect
	rm "$FILE"
}

# Into holes, which somebody punches anew: xfs itself fails a direct write that finds space reserved for
# what was stored there meanwhile, and says so. That is in no counter.
holes_fio() {
	export SECONDS="$2"
	ready xfs holes 128k
	trap stop EXIT
	/lib-guest/dm.sh slow "$fs" 10
	punches=
	for n in $(seq 0 4 124); do
		punches="$punches -c 'fpunch ${n}k 4k'"
	done
	echo "until [ -e /tmp/enough ]; do xfs_io $punches $FILE; done" >/tmp/punch
	start sh /tmp/punch
	beside_stores
	stop
	trap - EXIT
	own=$((told - $(since delivered)))
	[ $own -ge 0 ] || fail "$told errors of which we told $(since delivered)"
	[ $own = 0 ] || dmesg | grep -q "Direct I/O collision with buffered writes" || fail "$own errors of nobody"
	say "$done direct writes, $told -EIO by fio's count, $own of them by xfs itself"
	expect_outcomes delivered="$(since delivered)" undeliverable="$(since undeliverable)" spared="$(since spared)" \
		already_failed="$(since already_failed)"
	rm "$FILE"
}

# alone_fio BLOCK LOOPS: direct writers alone, of a file system as ext3 was, where what falls into a hole goes
# through the page cache: to them nothing may be told.
alone_fio() {
	other_fs ext4 mkfs.ext4 -t ext3 -q -F -b "$1"
	export FILE=/mnt/other/alone LOOPS="$2"
	rm -f /tmp/enough
	truncate -s 1M "$FILE"
	load
	before
	/lib-guest/dm.sh slow other 5
	start sh -c "until [ -e /tmp/enough ]; do cat $FILE >/dev/null; done"
	fio --output-format=json --output=/tmp/alone.json /lib-guest/fio/alone.fio || fail "fio: $?"
	: >/tmp/enough
	wait
	/lib-guest/dm.sh release other
	[ "$(of_fio /tmp/alone.json alone job error)" = 0 ] || fail "fio counted an error"
	say "$(of_fio /tmp/alone.json alone write total_ios) direct writes"
	expect_outcomes spared="$(since spared)" undeliverable="$(since undeliverable)"
	unload
	umount /mnt/other
}

run fio-alone-1024 alone_fio 1024 "$(either 2 50)"
quick run fio-alone-4096 alone_fio 4096 "$(either 2 50)"
quick run fio-holes holes_fio xfs "$(either 5 60)"
for fs in $filesystems; do
	quick_if "$fs" xfs run "fio-beside-$fs" beside_fio "$fs" "$(either 2 100)"
	locks quick_if "$fs" ext4 run "fio-clean-$fs" clean_fio "$fs" "$(either 2 20)"
	busy quick_if "$fs" xfs run "fio-mixed-$fs" mixed_fio "$fs" auto "$(either 5 60)" "$(either 10 500)"
	quick_if "$fs" ext4 run "fio-mixed-always-$fs" mixed_fio "$fs" always "$(either 5 60)" "$(either 10 500)"
	quick_if "$fs" vfat run "fio-repair-$fs" repair_fio "$fs" "$(either 2 30)"
done
