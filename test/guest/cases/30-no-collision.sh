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

for fs in $filesystems; do
	file=/mnt/$fs/collision
	run "clean-reader-$fs" clean "$fs" "cat $file >/dev/null"
	run "clean-copy-$fs" clean "$fs" "cp $file /tmp/copy && cmp $file /tmp/copy"
	run "clean-cached-$fs" clean "$fs" "dd if=$file of=/dev/null bs=4096 skip=3 count=1"
done
