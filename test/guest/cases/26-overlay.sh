# shellcheck disable=SC2086 # options of collide, several in one argument
# overlayfs, as a container has it; also stacked twice.

# overlay_on LOWER_FS: mount one whose upper directory is there, on /mnt/overlay.
overlay_on() {
	modprobe overlay
	mkdir -p "/mnt/$1/upper" "/mnt/$1/work" "/mnt/$1/lower" /mnt/overlay
	mount -t overlay -o "lowerdir=/mnt/$1/lower,upperdir=/mnt/$1/upper,workdir=/mnt/$1/work" \
		overlay /mnt/overlay
}

# overlay FS POLICY [option...]
overlay() {
	overlay_on "$1"
	load policy="$2"
	before
	collision_in "$1" /mnt/overlay $3
	umount /mnt/overlay
	case $2 in
	propagate)
		is res -5 "$line"
		say "res -EIO"
		expect late_errors=1 stuck=1 delivered=1
		;;
	observe)
		is res 65536 "$line"
		say "res 65536"
		expect late_errors=1 stuck=1 observed=1
		;;
	esac
}

# Where a write with O_APPEND begins only the file below knows, until it has written.
overlay_append() {
	overlay_on xfs
	for policy in propagate observe; do
		load policy=$policy
		before
		collision_in xfs /mnt/overlay --append --size 66048 --offset 66048 $1
		is size 131584 "$line"
		case $policy in
		propagate)
			is res -5 "$line"
			expect late_errors=1 stuck=1 delivered=1
			;;
		observe)
			is ok 1 "$line"
			expect late_errors=1 stuck=1 observed=1
			;;
		esac
		unload
	done
	umount /mnt/overlay
}

# A second one on top of it. Its own writes go to its own upper layer, which the kernel does not allow
# to be an overlay; its lower layer is the first.
overlay_twice() {
	overlay_on "$1"
	mkdir -p /mnt/overlay/upper /mnt/overlay/work "/mnt/$1/upper2" "/mnt/$1/work2" /mnt/twice
	if mount -t overlay overlay /mnt/twice \
		-o lowerdir=/mnt/overlay,upperdir=/mnt/overlay/upper,workdir=/mnt/overlay/work; then
		fail "an overlay may be the upper layer of another"
	fi
	echo below >/mnt/overlay/collision
	mount -t overlay overlay /mnt/twice \
		-o "lowerdir=/mnt/overlay,upperdir=/mnt/$1/upper2,workdir=/mnt/$1/work2"
	load
	before
	collision_in "$1" /mnt/twice $2
	umount /mnt/twice
	rm -r "/mnt/$1/upper2/collision"
	[ "$(cat /mnt/overlay/collision)" = below ] || fail "the lower file was written"
	umount /mnt/overlay
	is res -5 "$line"
	say "res -EIO"
	expect late_errors=1 stuck=1 delivered=1
}

# A loop device with direct I/O over a file on overlayfs: the write belongs to the kernel.
overlay_loop() {
	overlay_on "$1"
	loop_collision "$1" /mnt/overlay
	umount /mnt/overlay
}

for fs in ext4 xfs; do
	locks quick_if "$fs" ext4 run "overlay-observe-$fs" overlay "$fs" observe ""
	locks quick_if "$fs" xfs run "overlay-longer-observe-$fs" overlay "$fs" observe "$longer"
	locks quick_if "$fs" xfs run "overlay-loop-$fs" overlay_loop "$fs"
	for how in "" --uring; do
		locks quick_if "$fs" ext4 run "overlay${how:+-uring}-$fs" overlay "$fs" propagate "$how"
		locks quick_if "$fs" ext4 run "overlay${how:+-uring}-longer-$fs" overlay "$fs" propagate "$how $longer"
		locks quick_if "$fs" ext4 run "overlay-twice${how:+-uring}-$fs" overlay_twice "$fs" "$how"
		locks quick_if "$fs" ext4 run "overlay-twice${how:+-uring}-longer-$fs" overlay_twice "$fs" "$how $longer"
	done
done
quick run overlay-append overlay_append ""
run overlay-append-uring overlay_append --uring
