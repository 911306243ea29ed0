# shellcheck disable=SC2086 # options of collide, several in one argument
# A kernel whose iomap advances ki_pos before it invalidates, as before 6.5: what is late are the bytes that were
# written, and not those behind them. 5.10 is made one (test/module/earlier.c).
# Read behind 85-repaired.sh, by whose functions a write is repaired.

# earlier COMMAND...: on such a kernel.
earlier() {
	/sbin/insmod /earlier.ko || fail "earlier"
	status=0
	("$@") || status=$?
	times=$(cat /sys/module/earlier/parameters/times)
	/sbin/rmmod earlier
	[ $status = 0 ] || exit $status
	[ "$times" -gt 0 ] || fail "never advanced"
}

# behind FS: somebody stores into all that is behind the write.
behind() {
	echo "xfs_io -c 'mmap -rw 64k 64k' -c 'mwrite -S 0x73 64k 64k' /mnt/$1/collision"
}

# While nothing is dirty behind the write, and while all is.
earlier_told() {
	load
	for meanwhile in : "$(behind "$1")"; do
		before
		collision "$1" $2 --size 131072 --during "$meanwhile"
		is res -5 "$line"
		newest offset 0
		newest length 65536
		newest error -5
		expect late_errors=1 stuck=1 delivered=1
	done
}

# What somebody has stored behind the write stays.
earlier_repaired() {
	load_repair
	for how in "" --uring; do
		repaired "$1" $how --size 131072 --during "$(behind "$1")"
		newest offset 0
		expect late_errors=1 stuck=1 repaired=1
		holds "/mnt/$1/collision" 0 65536 n
		holds "/mnt/$1/collision" 65536 65536 s
	done
}

# The offset of the file is put back where it was.
earlier_sync() {
	load sync=follow
	for how in pwrite write; do
		before
		collision "$1" --sync=$how --size 131072
		is res -5 "$line"
		is pos 0 "$line"
		newest offset 0
		expect late_errors=1 stuck=1 delivered=1
	done
}

case $(uname -r) in
5.10.*)
	for fs in ext4 xfs; do
		quick_if "$fs" ext4 run "earlier-$fs" earlier earlier_told "$fs" ""
		run "earlier-uring-$fs" earlier earlier_told "$fs" --uring
		quick_if "$fs" xfs run "earlier-repair-$fs" earlier earlier_repaired "$fs"
		quick_if "$fs" xfs run "earlier-sync-$fs" earlier earlier_sync "$fs"
	done
	;;
esac
