# shellcheck disable=SC2086 # options of model, several in one argument
# Nobody makes others' overtaken writes unknown, however hard he tries, and none needs a privilege for it; and
# what happens to be so from time to time does not either.
# Read behind 87-overtaken.sh, by whose functions each of them is overtaken.

# cgroup NAME CONTROLLER: one, below /mnt/cgroup.
cgroup() {
	mkdir -p /mnt/cgroup
	grep -q " /mnt/cgroup " /proc/mounts || mount -t cgroup2 none /mnt/cgroup
	grep -qw "$2" /mnt/cgroup/cgroup.controllers || skip "this kernel has no cgroup for $2"
	echo "+$2" >/mnt/cgroup/cgroup.subtree_control
	mkdir -p "/mnt/cgroup/$1"
}

# nobody COMMAND: what somebody without a privilege does, in a cgroup of little memory, in the background.
nobody() {
	echo "nobody:x:65534:65534::/:/bin/sh" >/etc/passwd
	cgroup small memory
	# So much may be dirty there: who stores would wait for what is held.
	echo 32M >/mnt/cgroup/small/memory.max
	printf '%s\n' "#!/bin/sh" "$1" >/tmp/nobody
	cat >/tmp/as-nobody <<-END
		#!/bin/sh
		echo \$\$ >/mnt/cgroup/small/cgroup.procs
		exec su -s /bin/sh nobody /tmp/nobody
	END
	chmod +x /tmp/nobody /tmp/as-nobody
}

# No cgroup is killed for what the module keeps of it.
nothing_was_killed() {
	grep -qx "oom_kill 0" /mnt/cgroup/small/memory.events || fail "$(cat /mnt/cgroup/small/memory.events)"
	rmdir /mnt/cgroup/small
}

# overtaken_beside FS OF COMMAND: a write to FS, in flight before direct writes are followed, while somebody does
# that with the file nobody on OF, held there too; then another one, when they are. Both are told.
overtaken_beside() {
	load
	rm -f "/mnt/$2/nobody"
	xfs_io -f -c "pwrite -q -b 1m 0 16m" -c fsync "/mnt/$2/nobody"
	echo 3 >/proc/sys/vm/drop_caches
	chown 65534 "/mnt/$2/nobody"
	nobody "$3"
	cat >/tmp/meanwhile <<-END
		#!/bin/sh
		set -e
		/lib-guest/dm.sh hold $2
		rm -f /tmp/stored /tmp/enough
		/tmp/as-nobody >/tmp/nobody.log 2>&1 &
		until [ -e /tmp/stored ]; do
			usleep 1000
		done
		/lib-guest/flush.sh sync
		/lib-guest/dm.sh release $2
		: >/tmp/enough
		wait
	END
	chmod +x /tmp/meanwhile
	for nth in 1 2; do
		before
		collision "$1" --during /tmp/meanwhile
		[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line $(cat /tmp/nobody.log)"
		is res -5 "$line"
		expect late_errors=1 overtaken=1 delivered=1
	done
	nothing_was_killed
	rm "/mnt/$2/nobody"
}

# The file is read directly all the time, and written through the page cache: whoever is counted in flight there
# writes nothing directly. He stops soon, or the write is in flight for longer than what was written back is kept.
beside_a_reader() {
	overtaken_beside "$1" "$2" "
		fio --name=reads --filename=/mnt/$2/nobody --direct=1 --ioengine=libaio --rw=randread --bs=4k \
			--iodepth=32 --size=16m --time_based --runtime=600 --thread --output=/tmp/reads &
		xfs_io -c 'mmap -rw 0 4m' -c 'mwrite 0 4m' /mnt/$2/nobody && : >/tmp/stored
		until [ -e /tmp/enough ]; do
			usleep 1000
		done
		kill \$!
		wait"
}

# Much of the file is written back while a direct write of his own is in flight to it.
beside_a_writer() {
	overtaken_beside "$1" "$2" "
		xfs_io -d -c 'pwrite -q 0 4096' /mnt/$2/nobody &
		xfs_io -c 'mmap -rw 1m 4m' -c 'mwrite 1m 4m' /mnt/$2/nobody && : >/tmp/stored
		wait"
}

# He has more writes in flight than find a place, and all of them in one.
beside_many_writes() {
	load track=always
	before
	collision "$2" --uid 65534 --size 4096 --length 4096 --writes 8192 --overlap --stores 0 --during "
		collide --during \"/lib-guest/written-back.sh /mnt/$1/collision\" $1 /mnt/$1/collision >/tmp/other"
	is ok 8192 "$line"
	is res -5 "$(cat /tmp/other)"
	expect late_errors=1 overtaken=1 delivered=1
}

# In flight for longer than what was written back before is kept: that is not known, and not called sound.
# It is kept for ten seconds (LONGEST, src/flight/sentinel.c), and no file shows when it no longer is.
overtaken_for_long() {
	load
	before
	collision "$1" --during "/lib-guest/written-back.sh /mnt/$1/collision; sleep $2"
	[ "$(value undone "$line")" -ge 4096 ] || fail "nothing was undone: $line"
	is res 65536 "$line"
	expect overtaken_unknown=1
	[ "$(since unknown_arming)" = 1 ] || fail "$(cat "$counters")"
}

# While direct writes cease to be followed, which an old one holds up.
overtaken_while_disarming() {
	load track=always
	before
	collision "$2" --stores 0 --during "
		echo auto >/sys/module/diolate/parameters/track &
		usleep 300000
		collide --during \"/lib-guest/written-back.sh /mnt/$1/collision\" $1 /mnt/$1/collision >/tmp/other
		wait"
	is ok 1 "$line"
	[ "$(value undone "$(cat /tmp/other)")" -ge 4096 ] || fail "nothing was undone: $(cat /tmp/other)"
	[ $(($(since late_errors) + $(since overtaken_unknown))) = 1 ] || fail "$(cat "$counters")"
	say "$(value res "$(cat /tmp/other)")"
}

# Held back by a limit of its cgroup, the write is sent when what was written back is on the disk.
overtaken_throttled() {
	cgroup slow io
	device=$(dmsetup info "$1" | sed -n 's/^Major, minor: *\([0-9]*\), \([0-9]*\)/\1:\2/p')
	for track in always auto; do
		load track=$track
		made "$1" 65536
		before
		echo "$device wbps=max wiops=max" >/mnt/cgroup/slow/io.max
		echo "$device wbps=16384" >/mnt/cgroup/slow/io.max
		cat >/tmp/slow <<-END
			#!/bin/sh
			echo \$\$ >/mnt/cgroup/slow/cgroup.procs
			exec collide --keep --during "
				echo \\\$\\\$ >/mnt/cgroup/cgroup.procs
				xfs_io -c 'sync_range -a -b -w 0 65536' /mnt/$1/collision" - /mnt/$1/collision
		END
		chmod +x /tmp/slow
		line=$(/tmp/slow) || fail "$line"
		echo "$line"
		is ok 1 "$line"
		is undone 0 "$line"
		unknown=$(since overtaken_unknown)
		# Of a write of fs/direct-io.c it is not known whose a bio is that another task sends.
		[ "$unknown" = 0 ] || { [ "$1-$track" = vfat-always ] && [ "$(since unknown_unseen)" = 1 ]; } ||
			{ [ $track = auto ] && [ "$unknown" -le 2 ]; } || fail "$unknown are not known"
		expect overtaken_unknown="$unknown"
		unload
	done
}

# At the end of the longest file, and what is written back there.
at_the_end() {
	load track=always
	rm -f /mnt/xfs/collision
	xfs_io -f -d -c "pwrite -q 9223372036854767616 4096" /mnt/xfs/collision
	before
	xfs_io -d -c "pwrite -q 9223372036854767616 4096" /mnt/xfs/collision
	xfs_io -c "pwrite -q 9223372036854775806 1" /mnt/xfs/collision
	/lib-guest/dm.sh hold xfs
	xfs_io -d -c "pwrite -q 9223372036854767616 4096" /mnt/xfs/collision &
	until grep -q "iomap_dio_rw" "/proc/$!/stack"; do
		usleep 1000
	done
	xfs_io -c "sync_range -w 9223372036854771712 4095" /mnt/xfs/collision
	/lib-guest/dm.sh release xfs
	wait
	expect
	rm /mnt/xfs/collision
}

# model_flushed DIRECTORY DEVICE "MOUNT" [option...]: random operations, while what is dirty is written back at
# any time: each write that ends well is true on the disk, and of those that end with -EIO it is said how many
# had lost nothing in the end. MOUNT mounts it anew.
model_flushed() {
	directory=$1 device=$2 anew=$3
	shift 3
	/lib-guest/dm.sh slow "$device" 1
	load track=always
	before
	found=$(model --flush --ops "$(either 2000 40000)" --image /tmp/image "$@" "$directory/model") || fail "$found"
	/lib-guest/dm.sh release "$device"
	[ "$(since overtaken)" -gt 0 ] || fail "nothing was overtaken: $found"
	all_found_out "$@"
	expect_outcomes delivered="$(value eio "$found")" undeliverable="$(since undeliverable)" spared="$(since spared)"
	umount "$directory"
	$anew
	cmp /tmp/image "$directory/model" || fail "not the same after it was mounted anew"
	say "$found, $(since overtaken) overtaken, $(since overtaken_unknown) unknown"
}

for fs in $filesystems; do
	other=xfs
	[ "$fs" != xfs ] || other=ext4
	quick_if "$fs" xfs run "beside-a-reader-$fs" beside_a_reader "$fs" $other
	quick_if "$fs" ext4 run "beside-a-writer-$fs" beside_a_writer "$fs" $other
	quick_if "$fs" vfat run "beside-many-writes-$fs" beside_many_writes "$fs" $other
	quick_if "$fs" xfs run "overtaken-for-long-$fs" overtaken_for_long "$fs" 13
	quick_if "$fs" ext4 run "overtaken-while-disarming-$fs" overtaken_while_disarming "$fs" $other
	quick_if "$fs" xfs run "overtaken-throttled-$fs" overtaken_throttled "$fs"
	options="--align 4096"
	[ "$fs" != vfat ] || options="--align 4096 --no-punch --async"
	quick_if "$fs" ext4 run "model-flushed-$fs" model_flushed "/mnt/$fs" "$fs" "mount_fs $fs" $options
done
# It may take ten seconds until it is known of a synchronous write that nobody knows.
fewer="--ops $(either 1000 4000)"
run model-sync-flushed-ext4 following model_flushed /mnt/ext4 ext4 "mount_fs ext4" $fewer --align 4096 --sync
run model-sync-flushed-vfat following model_flushed /mnt/vfat vfat "mount_fs vfat" $fewer \
	--align 4096 --no-punch --async --sync
# As where the path to a device is down for a while.
run overtaken-for-longer-xfs overtaken_for_long xfs 80
quick run overtaken-at-the-end-xfs at_the_end
