# The command `diolate`, on real collisions: who and check, which need no module.

. "$lib_guest/command.sh"

# While the direct write is in flight and the byte is stored.
who_collides() {
	cat >/tmp/during <<-END
		diolate who --json /mnt/$1/collision >/tmp/who
		[ \$? = 1 ] || exit 1
		diolate who /mnt/$1/collision
		[ \$? = 1 ]
	END
	# Somebody who reads a file there, and it is another.
	cp /init "/mnt/$1/another"
	tail -f "/mnt/$1/another" >/dev/null &
	bystander=$!
	collision "$1" --during "sh /tmp/during"
	kill $bystander
	[ "$(value undone "$line")" -gt 0 ] || fail "no collision: $line"
	has '"possible":true' /tmp/who
	has '"comm":"collide","uid":0,"user":"root","direct":[{"fd":3,"access":"read-write"}],"buffered":[],"mapped":[{"offset":0,"length":65536}]' /tmp/who
	# It and its child that stores. The shell of --during has inherited the descriptor, not the mapping.
	[ "$(grep -o '"mapped":\[{' /tmp/who | wc -l)" = 2 ] || fail "not two processes: $(cat /tmp/who)"
	ends 0 diolate who --json "/mnt/$1/collision" >/tmp/who
	has '"processes":[],"hidden":0,"possible":false' /tmp/who
	say "the two processes are seen with how they have the file, and afterwards nobody"
}

# Afterwards the module's log names both, by the number and the generation of the file.
who_did() {
	load
	before
	collision "$1" --submitted
	ends 0 diolate who "/mnt/$1/collision" >/tmp/who
	cat /tmp/who
	has "collide ($(value pid "$line")) wrote it directly, and has it open no more." /tmp/who
	has "storer ($(value storer "$line")) had dirtied pages of it through mmap, and has it open no more." /tmp/who
	expect late_errors=1 stuck=1 delivered=1
	# Of a file that has the number of a former one nobody is named.
	former=$(stat -c %i "/mnt/$1/collision")
	rm "/mnt/$1/collision"
	echo new >"/mnt/$1/collision"
	[ "$(stat -c %i "/mnt/$1/collision")" = "$former" ] || say "$1 has given it another number"
	ends 0 diolate who --json "/mnt/$1/collision" >/tmp/who
	has '"gone":[]' /tmp/who
	rm "/mnt/$1/collision"
	diolate top --culprits >/tmp/top
	cat /tmp/top
	grep -q " mmap .* storer ($(value storer "$line")) .* collide, 1 of 1" /tmp/top || fail "$(cat /tmp/top)"
}

# held FILE: somebody has it open with O_DIRECT and mapped, whom nothing but `kill $holder` ends.
held() {
	mkfifo /tmp/held
	xfs_io -d "$1" </tmp/held >/tmp/holder.log 2>&1 &
	holder=$!
	exec 9>/tmp/held
	echo "mmap -rw 0 4096" >&9
	wait_until "grep -q ' rw-s ' /proc/$holder/maps"
	rm /tmp/held
}

released() {
	exec 9>&-
	wait "$holder"
}

# held_directly FILE: the same, and not mapped.
held_directly() {
	mkfifo /tmp/directly
	xfs_io -d "$1" </tmp/directly >/tmp/directly.log 2>&1 &
	direct=$!
	exec 6>/tmp/directly
	wait_until "ls -l /proc/$direct/fd | grep -q '$1$'"
	rm /tmp/directly
}

released_directly() {
	exec 6>&-
	wait "$direct"
}

# seen FILE: that the holder is, with all it has; and not through another file.
seen() {
	ends 1 diolate who --json "$1" >/tmp/who
	has "\"processes\":[{\"pid\":$holder,\"comm\":\"xfs_io\"," /tmp/who
	has '"access":"read-write"}],"buffered":[],"mapped":[{"offset":0,"length":4096}],"log":' /tmp/who
}

# On overlayfs maps tells of the file below; on btrfs of the device of no subvolume, and in two of
# these two files have the same number.
who_overlay() {
	overlay_on ext4
	dd if=/dev/zero of=/mnt/overlay/who bs=64k count=1
	held /mnt/overlay/who
	seen /mnt/overlay/who
	# The same pages below, and another file. Whether maps tells of the one or the other, that is all.
	ends 0 diolate who --json /mnt/ext4/upper/who >/tmp/who
	if grep -q '"processes":\[\]' /tmp/who; then
		say "not seen through the file below"
	else
		has '"direct":[],"buffered":[],"mapped":[{"offset":0,"length":4096}]' /tmp/who
		say "its mapping is seen through the file below, too"
	fi
	released
	umount /mnt/overlay
}

who_btrfs() {
	modprobe btrfs
	other_fs btrfs mkfs.btrfs -q -f -K
	for volume in a b; do
		btrfs subvolume create /mnt/other/$volume
		dd if=/dev/zero of=/mnt/other/$volume/who bs=64k count=1
	done
	[ "$(stat -c %i /mnt/other/a/who)" = "$(stat -c %i /mnt/other/b/who)" ] || fail "not the same number"
	held /mnt/other/a/who
	seen /mnt/other/a/who
	ends 0 diolate who --json /mnt/other/b/who >/tmp/who
	has '"processes":[],"hidden":0' /tmp/who
	# Of the whole file system that one is mixed, by another subvolume's name, too.
	ends 1 diolate who -m --json /mnt/other/b >/tmp/who
	has '"file":"/mnt/other/a/who"' /tmp/who
	has '"files":1,"mixed":1,"hidden":0,"possible":true' /tmp/who
	released
	umount /mnt/other
}

# Of three files that are open on a file system one is mixed.
who_mount() {
	for name in mixed direct buffered; do
		dd if=/dev/zero of="/mnt/$1/$name" bs=64k count=1
	done
	# Each inherits what is open before it.
	held_directly "/mnt/$1/direct"
	held "/mnt/$1/mixed"
	exec 7>>"/mnt/$1/buffered"
	ends 1 diolate who -m "/mnt/$1" >/tmp/who
	cat /tmp/who
	[ "$(head -n 1 /tmp/who)" = "/mnt/$1/mixed" ] || fail "not the first"
	has "files that somebody has open directly or for writing: 3; a collision is possible on 1." /tmp/who
	# By its device, too; and the others are not mixed, though all of the directory are asked about.
	ends 1 diolate who -m --json "/dev/mapper/$1" >/tmp/who
	has '"files":3,"mixed":1,"hidden":0,"possible":true' /tmp/who
	ends 1 diolate who -r "/mnt/$1" >/tmp/who
	[ "$(grep -c "^/mnt/$1/" /tmp/who)" = 1 ] || fail "not one"
	released
	ends 0 diolate who -m "/mnt/$1" >/tmp/who
	exec 7>&-
	released_directly
	say "one of three files is mixed"
}

# partitioned: a loop device in $loop with one partition, $part, from 1 MiB on; both are held open, or what is in their
# caches would be written when the last closes them. A device that has written little has no share of what may be dirty,
# and is written to at once (wb_over_bg_thresh(), mm/page-writeback.c, 5.10 to 7.3): this one is given a share.
# All devices together may be given less than 100, and every file system here has 15 (test/guest/fs.sh).
partitioned() {
	needs loop
	modprobe loop
	truncate -s 8M /mnt/ext4/disk
	printf '\000\000\000\000\203\000\000\000\000\010\000\000\000\040\000\000' |
		dd of=/mnt/ext4/disk bs=1 seek=446 conv=notrunc
	printf '\125\252' | dd of=/mnt/ext4/disk bs=1 seek=510 conv=notrunc
	loop=$(/sbin/losetup --find --show --partscan /mnt/ext4/disk)
	part=${loop}p1
	echo 15 >"/sys/class/block/${loop#/dev/}/bdi/min_ratio"
	wait_until "[ -b $part ]"
	dd if=/dev/urandom of="$part" bs=16k count=4 conv=fsync
	exec 7<"$part" 8<"$loop"
}

unpartitioned() {
	exec 7<&- 8<&-
	/sbin/losetup --detach "$loop"
	rm /mnt/ext4/disk
}

# Writes that the loop device was told of.
loop_writes() {
	awk '{ print $5 }' "/sys/class/block/${loop#/dev/}/stat"
}

# A partition is read through its disk, so what is dirty is seen and stays so; a disk by itself, so it is not seen.
check_device() {
	partitioned
	dd if="$part" of=/dev/null bs=64k count=1
	ends 0 diolate check --json "$part" >/tmp/check
	has '"result":"same","size":4194304' /tmp/check
	has '"changing":null' /tmp/check
	tr '\0' x </dev/zero | dd of="$part" bs=4k seek=2 count=1 conv=notrunc
	writes=$(loop_writes)
	for time in 1 2; do
		ends 1 diolate check --strict --json "$part" >/tmp/check
		has '"differing":[{"offset":8192,"length":4096,' /tmp/check
		has '"dirty":true,"writeback":false,"on_disk":true,"changing":false}],"not_looked_at":[]' /tmp/check
	done
	ends 0 diolate check "$part"
	# The disk under a page that is clean: its readers get old data.
	dd if=/dev/zero of="$loop" bs=4k seek=$((256 + 5)) count=1 oflag=direct conv=notrunc
	[ "$(loop_writes)" = $((writes + 1)) ] || fail "check made the kernel write"
	ends 1 diolate check --json "$part" >/tmp/check
	has '"result":"differs"' /tmp/check
	has '{"offset":20480,"length":4096,"bytes":' /tmp/check
	has '"dirty":false,"writeback":false,"on_disk":true,"changing":false}],"not_looked_at":[]' /tmp/check
	tr '\0' x </dev/zero | dd of="$loop" bs=4k seek=512 count=1 conv=notrunc
	writes=$(loop_writes)
	ends 2 diolate check --json "$loop" >/tmp/check
	has '"offset":2097152,"length":4096,"why":"dirty or busy, or before Linux 5.13 cached' /tmp/check
	has '"differing":[]' /tmp/check
	[ "$(loop_writes)" = "$writes" ] || fail "check made the kernel write"
	unpartitioned
	say "dirty and old pages of a partition are told apart, nothing is written; a dirty page of a disk is not read"
}

# Who has a device; and with a file system on it check says nothing of it, as a page of its journal's is ahead of the disk.
who_device() {
	partitioned
	ends 0 diolate who --json "$part" >/tmp/who
	has '"ino":null,"mounted_on":null,"processes":[],"hidden":0,"possible":false' /tmp/who
	held "$part"
	seen "$part"
	ends 0 diolate who "$loop" >/tmp/who
	released
	mkfs.ext4 -q -F -E nodiscard "$part"
	mkdir -p /mnt/other
	mount "$part" /mnt/other
	echo x >/mnt/other/file
	sync
	refused check "$part"
	has "has a file system that is mounted at /mnt/other" /tmp/sentence
	held_directly "$part"
	ends 1 diolate who "$part" >/tmp/who
	released_directly
	has "A file system (ext4) on it is mounted at /mnt/other, and writes it, too." /tmp/who
	has "A collision is possible:" /tmp/who
	# In another mount namespace, where ext4 says in /sys/fs that it has it.
	unshare -m sh -c "umount /mnt/other && diolate check $part" 2>/tmp/sentence && fail "compared"
	has "has a file system that is mounted, whose metadata" /tmp/sentence
	umount /mnt/other
	unpartitioned
}

# After the completion and before anything is written back: twice, and the second finds all as the
# first did, since the first wrote nothing. Then collide syncs the file, and the disk shows which page
# was stale.
check_collides() {
	cat >/tmp/after <<-END
		. /lib-guest/command.sh
		set -eu
		/lib-guest/dm.sh released $1
		writes=\$(writes_of $1)
		(ends 1 diolate check --strict --json /mnt/$1/collision >/tmp/check) || { cat /tmp/check; exit 1; }
		ends 1 diolate check --strict /mnt/$1/collision
		ends 1 diolate check --strict --json /mnt/$1/collision >/tmp/check-again
		[ \$(writes_of $1) = \$writes ] || { echo check made the kernel write; exit 1; }
	END
	collision "$1" --offset 16384 --length 32768 --first "sh /tmp/after"
	cmp /tmp/check /tmp/check-again || fail "$(cat /tmp/check /tmp/check-again)"
	length=$(sed -n 's/.*"differing":\[{"offset":16384,"length":\([0-9]*\),"bytes":\1,"dirty":true,"writeback":false,"on_disk":true,"changing":false}\],"not_looked_at":\[\],.*/\1/p' /tmp/check)
	[ -n "$length" ] || fail "not one dirty range at 16384: $(cat /tmp/check)"
	is first 16384 "$line"
	undone=$(value undone "$line")
	case $1 in
	# The folio is dirty, and only the block that was stored into is written (xfs since 6.6).
	xfs) [ "$undone" -le "$length" ] || fail "$length bytes differed: $line" ;;
	*)
		[ "$undone" = "$length" ] || fail "$length bytes differed: $line"
		ends 0 diolate check "/mnt/$1/collision"
		;;
	esac
	say "$length dirty bytes at 16384 differ, $undone are undone when they are written back, not by check"
}

# check_dirty TYPE MKFS...: on file systems without a collision: what is dirty is found, and stays dirty.
check_dirty() {
	type=$1
	shift
	# Or its tools say WARNING, which is not for a kernel's log.
	modprobe "$type"
	other_fs "$type" "$@"
	file=/mnt/other/file
	dd if=/dev/urandom of=$file bs=16k count=8 conv=fsync
	# A page of a hole in the cache, and pages allocated that were never written.
	dd if=/dev/zero of=$file bs=4k seek=128 count=1 conv=notrunc,fsync
	sync
	echo 1 >/proc/sys/vm/drop_caches
	cat $file >/dev/null
	[ "$type" != exfat ] || grep -qw exfat_get_block /proc/kallsyms || type=exfat-iomap
	if ! diolate check --json $file >/tmp/check && [ "$type" = exfat-iomap ]; then
		say "not compared: $(diolate check $file 2>&1)"
	else
		has '"result":"same"' /tmp/check
	fi
	tr '\0' x </dev/zero | dd of=$file bs=4k seek=5 count=1 conv=notrunc
	writes=$(writes_of other)
	for time in 1 2; do
		case $type in
		# Its places are not those on the device: what is dirty is not looked at.
		btrfs)
			ends 2 diolate check --json $file >/tmp/check
			has '"differing":[],"not_looked_at":[{"offset":20480,"length":4096,"why":"dirty or busy' /tmp/check
			;;
		# Of a kernel that would write when it is asked for a place, none is asked.
		exfat-*)
			ends 2 diolate check --json $file >/tmp/check
			[ ! -s /tmp/check ] || has '"differing":[],"not_looked_at":[{"offset":20480,"length":4096,' /tmp/check
			;;
		*)
			ends 1 diolate check --strict --json $file >/tmp/check
			has '"differing":[{"offset":20480,"length":4096,' /tmp/check
			has '"dirty":true,"writeback":false,"on_disk":true,"changing":false}],"not_looked_at":[]' /tmp/check
			;;
		esac
	done
	[ "$(writes_of other)" = "$writes" ] || fail "check made the kernel write"
	sync
	[ "$type" = exfat-iomap ] || ends 0 diolate check $file
	umount /mnt/other
}

# A file whose blocks are found when it is written back: the disk has none before.
check_delayed() {
	dd if=/dev/urandom of="/mnt/$1/delayed" bs=4k count=3
	writes=$(writes_of "$1")
	ends 1 diolate check --strict --json "/mnt/$1/delayed" >/tmp/check
	has '"length":12288' /tmp/check
	has '"on_disk":false' /tmp/check
	[ "$(writes_of "$1")" = "$writes" ] || fail "check made the kernel write"
	rm "/mnt/$1/delayed"
}

# A block of the file is dirty in the device's own cache, as one may be that was metadata before: the kernel would
# write it before it reads it. It is not looked at, and all others are.
check_beside_cache() {
	other_fs ext4 mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0
	file=/mnt/other/beside-cache
	dd if=/dev/urandom of=$file bs=64k count=1 conv=fsync
	# Nor is there a larger folio.
	sync
	echo 1 >/proc/sys/vm/drop_caches
	dd if=$file of=/dev/mapper/other bs=4k skip=2 seek=$(($(place $file 8192) / 8)) count=1 conv=notrunc
	cat $file >/dev/null
	printf x | dd of=$file bs=1 seek=20480 conv=notrunc
	ends 1 diolate check --strict --json $file >/tmp/check
	has '"differing":[{"offset":20480,"length":4096,"bytes":1,"dirty":true,' /tmp/check
	has '"not_looked_at":[{"offset":8192,"length":4096,"why":"the block device is busy there"}]' /tmp/check
	# Before 5.13 a page that is cached there and clean is enough.
	sync
	echo 1 >/proc/sys/vm/drop_caches
	cat $file >/dev/null
	ends 0 diolate check $file
	umount /mnt/other
}

# Somebody writes the file all the time: what is said of it is said with that.
check_changing() {
	dd if=/dev/urandom of="/mnt/$1/changing" bs=64k count=4 conv=fsync
	# What was metadata there before is written, see check_beside_cache.
	sync
	while :; do
		dd if=/dev/urandom of="/mnt/$1/changing" bs=4k seek=7 count=1 conv=notrunc
	done &
	writer=$!
	tries=0
	until diolate check --json "/mnt/$1/changing" >/tmp/check || true; grep -q '"changing":true,"differing":\[{' /tmp/check; do
		tries=$((tries + 1))
		[ $tries -lt 20 ] || { kill $writer; fail "$(cat /tmp/check)"; }
	done
	kill $writer
	wait $writer || true
	# The page that is written and no other.
	[ "$(grep -o '"offset":[0-9]*,"length"' /tmp/check)" = '"offset":28672,"length"' ] || fail "$(cat /tmp/check)"
	rm "/mnt/$1/changing"
}

# With the module: what it has seen is what the command shows.
command_module() {
	load
	ends 0 diolate status
	ends 0 diolate policy propagate
	collision "$1"
	is res -5 "$line"
	ends 1 diolate
	ends 1 diolate status --json >/tmp/status
	has '"late_errors":1,' /tmp/status
	has '"delivered":1,' /tmp/status
	has '"policy":"propagate"' /tmp/status
	ends 0 diolate metrics --output /tmp/metrics
	has 'diolate_late_errors_by_outcome_total{outcome="delivered"} 1' /tmp/metrics
	ends 0 diolate log --json >/tmp/log
	has '"outcome":"delivered"' /tmp/log
	has "\"file\":\"/mnt/$1/collision\"" /tmp/log
	ends 0 diolate top --interval 0.2 --json >/tmp/top
	has "\"file\":\"/mnt/$1/collision\"" /tmp/top
	say "status, log, top and metrics tell of it"
	ends 0 diolate policy observe
	ends 2 diolate policy nonsense
	[ "$(cat /sys/module/diolate/parameters/policy)" = observe ] || fail "the policy is another now"
}

# What is to be attached when somebody asks for help: with a late error in it, and no name of a file.
command_report() {
	mount -t securityfs securityfs /sys/kernel/security || true
	# The guest is no distribution.
	echo 'PRETTY_NAME="A guest"' >/etc/os-release
	# The kernel says its own ten times a day, and not at all where the module says it instead.
	collision "$1"
	load
	collision "$1"
	(ends 0 diolate report >/tmp/report) || fail "$(grep Missing /tmp/report)"
	cat /tmp/report
	has "late_errors 1" /tmp/report
	has "policy=propagate" /tmp/report
	has "outcome=delivered" /tmp/report
	grep -q "^seq=1 .* path=file-1 " /tmp/report || fail "no late error"
	grep -qE "^\[ *[0-9]+\.[0-9]+\] File: file-1 PID: [0-9]+ Comm: " /tmp/report || fail "the kernel's message is not in it"
	grep -qE "^\[ *[0-9]+\.[0-9]+\] diolate: file-1 \($1 " /tmp/report || fail "the module's message is not in it"
	! grep -q /collision /tmp/report || fail "a name is in it"
	grep -qE "^[0-9]+:[0-9]+ $1 rw" /tmp/report || fail "no mount"
	ends 0 diolate report --names -o /tmp/report-names >/tmp/report
	has "path=/collision" /tmp/report-names
	has "File: /mnt/$1/collision PID" /tmp/report-names
	[ "$(stat -c %a /tmp/report-names)" = 600 ] || fail "others may read it"
	! grep -q "^==" /tmp/report || fail "all is on the terminal, too"
	/sbin/rmmod diolate
	ends 2 diolate report >/tmp/report
	has "Missing: log, files, mounts, versions, parameters, counters, sites, layout. The module diolate is not loaded" /tmp/report
	umount /sys/kernel/security || true
}

# Bad input: one sentence, status 2.
refused() {
	ends 2 diolate "$@" 2>/tmp/sentence
	[ "$(wc -l </tmp/sentence)" = 1 ] || fail "$*: $(cat /tmp/sentence)"
}

check_input() {
	refused check /mnt/ext4
	refused check /mnt/nothing
	refused check --offset -1 /init
	refused check
	refused who /dev/ttyS0
	refused who
	# The guest's root is memory and has no disk.
	refused check /init
	refused status
	has "not loaded" /tmp/sentence
}

for fs in $filesystems; do
	quick run "who-$fs" who_collides "$fs"
	quick_if "$fs" xfs run "who-did-$fs" who_did "$fs"
	quick run "check-$fs" check_collides "$fs"
done
quick run who-overlay who_overlay
quick run who-mount who_mount ext4
quick run who-device who_device
quick run check-device check_device
quick run who-btrfs who_btrfs
quick run check-changing check_changing ext4
quick run check-beside-cache check_beside_cache
for fs in $filesystems; do
	quick_if "$fs" ext4 run "command-$fs" command_module "$fs"
done
quick run command-report command_report xfs
quick run check-delayed-ext4 check_delayed ext4
quick run check-delayed-xfs check_delayed xfs
# Whole from the beginning, or a thread of the kernel makes it so while writes are counted.
quick run check-ext4-1k check_dirty ext4 mkfs.ext4 -q -F -b 1024 -E lazy_itable_init=0,lazy_journal_init=0
quick run check-ext2 check_dirty ext4 mkfs.ext4 -t ext2 -q -F
quick run check-f2fs check_dirty f2fs mkfs.f2fs -q -f -t 0
quick run check-exfat check_dirty exfat mkfs.exfat
case $(uname -r) in
5.*) quick run check-btrfs skip "before 5.13 a read that must not wait refuses what is cached; there is no other way" ;;
*) quick run check-btrfs check_dirty btrfs mkfs.btrfs -q -f -K ;;
esac
quick run check-input check_input
