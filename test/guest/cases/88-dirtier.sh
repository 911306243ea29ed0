# shellcheck disable=SC2086 # options, several in one argument
# Who had made the folio dirty that was in the way: the process that did, or nobody.

# dirtied_by HOW COMM [PID]: what the newest record says.
dirtied_by() {
	newest dirtied_by "$1"
	newest dirtied_comm "$2"
	[ -z "${3:-}" ] || newest dirtied_pid "$3"
}

# dirtier_storer FS HOW [option...]: collide's other process, by HOW; by each way to submit. The first one stores
# when direct I/O is in flight for certain; from then on the file is watched (DIOLATE_WATCH, src/flight/dirtied.h),
# also between the moment at which a write drops the page and that at which it is in flight.
dirtier_storer() {
	fs=$1 how=$2
	shift 2
	head -c 4096 /dev/zero | tr '\0' s >/mnt/$fs/full
	sync
	load sync=follow
	for submit in --submitted --uring --sync; do
		before
		collision "$fs" $submit "$@"
		dirtied_by "$how" storer "$(value storer "$line")"
		# fs/direct-io.c invalidates twice.
		expect late_errors=1 stuck=1 delivered=1 repeats="$(since repeats)"
	done
	rm "/mnt/$fs/full"
}

# Who has it written back before the write is answered is not the one. The first of all was in flight before
# direct writes were followed.
dirtier_overtaken() {
	load sync=follow
	for submit in --submitted --submitted --uring --sync; do
		before
		overtaken "$1" "/mnt/$1" $submit
		newest kind overtaken
		dirtied_by mmap storer "$(value storer "$line")"
		expect late_errors=1 overtaken=1 delivered=1
	done
}

# A buffered write by a process that is gone by the time of the late error.
dirtier_write() {
	load
	before
	collision "$1" --submitted --stores 0 --during "echo \$\$ >/tmp/writer
		exec dd if=/dev/zero of=/mnt/$1/collision bs=4096 count=1 conv=notrunc"
	dirtied_by write dd "$(cat /tmp/writer)"
	expect late_errors=1 stuck=1 delivered=1
}

# A loop device writes to its file through the page cache, by a thread of the kernel. It is attached before:
# that syncs the file, which would wait for the write.
dirtier_loop() {
	needs loop
	modprobe loop
	file=/mnt/$1/collision
	dd if=/dev/zero bs=65536 count=1 2>/dev/null | tr '\0' o >"$file"
	sync
	loop=$(/sbin/losetup --find --show "$file")
	load
	before
	line=$(collide --keep --submitted --stores 0 \
		--during "dd if=/dev/zero of=$loop bs=4096 count=1 oflag=direct" "$1" "$file") || fail "$line"
	echo "$line"
	/sbin/losetup --detach "$loop"
	dirtied_by kernel "$(value dirtied_comm "$(tail -n 1 "$log")")"
	case $(value dirtied_comm "$(tail -n 1 "$log")") in
	kworker/* | loop*) ;;
	*) fail "$(tail -n 1 "$log")" ;;
	esac
	expect late_errors=1 stuck=1 delivered=1
}

# In a container: a process is named by its number outside.
dirtier_in_namespace() {
	[ -e /proc/self/ns/pid ] || skip "this kernel has no PID namespaces"
	load
	before
	line=$(unshare -p -f collide --submitted ext4 /mnt/ext4/collision) || fail "$line"
	echo "$line"
	record=$(tail -n 1 "$log")
	dirtied_by mmap storer
	[ "$(value storer "$line")" -lt 20 ] || fail "not of a namespace: $line"
	[ "$(value pid "$record")" -gt 20 ] || fail "of the namespace: $record"
	[ "$(value dirtied_pid "$record")" -gt "$(value pid "$record")" ] || fail "of the namespace: $record"
	expect late_errors=1 stuck=1 delivered=1
}

# Two at a time, each in the way of another write.
dirtier_two() {
	load
	before
	collision "$1" --size 131072 --writes 2 --stores 1 --during "echo \$\$ >/tmp/writer
		exec dd if=/dev/zero of=/mnt/$1/collision bs=4096 count=1 seek=16 conv=notrunc"
	expect late_errors=2 stuck=2 delivered=2
	tail -n 2 "$log" >/tmp/two
	while read -r record; do
		case $record in
		*" offset=0 "*) is dirtied_pid "$(value storer "$line")" "$record" ;;
		*) is dirtied_pid "$(cat /tmp/writer)" "$record" ;;
		esac
	done </tmp/two
}

# Who only begins to write it back, and who makes it dirty once more meanwhile, is not the one.
dirtier_flushed() {
	load
	before
	collision "$1" --again --during "/lib-guest/written-back.sh /mnt/$1/collision"
	case $(value dirtied_comm "$(tail -n 1 "$log")") in
	storer | -) ;;
	*) fail "$(tail -n 1 "$log")" ;;
	esac
	expect_outcomes delivered=1
}

# Of many at a time each that is named is right: here all are by one process.
dirtier_storm() {
	load
	before
	line=$(storm) || fail "$line"
	named=$(awk '
		/ kind=stuck / {
			all++
			if (/ dirtied_comm=storm dirtied_by=mmap$/)
				named++
			else if (!/ dirtied_pid=- dirtied_comm=- dirtied_by=-$/)
				wrong++
		}
		END { print wrong + 0, int(100 * named / all) }' "$log")
	[ "${named% *}" = 0 ] || fail "$(grep -v dirtied_comm=storm "$log" | head -n 3)"
	[ "${named#* }" -ge 95 ] || fail "only ${named#* } % are named"
	say "${named#* } % of $(since stuck) named"
}

for fs in $filesystems; do
	quick_if "$fs" ext4 run "dirtier-mmap-$fs" dirtier_storer "$fs" mmap
	run "dirtier-vm-$fs" dirtier_storer "$fs" gup --by vm
	quick_if "$fs" xfs run "dirtier-overtaken-$fs" dirtier_overtaken "$fs"
	# On ext4 a buffered write waits until no direct one is in flight (ext4_buffered_write_iter(), 7.3).
	[ "$fs" = ext4 ] || quick_if "$fs" xfs run "dirtier-write-$fs" dirtier_write "$fs"
done
quick run dirtier-reader-ext4 dirtier_storer ext4 mmap --by seek
quick run dirtier-loop dirtier_loop xfs
quick run dirtier-in-namespace dirtier_in_namespace
run dirtier-read-ext4 dirtier_storer ext4 gup --by /mnt/ext4/full
quick run dirtier-two dirtier_two xfs
run dirtier-flushed dirtier_flushed ext4
quick run dirtier-storm dirtier_storm
