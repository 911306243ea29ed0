# shellcheck disable=SC2086 # options of collide, several in one argument
# io_uring, each way it can submit and complete a write.

# What makes a file longer: on ext4 the file system waits for such a write, and io_uring finds it
# finished; xfs completes it as any other. (vfat writes it through the page cache.)
longer="--size 65536 --offset 32768"

# uring FS HOW [option...]: HOW is that of collide --uring.
uring() {
	load
	before
	collision "$1" "--uring=$2" $3
	is res -5 "$line"
	[ "$2" != linked ] || is link -125 "$line"
	[ -z "$3" ] || is size 98304 "$line"
	say "res -EIO"
	[ "$2" != linked ] || say "the next in the chain is cancelled"
	expect late_errors=1 stuck=1 delivered=1
}

# uring_iopoll FS HOW: a device whose completions come only to who polls for them, so that nothing else has to hold it.
uring_iopoll() {
	needs null_blk
	modprobe null_blk nr_devices=1 queue_mode=2 poll_queues=1 memory_backed=1 gb=1
	if [ ! -e /sys/module/null_blk/parameters/poll_queues ]; then
		rmmod null_blk
		skip "null_blk of this kernel has no polled queues"
	fi
	"mkfs.$1" -q /dev/nullb0
	mkdir -p /mnt/other
	mount -t "$1" /dev/nullb0 /mnt/other
	calm_flusher /mnt/other
	load
	before
	line=$(collide "--uring=$2" - /mnt/other/collision) || fail "$line"
	echo "$line"
	umount /mnt/other
	rmmod null_blk
	is res -5 "$line"
	say "res -EIO"
	expect late_errors=1 stuck=1 delivered=1
}

uring_observe() {
	load policy=observe
	before
	collision "$1" --uring $2
	is res 65536 "$line"
	say "res 65536"
	expect late_errors=1 stuck=1 observed=1
}

uring_without_collision() {
	load
	before
	collision "$1" --uring=linked --stores 0 $2
	is res 65536 "$line"
	is link 0 "$line"
	is undone 0 "$line"
	say "res 65536"
	expect
}

# The limit on the size of a file makes a write that is waited for a short one. A worker of io_uring
# tries the rest, as if nothing had been, and that fails: nobody can be told. libaio can, and io_uring
# where it leaves it at that (before 6.0).
uring_short() {
	load
	before
	collision ext4 --uring $longer --limit 81920
	case $(uname -r) in
	5.*)
		is res -5 "$line"
		say "io_uring: res -EIO"
		expect late_errors=1 stuck=1 delivered=1
		;;
	*)
		is res 49152 "$line"
		say "io_uring: res 49152"
		expect late_errors=1 stuck=1 undeliverable=1
		;;
	esac
	before
	collision ext4 $longer --limit 81920
	is res -5 "$line"
	is size 81920 "$line"
	say "libaio: res -EIO"
	expect late_errors=1 stuck=1 delivered=1
}

# The same, where it is the disk that was written to in the wrong order.
uring_short_overtaken() {
	load track=always
	before
	collision ext4 --uring $longer --limit 81920 --during "/lib-guest/written-back.sh /mnt/ext4/collision"
	case $(uname -r) in
	5.*)
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
		;;
	*)
		is res 49152 "$line"
		expect late_errors=1 overtaken=1 undeliverable=1
		newest reason short-write
		;;
	esac
}

# What cannot be told is made true all the same.
uring_short_repaired() {
	load policy=repair repair_ms=10000
	for how in --uring ""; do
		before
		collision ext4 $how $longer --limit 81920
		is res 49152 "$line"
		is undone 0 "$line"
		is fsync 0 "$line"
		expect late_errors=1 stuck=1 repaired=1
	done
}

for fs in $filesystems; do
	for how in plain sqpoll fixed linked; do
		core run "uring-$how-$fs" uring "$fs" "$how" ""
	done
	for how in plain sqpoll fixed linked; do
		[ "$fs" = vfat ] || core run "uring-longer-$how-$fs" uring "$fs" "$how" "$longer"
	done
	core run "uring-observe-$fs" uring_observe "$fs" ""
	core run "uring-no-collision-$fs" uring_without_collision "$fs" ""
done
core run uring-longer-observe-ext4 uring_observe ext4 "$longer"
core run uring-longer-no-collision-ext4 uring_without_collision ext4 "$longer"
core run uring-short uring_short
core run uring-short-overtaken uring_short_overtaken
quick run uring-short-repaired uring_short_repaired
# 5.10 and 6.1 refuse to poll a dm device (-EOPNOTSUPP), and no other can be held while a write is
# waited for.
case $(uname -r) in
5.* | 6.1.*) ;;
*) core run uring-longer-iopoll-ext4 uring ext4 iopoll "$longer" ;;
esac
# vfat's completions cannot be polled. 6.12 polls for no asynchronous write, as it completes all in a
# worker (iomap_dio_bio_iter(), fs/iomap/direct-io.c, takes IOCB_HIPRI away), so a dm device will do; the
# others do poll, and refuse a dm device.
for fs in ext4 xfs; do
	for how in iopoll quiet; do
		case $(uname -r) in
		6.12.*) core run "uring-$how-$fs" uring "$fs" "$how" "" ;;
		*) core run "uring-$how-$fs" uring_iopoll "$fs" "$how" ;;
		esac
	done
done
