# Other users of the page cache never make a correct program fail.

# clean FS COMMAND: no store; the command runs while the write is in flight.
clean() {
	load
	before
	collision "$1" --stores 0 --during "$2"
	is res 65536 "$line"
	is fsync 0 "$line"
	is undone 0 "$line"
	expect
	say "res 65536, no counter changed"
}

# Two direct writes of one program that share nothing but a page. The second is past what is initialized
# and goes through the page cache, where the file system fills the gap with zeros and so dirties the
# page of the first. Both are on the disk: -EIO would be false.
#
# beside FS FILE [option...]
beside() {
	fs=$1 file=$2
	shift 2
	cat >/tmp/beside <<-END
		#!/bin/sh
		xfs_io -d -c "pwrite -b 512 8192 512" $file &
		until grep -q fdatawait /proc/\$!/stack; do
			usleep 1000
		done
	END
	chmod +x /tmp/beside
	load
	before
	line=$(collide --keep --written 512 --length 512 --stores 0 --during /tmp/beside "$@" "$fs" "$file") ||
		fail "$line"
	echo "$line"
	is res 512 "$line"
	is undone 0 "$line"
	say "res 512"
	expect late_errors=1 stuck=1 spared=1
}

beside_vfat() {
	: >/mnt/vfat/collision
	beside vfat /mnt/vfat/collision --size 512 "$@"
}

beside_exfat() {
	other_fs exfat mkfs.exfat
	: >/mnt/other/collision
	beside other /mnt/other/collision --size "$1"
	umount /mnt/other
}

for fs in $filesystems; do
	file=/mnt/$fs/collision
	core run "clean-reader-$fs" clean "$fs" "cat $file >/dev/null"
	core run "clean-copy-$fs" clean "$fs" "cp $file /tmp/copy && cmp $file /tmp/copy"
	core run "clean-cached-$fs" clean "$fs" "dd if=$file of=/dev/null bs=4096 skip=3 count=1"
done
core run clean-beside-vfat beside_vfat
core run clean-beside-uring-vfat beside_vfat --uring
# What is initialized ends with the file on 6.1, and may end before it on 6.12. 7.3 waits for direct
# writes in flight (exfat_file_write_iter()).
case $(uname -r) in
6.1.*) core run clean-beside-exfat beside_exfat 512 ;;
6.12.*) core run clean-beside-exfat beside_exfat 65536 ;;
esac
