# QEMU with cache=none, which writes an image with O_DIRECT: by pwrite() and pwritev() in threads, by libaio
# or by io_uring. The image is dirtied meanwhile by a process that changes nothing (dirty.c). It is Debian
# 13's, whatever the kernel.
# shellcheck source=/dev/null
. "$lib_guest/programs.sh"

# MiB, and how much is written at a time.
size=8
request=65536
old=17 new=34

# qemu_io COMMAND...: on $inside, as $format, without the page cache, by $how. It reads a command a line.
qemu_io() {
	printf '%s\n' "$@" | in_root qemu-io -t none -i "$how" -f "$format" "$inside"
}

# bytes_not VALUE: how many of the image, as its guest would see it from the disk, are not that.
bytes_not() {
	drop_cache
	in_root qemu-img convert -f "$format" -O raw "$inside" /tmp/raw
	octal=$(printf '\\%o' "$1")
	tr -d "$octal" <"$root/tmp/raw" | wc -c
	rm "$root/tmp/raw"
}

# image FS FORMAT HOW
image() {
	fs=$1 format=$2 how=$3
	inside=/tmp/$1/image
	in_root qemu-img create -q -f "$format" -o preallocation=full "$inside" ${size}M
	qemu_io "write -q -P $old 0 ${size}M" flush
	# Else all of it would be dirtied at once, and the first to write there have to wait for that.
	cat "/mnt/$fs/image" >/dev/null
}

# begin MS LOOK: the disk takes so long for a write, and each LOOK ms it is looked what can be dirtied.
begin() {
	/lib-guest/dm.sh slow "$fs" "$1"
	dirty "/mnt/$fs/image" "$2" &
	dirtying=$!
	trap calm_image EXIT
}

calm_image() {
	kill "$dirtying" 2>/dev/null || true
	wait "$dirtying" || true
	/lib-guest/dm.sh release "$fs"
	trap - EXIT
}

# bench: with many requests in flight, as its guest would. It ends with the first that fails.
bench() {
	begin 50 1
	status=0
	in_root qemu-img bench -w -t none -i "$how" -f "$format" -s $request -S $request -d 8 \
		-c $((size * 1048576 / request)) --pattern=$new "$inside" >/tmp/bench 2>&1 || status=$?
	tail -n 2 /tmp/bench
	ended=success
	[ $status = 0 ] || ended=$(sed -n 's/.*Failed request: //p' /tmp/bench | head -n 1)
}

# again: one request after the other; those that failed once more, up to ten times. What dirties looks not
# so often that each would fail.
again() {
	begin 10 50
	seq 0 $request $((size * 1048576 - 1)) >/tmp/offsets
	told=0
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		[ -s /tmp/offsets ] || break
		sed "s/.*/write -P $new & $request/" /tmp/offsets |
			in_root qemu-io -t none -i "$how" -f "$format" "$inside" >/tmp/io 2>&1 || true
		grep -oE 'wrote [0-9/]* bytes at offset [0-9]+' /tmp/io | sed 's/.* //' >/tmp/done
		awk 'BEGIN { while ((getline offset <"/tmp/done") > 0) wrote[offset] }
			!($1 in wrote)' /tmp/offsets >/tmp/failed
		told=$((told + $(wc -l </tmp/failed)))
		mv /tmp/failed /tmp/offsets
		turns=$turn
	done
	left=$(wc -l </tmp/offsets)
	ended="$told told in $turns turns, $left left"
	grep -o '[a-z]* failed: .*' /tmp/io | sort | uniq -c || true
}

# Without being told nobody can know; who is told and writes again has what it wrote.
expect_bench() {
	case $1 in
	stock | observe) { [ "$ended" = success ] && [ "$wrong" -gt 0 ]; } || fail "$found" ;;
	propagate) { [ "$ended" = "Input/output error" ] && [ "$delivered" -gt 0 ]; } || fail "$found" ;;
	repair) [ "$wrong" = 0 ] || [ "$delivered" -gt 0 ] || fail "$found" ;;
	esac
}

expect_again() {
	case $1 in
	stock | observe) { [ "$told" = 0 ] && [ "$wrong" -gt 0 ]; } || fail "$found" ;;
	*) { [ "$told" = "$delivered" ] && [ "$left" = 0 ] && [ "$wrong" = 0 ]; } || fail "$found" ;;
	esac
}

# qemu POLICY HOW: on each file system and format: what bench says and how many bytes of the image are wrong
# afterwards, and the same of who writes again what failed.
qemu() {
	mount_programs programs ext4 xfs
	load_for "$1" sync=follow
	for fs in ext4 xfs; do
		for format in raw qcow2; do
			for way in bench again; do
				image "$fs" "$format" "$2"
				count_from_here
				$way
				calm_image
				count_outcomes delivered observed repaired already_failed undeliverable spared sync
				wrong=$(bytes_not $new)
				found="$fs $format $way: $ended, $wrong wrong$counted"
				echo "$found"
				say "$found"
				expect_$way "$1"
				rm "/mnt/$fs/image"
			done
		done
	done
}

# For `make check-long` alone, as the databases.
if [ "$(either no yes)" = yes ] && ! is_debug && [ "$(uname -m)" = x86_64 ]; then
	for how in threads native io_uring; do
		for policy in stock observe propagate repair; do
			run "qemu-$how-$policy" qemu $policy $how
		done
	done
fi
