# The command `diolate selftest`: collisions of its own making, of free timing, and what it says of them.

# tested STATUS [option...] DIRECTORY: what it said is in /tmp/selftest.
tested() {
	wanted_status=$1
	shift
	(ends "$wanted_status" diolate selftest --json "$@" >/tmp/selftest) || fail "$(cat /tmp/selftest)"
	cat /tmp/selftest
}

# row WAY NAME: a value of the first row of that way. Nothing in a row but "counted" has braces.
row() {
	sed "s/.*{\"by\":\"$1\"\([^{]*{[^}]*}[^}]*\)}.*/\1/" /tmp/selftest | tr ',{}' '\n' | sed -n "s/^\"$2\"://p" | head -n 1
}

# sum NAME: of all rows.
sum() {
	grep -o "\"$1\":[0-9]*" /tmp/selftest | awk -F : '{ sum += $2 } END { print sum + 0 }'
}

# counted: that the module has counted what the rows have, and nothing else.
counted() {
	[ "$(since late_errors)" -gt 0 ] || fail "nothing collided"
	expect_outcomes delivered="$(sum delivered)" already_failed="$(sum already_failed)" observed="$(sum observed)" \
		repaired="$(sum repaired)" spared="$(sum spared)" sync="$(sum sync)" undeliverable="$(sum undeliverable)"
}

# room_in DIRECTORY: what is there, and how much of its room is taken and free.
room_in() {
	sync
	ls -A "$1"
	df -k "$1" | awk 'NR > 1 { print $3, $4 }'
}

# selftest FS POLICY OUTCOME [option...]: each way is proved; of libaio and io_uring by that outcome.
selftest() {
	fs=$1 policy=$2 outcome=$3
	shift 3
	load policy="$policy"
	room_in "/mnt/$fs" >/tmp/room
	before
	tested 0 "$@" "/mnt/$fs"
	counted
	for way in libaio io_uring; do
		[ "$(row $way verdict)" = '"proved"' ] || fail "$way"
		[ "$(row $way "$outcome")" -gt 0 ] || fail "$way: not $outcome"
	done
	[ "$(row pwrite told) $(sum already_failed)" = "0 0" ] || fail "pwrite was told"
	[ "$(row pwrite sync)" -gt 0 ] || fail "pwrite did not collide"
	[ "$(sum told)" = "$(sum delivered)" ] || fail "told $(sum told)"
	room_in "/mnt/$fs" | cmp - /tmp/room || fail "it has left something"
}

# With sync=follow pwrite() is told as the others are.
selftest_follow() {
	load policy="$2" sync=follow
	before
	tested 0 "/mnt/$1"
	counted
	[ "$(row pwrite verdict)" = '"proved"' ] || fail "pwrite"
	[ "$(row pwrite "$3")" -gt 0 ] || fail "pwrite: not $3"
	[ "$(sum sync)" = 0 ] || fail "not followed"
	[ "$(sum told)" = "$(sum delivered)" ] || fail "told $(sum told)"
}

# Without the module: what is lost in silence.
selftest_stock() {
	tested 1 "/mnt/$1"
	has '"loaded":false,"policy":null' /tmp/selftest
	for way in libaio io_uring pwrite; do
		[ "$(row $way verdict)" = '"undone"' ] || fail "$way"
	done
	[ "$(sum told)" = 0 ] || fail "told"
	say "$(sum collided) of $(sum writes) writes undone in silence"
}

# Its disk is slow, so that what is stored can be written back before the write has ended. The first
# writeback calls for direct writes to be followed.
selftest_overtaken() {
	/lib-guest/dm.sh slow "$1" 30
	load policy="$2"
	before
	tested 0 --overtaken "/mnt/$1"
	/lib-guest/dm.sh release "$1"
	counted
	[ "$(since overtaken)" -gt 0 ] || fail "none was overtaken"
	[ "$(grep -o '"overtaken":true[^{]*{[^}]*},"verdict":"proved"' /tmp/selftest | wc -l)" = 3 ] || fail "not all three"
	say "$(since overtaken_unknown) unknown"
}

# A file system on which nobody may be told: it is counted, and that is the promise.
selftest_counted() {
	needs f2fs
	modprobe f2fs
	other_fs f2fs mkfs.f2fs -q -f -t 0
	load
	before
	tested 0 /mnt/other
	counted
	[ "$(sum told)" = 0 ] || fail "told"
	[ "$(row libaio undeliverable)" -gt 0 ] || fail "not counted"
	umount /mnt/other
}

# A store waits for the write there, so hardly anything collides, and what does is counted and told to nobody.
selftest_btrfs() {
	modprobe btrfs
	other_fs btrfs mkfs.btrfs -q -f -K
	load
	before
	ended=0
	diolate selftest --json --seconds 1 /mnt/other >/tmp/selftest || ended=$?
	cat /tmp/selftest
	[ "$(sum told)" = 0 ] || fail "told"
	case $ended in
	0) ! grep -q '"no collision"' /tmp/selftest || fail "not all are proved" ;;
	2) has '"verdict":"no collision","why":null}' /tmp/selftest ;;
	*) fail "status $ended" ;;
	esac
	expect_outcomes sync="$(sum sync)" undeliverable="$(sum undeliverable)"
	if [ "$(since late_errors)" = 0 ]; then
		ended=0
		diolate selftest --seconds 1 /mnt/other >/tmp/said-by-it || ended=$?
		[ $ended != 2 ] || has "nothing could be made to collide; that is as it should be on btrfs" /tmp/said-by-it
	fi
	umount /mnt/other
}

selftest_overlay() {
	overlay_on ext4
	load policy="$1"
	before
	tested 0 /mnt/overlay
	counted
	[ "$(row libaio "$2")" -gt 0 ] || fail "libaio: not $2"
	/lib-guest/dm.sh release ext4
	umount /mnt/overlay
}

# The administrator has switched io_uring off: the other ways are proved, and that is all there is.
selftest_no_uring() {
	[ -e /proc/sys/kernel/io_uring_disabled ] || skip "before 6.6 io_uring cannot be switched off"
	load
	echo 2 >/proc/sys/kernel/io_uring_disabled
	(tested 0 /mnt/ext4) || { echo 0 >/proc/sys/kernel/io_uring_disabled; fail "$(cat /tmp/selftest)"; }
	echo 0 >/proc/sys/kernel/io_uring_disabled
	[ "$(row io_uring verdict) $(row libaio verdict)" = '"not here" "proved"' ] || fail "io_uring is there"
	has "io_uring is switched off (kernel.io_uring_disabled)" /tmp/selftest
}

# The log says that they were told, and they were not.
selftest_swallowed() {
	load
	(LD_PRELOAD=/bin/swallow tested 1 /mnt/ext4)
	[ "$(row libaio verdict) $(row io_uring verdict)" = '"broken" "proved"' ] || fail "not libaio alone"
	has "was counted as delivered, and its submitter was not told" /tmp/selftest
}

# Nothing is seen any more, and the command says so.
selftest_blind() {
	load policy=observe
	echo 0 >/sys/kernel/debug/kprobes/enabled
	(ends 1 diolate selftest /mnt/ext4 >/tmp/said-by-it) || { echo 1 >/sys/kernel/debug/kprobes/enabled; fail "$(cat /tmp/said-by-it)"; }
	echo 1 >/sys/kernel/debug/kprobes/enabled
	has "Broken promise of the policy observe: by libaio a write was undone in silence, and no late error was counted; the probes are switched off" /tmp/said-by-it
}

# never_collides: a file system on which a direct write is none, so that selftest goes on until its time is over.
never_collides() {
	other_fs ext4 mkfs.ext4 -q -F
	umount /mnt/other
	mount -t ext4 -o data=journal,commit=3600 /dev/mapper/other /mnt/other
}

# begun: selftest at work on it, $tester; its file has no name already.
begun() {
	diolate selftest --seconds 60 /mnt/other >/tmp/said-by-it &
	tester=$!
	wait_until "ls -l /proc/$tester/fd | grep -q ' /mnt/other/.*(deleted)'"
	[ "$(ls -A /mnt/other)" = "lost+found" ] || fail "it has a name: $(ls -A /mnt/other)"
}

selftest_interrupted() {
	never_collides
	room_in /mnt/other >/tmp/room
	for signal in INT TERM HUP KILL; do
		# A shell has what it starts in the background ignore SIGINT; selftest does not.
		begun
		kill -s $signal $tester
		ended=0
		wait $tester || ended=$?
		case $signal in
		INT) number=2 ;;
		TERM) number=15 ;;
		HUP) number=1 ;;
		KILL) number=9 ;;
		esac
		[ $ended = $((128 + number)) ] || fail "$signal: status $ended"
		# Of what was seen until then, which may be nothing.
		[ $signal = KILL ] || grep -qE "Not proved: .* interrupted.*; run it again" /tmp/said-by-it ||
			fail "$(cat /tmp/said-by-it)"
		room_in /mnt/other | cmp - /tmp/room || fail "it has left something after $signal"
	done
	umount /mnt/other
}

# Of a write that was begun under another policy nothing can be said.
selftest_policy_changed() {
	never_collides
	load policy=propagate
	begun
	set_policy observe
	ended=0
	wait $tester || ended=$?
	[ $ended = 2 ] || fail "status $ended"
	has "Not proved: by libaio it was stopped: the policy was changed meanwhile; run it again." /tmp/said-by-it
	umount /mnt/other
}

as_nobody() {
	grep -q nobody /etc/passwd || echo nobody:x:65534:65534::/:/bin/sh >>/etc/passwd
	(ends 2 su -s /bin/sh nobody -c "diolate selftest /mnt/other" 2>/tmp/sentence) || fail "$(cat /tmp/sentence)"
}

selftest_refused() {
	mkdir -p /tmp/memory
	refused selftest /tmp/memory
	has "is memory and no disk" /tmp/sentence
	refused selftest /proc/1
	refused selftest /init
	has "is not a directory" /tmp/sentence
	other_fs ext4 mkfs.ext4 -q -F
	mount -o remount,ro /mnt/other
	refused selftest /mnt/other
	has "is mounted read-only" /tmp/sentence
	mount -o remount,rw /mnt/other
	chmod 700 /mnt/other
	as_nobody
	has "may not be written by this user" /tmp/sentence
	load
	chmod 777 /mnt/other
	as_nobody
	has "Only root may read /sys/kernel/debug/diolate/counters; run this as root." /tmp/sentence
	unload
	umount /mnt/other
}

# leave KIB: so much is free on /mnt/other, and no more.
leave() {
	rm -f /mnt/other/filler
	sync
	fallocate -l $(($(df -k /mnt/other | awk 'END { print $4 }') - $1))k /mnt/other/filler
	sync
}

selftest_full() {
	other_fs ext4 mkfs.ext4 -q -F
	leave 1500
	room_in /mnt/other >/tmp/room
	tested 1 --seconds 2 /mnt/other
	has '"length":262144,' /tmp/selftest
	room_in /mnt/other | cmp - /tmp/room || fail "it has left something"
	leave 100
	refused selftest /mnt/other
	has "has no room for a scratch file" /tmp/sentence
	umount /mnt/other
}

for fs in $filesystems; do
	quick_if "$fs" ext4 run "selftest-propagate-$fs" selftest "$fs" propagate delivered
	quick_if "$fs" vfat run "selftest-observe-$fs" selftest "$fs" observe observed
	quick_if "$fs" xfs run "selftest-repair-$fs" selftest "$fs" repair repaired
	quick_if "$fs" vfat run "selftest-stock-$fs" selftest_stock "$fs"
	for policy in observe propagate repair; do
		quick_if "$fs-$policy" ext4-propagate run "selftest-overtaken-$policy-$fs" selftest_overtaken "$fs" $policy
	done
done
quick run selftest-follow-propagate selftest_follow ext4 propagate delivered
run selftest-follow-repair selftest_follow xfs repair repaired
run selftest-follow-observe selftest_follow vfat observe observed
run selftest-counted selftest_counted
run selftest-btrfs selftest_btrfs
run selftest-overlay-propagate selftest_overlay propagate delivered
run selftest-overlay-repair selftest_overlay repair repaired
run selftest-no-uring selftest_no_uring
quick run selftest-swallowed selftest_swallowed
quick run selftest-blind selftest_blind
quick run selftest-interrupted selftest_interrupted
run selftest-policy-changed selftest_policy_changed
quick run selftest-refused selftest_refused
run selftest-full selftest_full
