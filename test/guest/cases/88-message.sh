# shellcheck disable=SC2016 # wait_until evaluates its argument itself
# The message in the kernel's log: once a file and hour.

# messages NUMBER: that so many were printed since `dmesg -c`, into /tmp/messages. A worker prints them.
messages() {
	wait_until '[ "$(dmesg | grep -c "diolate: .*; see diolate log$")" -ge '"$1"' ]'
	dmesg | grep 'diolate: .*; see diolate log$' >/tmp/messages || true
	cat /tmp/messages
	[ "$(wc -l </tmp/messages)" = "$1" ] || fail "not $1 messages: $(cat /tmp/messages)"
}

# message TEXT: that one was printed since, which ends so.
message() {
	messages 1
	grep -qF "$1; see diolate log" /tmp/messages || fail "not \"$1\": $(cat /tmp/messages)"
	dmesg -c >/dev/null
}

message_of_file() {
	load
	dmesg -c >/dev/null
	before
	collision ext4 --submitted
	message "diolate: /collision (ext4 $(device_of /mnt/ext4), inode $(stat -c %i /mnt/ext4/collision)): \
the page cache disagrees with the disk after a direct write of 65536 bytes at 0 by collide ($(value pid "$line")); \
storer ($(value storer "$line")) had dirtied the page through mmap; the writer was told"
	# It was said, in this hour.
	line=$(collide --keep ext4 /mnt/ext4/collision) || fail "$line"
	# Of another file, and of what is put right, it was not.
	echo observe >/sys/module/diolate/parameters/policy
	collision xfs --submitted
	message "had dirtied the page through mmap; nobody was told, as the policy is observe"
	echo repair >/sys/module/diolate/parameters/policy
	line=$(collide --keep ext4 /mnt/ext4/collision) || fail "$line"
	message "had dirtied the page through mmap; that was put right, nothing is lost"
	echo 0 >/sys/module/diolate/parameters/kernel_log
	collision vfat
	rm /mnt/vfat/collision
	[ "$(cat /sys/module/diolate/parameters/kernel_log)" = N ] || fail "it was not switched off"
	echo 1 >/sys/module/diolate/parameters/kernel_log
	collision vfat --submitted --offset 65536 --size 131072
	message "a direct write of 65536 bytes at 65536 by collide ($(value pid "$line")); \
storer ($(value storer "$line")) had dirtied the page through mmap; that was put right, nothing is lost"
	expect late_errors=6 stuck=6 delivered=2 observed=1 repaired=3
}

message_overtaken() {
	load
	dmesg -c >/dev/null
	before
	overtaken xfs /mnt/xfs --submitted
	message "writeback overtook a direct write of 65536 bytes at 0 by collide ($(value pid "$line")); \
storer ($(value storer "$line")) had dirtied the page through mmap; the writer was told"
	expect late_errors=1 overtaken=1 delivered=1
}

# What would break the line is escaped; of a long path the end is kept.
message_names() {
	load
	dmesg -c >/dev/null
	before
	odd="/tmp/$(printf 'a\nb\033[2J')"
	ln -sf "$(command -v collide)" "$odd"
	long=$(printf 'd%.0s' $(seq 250))
	mkdir -p "/mnt/ext4/$long/$long"
	line=$("$odd" --submitted ext4 "/mnt/ext4/$long/$long/$(printf 'new\nline')") || fail "$line"
	rm -r "/mnt/ext4/$long" "$odd"
	message "by a\\012b\\033[2J ($(value pid "$line")); storer ($(value storer "$line")) had dirtied the page through mmap; \
the writer was told"
	grep -q "diolate: \.\.\.d*/d*/new.012line (ext4 " /tmp/messages || fail "$(cat /tmp/messages)"
	expect late_errors=1 stuck=1 delivered=1
}

# No more than 30 are said, and once that there are more.
message_many() {
	load policy=observe
	dmesg -c >/dev/null
	before
	line=$(storm --writes 1 --waited 40) || fail "$line"
	rm /mnt/*/storm-*
	[ "$(counter late_errors)" -ge 40 ] || fail "$line"
	# Some find no place at once.
	for n in $(seq 40); do
		collision ext4
		mv /mnt/ext4/collision "/mnt/ext4/many-$n"
	done
	wait_until 'dmesg | grep -q "diolate: more than 30 messages of late errors in an hour: see diolate log"'
	rm /mnt/ext4/many-*
	messages 30
	late=$(since late_errors)
	expect late_errors="$late" stuck="$late" observed="$late"
}

quick run message-of-file message_of_file
quick run message-overtaken message_overtaken
run message-names message_names
run message-many message_many
