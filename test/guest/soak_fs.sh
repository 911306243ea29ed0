# shellcheck disable=SC2086,SC2317 # lists of words; soak.sh calls these
# Sourced by soak.sh: the file systems, and what runs on them.

# fill DISK: a RAM disk takes a page when it is first written to. From here on it has all, and so what is used does not
# grow by that.
fill() {
	dd if=$1 of=$1 bs=1M conv=notrunc 2>/dev/null
}

soak_file_systems() {
	# What is dirty is also written back, now and then while a write is in flight.
	echo 100 >/proc/sys/vm/dirty_writeback_centisecs
	echo 200 >/proc/sys/vm/dirty_expire_centisecs
	n=0
	for fs in $soaked; do
		umount_fs $fs
		fill /dev/ram$n
		mount_soaked $fs
		/lib-guest/dm.sh slow $fs 10
		n=$((n + 1))
	done
}

# Not as for the cases (mount_on): ext4 commits its journal when it likes.
mount_soaked() {
	mount -t $1 /dev/mapper/$1 /mnt/$1
}

mount_all() {
	for fs in $soaked; do
		mount_soaked $fs
	done
	soak_database mount_database
}

umount_all() {
	for fs in $soaked; do
		umount /mnt/$fs
	done
	soak_database umount_database
}

# What runs on them.

start_writers() {
	note "writers begin: ${1:-$soaked}"
	for fs in ${1:-$soaked}; do
		soaking ready $shared $fs
		# In a group whose memory can be made short.
		sh -c "echo \$\$ >/tmp/cgroup/soak/cgroup.procs; exec soaking run $shared $fs /mnt/$fs" >>/tmp/soak/$fs.log 2>&1 &
		echo $! >/tmp/soak/$fs.pid
	done
}

stop_writers() {
	note "writers end: ${1:-$soaked}"
	for fs in ${1:-$soaked}; do
		soaking stop $shared $fs || wrong alive "$fs: $(cat /tmp/soak/$fs.log)"
		wait "$(cat /tmp/soak/$fs.pid)" || wrong alive "$fs: $(cat /tmp/soak/$fs.log)"
	done
}

# One at a time is on a file system: fio, or who mounts it anew. There is no flock here.
take() {
	until mkdir /tmp/soak/$1.taken 2>/dev/null; do
		usleep 100000
	done
}

leave() {
	rmdir /tmp/soak/$1.taken
}

# fio beside them, on one file system after the other, in a file that nobody else uses. How often it ran,
# how often it failed, and how many writes it verified is in fio.sum.
verify_begins() {
	rm -f /tmp/soak/enough
	verify >>/tmp/soak/fio.log 2>&1 &
	verifying=$!
}

verify_ends() {
	: >/tmp/soak/enough
	wait $verifying
}

verify() {
	while :; do
		for fs in $soaked; do
			[ ! -e /tmp/soak/enough ] || return 0
			take $fs
			verify_on $fs
			leave $fs
			echo "$fio_runs $fio_failed $fio_writes" >/tmp/soak/fio.new
			mv /tmp/soak/fio.new /tmp/soak/fio.sum
		done
	done
}

verify_on() {
	export FILE="/mnt/$1/verified"
	[ -e "$FILE" ] || dd if=/dev/zero of="$FILE" bs=1M count=2 conv=fsync
	read -r fio_runs fio_failed fio_writes </tmp/soak/fio.sum
	fio_runs=$((fio_runs + 1))
	if fio --output-format=json --output=/tmp/soak/$1.json $lib_guest/fio/soak.fio; then
		fio_writes=$((fio_writes + $(awk '
			$1 == "\"write\"" { writes = 1 }
			$1 == "\"trim\"" { writes = 0 }
			writes && $1 == "\"total_ios\"" { sum += $3 }
			END { print sum + 0 }' /tmp/soak/$1.json)))
	else
		fio_failed=$((fio_failed + 1))
		echo "failed on $1"
	fi
}
