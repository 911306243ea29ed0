# shellcheck disable=SC2016,SC2086 # wait_until evaluates its argument itself; options, several in one argument
# Who submitted a libaio write: the process that did, or nobody. Of whom it is told in the log see log-*.

# submitter_is LINE: what the newest record says, by what collide said.
submitter_is() {
	newest consumer libaio
	newest comm collide
	newest pid "$(value pid "$1")"
}

submitter_is_unknown() {
	newest consumer libaio
	newest comm -
	newest pid -
}

# submitter_or_nobody LINE PID: the same of what collide or the log has, whose pid is that or none.
submitter_or_nobody() {
	case $(value pid "$1") in
	-) is comm - "$1" ;;
	"$2") is comm collide "$1" ;;
	*) fail "pid is neither - nor $2: $1" ;;
	esac
}

# submitter_by FS POLICY STUCK OVERTAKEN: of both kinds of late error, the first of all included.
submitter_by() {
	load policy="$2"
	before
	collision "$1"
	submitter_is "$line"
	expect late_errors=1 stuck=1 "$3"
	before
	overtaken "$1" "/mnt/$1"
	newest kind overtaken
	submitter_is "$line"
	expect late_errors=1 overtaken=1 "$4"
}

# submitter_that HOW: of a process that is unlike others.
submitter_that() {
	load
	for n in 1 2; do
		before
		collision ext4 --process "$1"
		"$2" "$line"
		expect late_errors=1 stuck=1 delivered=1
	done
	before
	overtaken ext4 /mnt/ext4 --process "$1"
	newest kind overtaken
	"$2" "$line"
	expect late_errors=1 overtaken=1 delivered=1
}

# Two at a time, each with a context; the first that is named is there until the other is named, too.
submitter_two() {
	load
	before
	rm -f /tmp/named
	collision ext4 --during "collide --first 'until [ -e /tmp/named ]; do usleep 1000; done' xfs \
			/mnt/xfs/collision >/tmp/inner &
		until grep -q fstype=xfs $log; do usleep 1000; done"
	: >/tmp/named
	submitter_is "$line"
	wait_until '[ -s /tmp/inner ]'
	head -n 1 "$log" >/tmp/first
	is path /collision "$(cat /tmp/first)"
	is fstype xfs "$(cat /tmp/first)"
	is comm collide "$(cat /tmp/first)"
	is pid "$(value pid "$(cat /tmp/inner)")" "$(cat /tmp/first)"
	[ "$(value pid "$line")" != "$(value pid "$(cat /tmp/inner)")" ] || fail "one and the same"
	expect late_errors=2 stuck=2 delivered=2
}

# Many late errors of two at once, which are found once and then remembered.
submitter_many() {
	load
	before
	many="--size 1048576 --length 4096 --writes 256 --stores 32"
	collision ext4 $many --during "collide $many xfs /mnt/xfs/collision >/tmp/inner"
	inner=$(cat /tmp/inner)
	for of in ext4 xfs; do
		[ $of = ext4 ] || line=$inner
		[ "$(value eio "$line")" -ge 32 ] || fail "$line"
		[ "$(grep "fstype=$of " "$log" | sed -n 's/.* \(pid=[^ ]* comm=[^ ]*\) .*/\1/p' | sort -u)" = \
			"pid=$(value pid "$line") comm=collide" ] || fail "not all of $of are by $(value pid "$line")"
	done
	late=$(counter late_errors)
	expect late_errors="$late" stuck="$late" delivered="$late"
	say "$late late errors"
}

# What it is called inside is its number in a pid namespace of its own, 1.
submitter_in_namespace() {
	[ -e /proc/self/ns/pid ] || skip "this kernel has no PID namespaces"
	load
	before
	line=$(unshare -p -f collide ext4 /mnt/ext4/collision) || fail "$line"
	echo "$line"
	submitter_is "$line"
	[ "$(value pid "$line")" != 1 ] || fail "of the namespace: $line"
	expect late_errors=1 stuck=1 delivered=1
}

# Nobody has its memory any more, or it is about to go.
submitter_killed() {
	load policy=observe
	for n in 1 2 3; do
		before
		! collide --meanwhile kill ext4 /mnt/ext4/collision || fail "not killed"
		wait_until '[ $(since late_errors) = 1 ] && ! grep -qx collide /proc/[0-9]*/comm 2>/dev/null'
		expect late_errors=1 stuck=1 observed=1
		case $(value comm "$(tail -n 1 "$log")") in
		- | collide) ;;
		*) fail "$(tail -n 1 "$log")" ;;
		esac
		say "pid $(value pid "$(tail -n 1 "$log")")"
		# The kernel's own record of it is for whoever has that file next.
		rm /mnt/ext4/collision
		# Another with what may be the same context, at once.
		before
		collision ext4
		submitter_is "$line"
		expect late_errors=1 stuck=1 observed=1
	done
}

# Two at a time with a module that has it wrong, or does not know.
submitters_or_nobody() {
	before
	collision ext4 --during "collide xfs /mnt/xfs/collision >/tmp/inner"
	submitter_or_nobody "$(tail -n 1 "$log")" "$(value pid "$line")"
	submitter_or_nobody "$(tail -n 2 "$log" | head -n 1)" "$(value pid "$(cat /tmp/inner)")"
	expect late_errors=2 stuck=2 delivered=2
}

# submitter_false MEMBER WORD VALUE...: where it is not. The kernel says where it is; else nobody is named.
submitter_false() {
	describes_itself
	member=$1 word=$2
	shift 2
	for value in "$@"; do
		falsified "$word" "$value"
		load
		known "$member" btf
		before
		collision ext4
		submitter_is "$line"
		expect late_errors=1 stuck=1 delivered=1
		unload
		unseen
		load
		known "$member" tested
		submitters_or_nobody
		say "$value: $(value pid "$(tail -n 1 "$log")")"
		unload
		seen_again
	done
	our_module=/diolate.ko
}

# The kernel says nothing, and it is as in the tests; or that it has no such member.
submitter_unseen() {
	unseen
	load
	before
	collision ext4
	submitter_is "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
	seen_again
	falsified ki_ctx ki_xtc
	load
	known aio_kiocb.ki_xtc unproven
	known kioctx_table.nr unproven
	before
	collision ext4
	submitter_is_unknown
	expect late_errors=1 stuck=1 delivered=1
	unload
	our_module=/diolate.ko
}

core run submitter-propagate-ext4 submitter_by ext4 propagate delivered=1 delivered=1
quick run submitter-observe-xfs submitter_by xfs observe observed=1 observed=1
quick run submitter-repair-ext4 submitter_by ext4 repair repaired=1 delivered=1
run submitter-propagate-vfat submitter_by vfat propagate delivered=1 delivered=1
quick run submitter-many-contexts submitter_that many submitter_is
quick run submitter-thread submitter_that thread submitter_is
quick run submitter-forked submitter_that forked submitter_is
quick run submitter-vforked submitter_that vforked submitter_is
quick run submitter-shared submitter_that shared submitter_is_unknown
quick run submitter-left submitter_that left submitter_is_unknown
locks quick run submitter-two submitter_two
locks quick run submitter-many submitter_many
quick run submitter-namespace submitter_in_namespace
locks quick run submitter-killed submitter_killed
quick run submitter-unseen submitter_unseen
# By the order of struct diolate_layout (src/kernel/layout.h).
run submitter-false-rw submitter_false aio_kiocb.rw 13 8 4096
run submitter-false-context submitter_false aio_kiocb.ki_ctx 14 88 104 0
run submitter-false-nr submitter_false kioctx_table.nr 15 0 8 24 65536
run submitter-false-table submitter_false kioctx_table.table 16 16 32 0 65536
