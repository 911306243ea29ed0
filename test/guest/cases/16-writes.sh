# Direct writes of other shapes: each late error is one per write, and the result is right.

# By whom the writes of this file are submitted; the options of collide for it.
submitters="libaio uring"
submitter() {
	[ "$1" = libaio ] || echo "--$1"
}

# tell FS WRITES OPTION...: a collision in which every write has a late error and is told so; what is
# counted is not looked at. told FS WRITES OPTION...: each is counted once, and nothing else.
tell() {
	fs=$1 writes=$2
	shift 2
	before
	collision "$fs" "$@"
	is res -5 "$line"
	is eio "$writes" "$line"
	is other 0 "$line"
	[ "$(value undone "$line")" -gt 0 ] || fail "no collision: $line"
	say "res -EIO"
}

told() {
	tell "$@"
	expect late_errors="$writes" stuck="$writes" delivered="$writes"
}

# Who stores is not the program's own instruction: another process that writes into its memory, or a device
# that reads a file into it.
stored_by() {
	load
	head -c 4096 /dev/zero | tr '\0' s >"/mnt/$1/source"
	sync "/mnt/$1/source"
	for by in vm "/mnt/$1/source"; do
		told "$1" 1 --by "$by"
	done
	unload
	load policy=repair repair_ms=10000
	for by in vm "/mnt/$1/source"; do
		before
		collision "$1" --by "$by"
		is ok 1 "$line"
		is undone 0 "$line"
		expect late_errors=1 stuck=1 repaired=1
	done
	rm "/mnt/$1/source"
}

# A device that completes a write before it was all submitted: the submitter itself completes it, and gets
# its result as that of a write that was waited for.
in_line() {
	load
	before
	line=$(collide --inline ${2:+"$2"} - "/mnt/$1/collision") || fail "$line"
	echo "$line"
	is res -5 "$line"
	say "res -EIO"
	repeats=0
	# It is invalidated for twice, by fs/direct-io.c and then by generic_file_direct_write().
	[ "$1" != vfat ] || repeats=1
	expect late_errors=1 stuck=1 delivered=1 repeats="$repeats"
}

# A bio has 256 pages at most where they are not adjacent.
many_bios() {
	load
	tell "$1" 1 --size 33554432 --length 33554432 "${2:---submitted}"
	# io_uring does not say when it has submitted. On vfat a write that completes before that is invalidated
	# for twice, by fs/direct-io.c and then by generic_file_direct_write().
	repeats=0
	[ "$1 $2" != "vfat --uring" ] || repeats=$(since repeats)
	[ "$repeats" -le 1 ] || fail "$repeats repeats: $line"
	expect late_errors=1 stuck=1 delivered=1 repeats="$repeats"
	is first 0 "$line"
	is size 33554432 "$line"
	rm "/mnt/$1/collision"
}

# A length that is no multiple of a page, up to the end of the file; the last page has several blocks on
# vfat, and on ext4 on a device as small as this.
tail_of_sectors() {
	load
	told "$1" 1 --size 66048 --offset 61440 --length 4608 ${2:+"$2"}
	is first 61440 "$line"
	is size 66048 "$line"
}

# On vfat there is none: making the file longer has filled it with zeros.
hole() {
	load
	told "$1" 1 --size 131072 --written 65536 --offset 65536 ${2:+"$2"}
	is first 65536 "$line"
	is size 131072 "$line"
}

unwritten() {
	rm -f "/mnt/$1/collision"
	xfs_io -f -c "falloc 0 128k" "/mnt/$1/collision"
	load
	told "$1" 1 --keep --size 131072 --written 65536 --offset 65536 ${2:+"$2"}
	is first 65536 "$line"
	is size 131072 "$line"
	rm "/mnt/$1/collision"
}

# Two in flight at the same place. The folio in the way is in the way of both.
overlapping() {
	load
	told "$1" 2 --writes 2 --overlap
	is first 0 "$line"
	is size 65536 "$line"
}

# Past the end of the file: see the cases extend-* of ext4 and xfs. On vfat such a write goes through
# the page cache (fat_direct_IO()), and has no late error.
past_end_vfat() {
	load
	watch_path
	before
	echo >"$tracing/trace"
	xfs_io -f -d -c "pwrite -b 64k 0 64k" /mnt/vfat/longer
	[ "$(passed 'direct|direct_old|invalidated|late')" = 0 ] || fail "$(cat "$tracing/trace")"
	# The same where the file is: the probes do see a direct write.
	xfs_io -d -c "pwrite -b 64k 0 64k" /mnt/vfat/longer
	[ "$(passed direct_old)" = 1 ] || fail "$(cat "$tracing/trace")"
	expect
	say "through the page cache"
	unwatch_path
	rm /mnt/vfat/longer
}

for how in $submitters; do
	for fs in $filesystems; do
		core run "inline-$how-$fs" in_line "$fs" "$(submitter "$how")"
		quick_if "$fs" xfs run "many-bios-$how-$fs" many_bios "$fs" "$(submitter "$how")"
		quick run "tail-$how-$fs" tail_of_sectors "$fs" "$(submitter "$how")"
		quick_if "$fs" xfs run "hole-$how-$fs" hole "$fs" "$(submitter "$how")"
		quick_if "$fs" ext4 run "unwritten-$how-$fs" unwritten "$fs" "$(submitter "$how")"
	done
done
for fs in $filesystems; do
	quick_if "$fs" xfs run "stored-by-$fs" stored_by "$fs"
	quick_if "$fs" vfat run "overlapping-$fs" overlapping "$fs"
done
quick run past-end-vfat past_end_vfat
