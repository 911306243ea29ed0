# Sourced by init: running a case, saying what came of it, loading the module, reading its counters.

counters=/sys/kernel/debug/diolate/counters
verdicts=0

# told_at_boot NAME: what the kernel command line says after diolate.NAME=, with spaces for commas.
told_at_boot() {
	sed -n "s/.*diolate\.$1=\([^ ]*\).*/\1/p" /proc/cmdline | tr , ' '
}

# Which cases to run: those with one of these names (patterns), or one of these words; all if both are
# empty. Of these, every so many-th, if other guests run the others: `2 3` is the second of each three.
wanted=$(told_at_boot cases)
wanted_words=$(told_at_boot words)
part=$(told_at_boot part)
met=0

# What is the size of a test that has two: `either SMALL WHOLE`. Whole is for `make check-long`.
either() {
	if grep -q 'diolate\.long' /proc/cmdline; then
		echo "$2"
	else
		echo "$1"
	fi
}

verdict() {
	echo "$*" >"$verdict_port"
}

# The words a case can have, each said before `run`: `core run NAME COMMAND`. test/README.md has what they
# mean, and which kernels run which.
words=
word() {
	words="$words $1"
	shift
	"$@"
}

core() {
	word core "$@"
}

quick() {
	word quick "$@"
}

# quick_if A B run ...: of a loop only where the two are the same.
quick_if() {
	[ "$1" != "$2" ] || words="$words quick"
	shift 2
	"$@"
}

busy() {
	word busy "$@"
}

locks() {
	word locks "$@"
}

# has_word WORD...: whether the case that is being looked at has one of these.
has_word() {
	for word in "$@"; do
		case " $words " in
		*" $word "*) return 0 ;;
		esac
	done
	return 1
}

# is_named NAME PATTERN...: whether it is one of these.
is_named() {
	name=$1
	shift
	for pattern in "$@"; do
		# shellcheck disable=SC2254 # a pattern indeed
		case $name in
		$pattern) return 0 ;;
		esac
	done
	return 1
}

# is_wanted NAME: whether the case, with its words, is to be run here.
is_wanted() {
	set -f
	# shellcheck disable=SC2086 # lists
	if [ -n "$wanted$wanted_words" ] && ! is_named "$1" $wanted && ! has_word $wanted_words; then
		set +f
		return 1
	fi
	set +f
	met=$((met + 1))
	[ -z "$part" ] || [ $((met % ${part#* })) = $((${part% *} % ${part#* })) ]
}

# run NAME COMMAND...: one case. It fails with the first command of it that fails.
run() {
	name=$1
	shift
	wanted_here=0
	is_wanted "$name" || wanted_here=$?
	words=
	[ $wanted_here = 0 ] || return 0
	echo "diolate-test: case $name" >/dev/kmsg
	: >/tmp/said
	rm -f /tmp/skip
	# Whoever has unloaded it: some cases do so themselves, without unload().
	mark 2000
	(
		set -eu
		"$@"
		[ ! -e "$counters" ] || unload
	) >/tmp/case.log 2>&1
	status=$?
	verdicts=$((verdicts + 1))
	if [ $status = 0 ] && [ -e /tmp/skip ]; then
		verdict "skip $name $(cat /tmp/skip)"
		tidy
	elif [ $status = 0 ]; then
		verdict "ok $name $(sed ':a; N; $! b a; s/\n/; /g' /tmp/said)"
	else
		verdict "not ok $name $(tail -n 3 /tmp/case.log | tr '\n' ' ')"
		tidy
	fi
	cat /tmp/case.log
}

# After a failure, or what may have begun before it was skipped: so that the next case begins as it would
# have, with nothing held and nothing loaded.
tidy() {
	for held in /run/dm/*; do
		/lib-guest/dm.sh release "${held##*/}"
	done
	for directory in /mnt/twice /mnt/overlay /mnt/other /sys/kernel/btf; do
		! grep -q " $directory " /proc/mounts || umount "$directory"
	done
	[ ! -e "$counters" ] || /sbin/rmmod diolate
}

# By the list of all modules Debian built, of which the guest carries some.
built() {
	case $1 in
	ext2) set -- ext4 ;; # CONFIG_EXT4_USE_FOR_EXT2
	esac
	cat "/lib/modules/$(uname -r)/modules.order" "/lib/modules/$(uname -r)/modules.builtin" |
		grep -qE "/$1\.k?o"
}

# needs MODULE...: the case is skipped if Debian built one of them neither as a module nor in. To be said
# before the case does anything.
needs() {
	for module in "$@"; do
		built "$module" && continue
		skip "this kernel has no $module"
	done
}

# skip REASON: end this case, which cannot be run here.
skip() {
	echo "$*" >/tmp/skip
	exit 0
}

# say TEXT: what the line of this case tells, beside its name.
say() {
	echo "$*" >>/tmp/said
}

fail() {
	[ ! -e "$counters" ] || grep -v ' 0$' "$counters" || true
	echo "$*"
	exit 1
}

# What is loaded. With their path, or busybox would take its own, which tries twice to load a module.
our_module=/diolate.ko
load() {
	mark 1000
	# shellcheck disable=SC2086 # nothing, or one word
	/sbin/insmod "$our_module" $policy_unless_said "$@" || fail "insmod $*: $(dmesg | grep diolate: | tail -n 1)"
	mark "$(cat /sys/module/diolate/sections/.text)"
}

unload() {
	/sbin/rmmod diolate || fail "rmmod failed"
	mark 2000
}

# mark ADDRESS: where the module is, or that it begins to be loaded or is gone, for test/vm/executed.
mark() {
	[ ! -x /bin/mark ] || /bin/mark "$1"
}

# under POLICY COMMAND...: a case that loads the module with no policy of its own, with this one.
policy_unless_said=
under() {
	policy_unless_said=policy=$1
	shift
	"$@"
}

set_policy() {
	echo "$1" >/sys/module/diolate/parameters/policy
}

counter() {
	awk -v name="$1" '$1 == name { print $2 }' "$counters"
}

# before: remember the counters; expect NAME=DELTA...: by how much each has changed since. Those not
# named must not have, and the identity of the contract must hold. What goes on by itself, if anything, is
# in $ignored.
ignored=
before() {
	cat "$counters" >/tmp/before
}

# since NAME: by how much a counter has changed.
since() {
	echo $(($(counter "$1") - $(awk -v name="$1" '$1 == name { print $2 }' /tmp/before)))
}

expect() {
	cat "$counters" >/tmp/after
	differs=$(awk -v expected="$*" -v ignored="$ignored" '
		BEGIN {
			n = split(expected, pairs, " ")
			for (i = 1; i <= n; i++) {
				split(pairs[i], pair, "=")
				want[pair[1]] = pair[2]
			}
		}
		FNR == NR { old[$1] = $2; next }
		{
			now[$1] = $2
			delta = $2 - old[$1]
			# The log: a matter of how much was late, and of who reads.
			# Why something is not known: of that there is a sum.
			if ($1 ~ /^unknown_/) {
				unknown += delta
				if (delta)
					reasons = reasons " " $1 "=" delta
			}
			if ($1 == "overtaken_unknown")
				all_unknown = delta
			if (delta != want[$1] + 0 && $1 != "log_lost" && $1 != ignored && $1 !~ /^unknown_/) {
				printf "%s changed by %d, not %d; ", $1, delta, want[$1]
				bad = 1
			}
			delete want[$1]
		}
		END {
			if (bad)
				printf "%s; ", reasons
			for (name in want) {
				printf "no counter %s; ", name
				bad = 1
			}
			sum = now["delivered"] + now["already_failed"] + now["observed"] + \
			      now["repaired"] + now["spared"] + now["sync"] + now["kernel_owned"] + \
			      now["undeliverable"] + now["pending"]
			if (unknown != all_unknown) {
				printf "overtaken_unknown changed by %d, its reasons by %d; ", all_unknown, unknown
				bad = 1
			}
			if (now["late_errors"] != sum) {
				printf "identity: late_errors %d, sum %d; ", now["late_errors"], sum
				bad = 1
			}
			exit bad
		}' /tmp/before /tmp/after) || fail "counters: $differs"
	agree
	[ -z "$*" ] || say "$*"
}

# expect_outcomes NAME=DELTA...: the same of the outcomes, however many late errors there were of which
# kind: where what is dirty is also written back nobody knows beforehand.
expect_outcomes() {
	[ $(($(since stuck) + $(since overtaken))) = "$(since late_errors)" ] || fail "stuck and overtaken"
	expect late_errors="$(since late_errors)" stuck="$(since stuck)" overtaken="$(since overtaken)" \
		repeats="$(since repeats)" overtaken_unknown="$(since overtaken_unknown)" "$@"
}

# all_found_out OPTION...: until nothing is found out any more of writes of `model OPTION...`. Of a synchronous
# one that is for ten seconds (PASSED_OVER, src/flight/flight.c), and then until somebody looks.
all_found_out() {
	case " $* " in
	*" --sync "*) sleep 13 ;;
	esac
}

# agree: that the log and the files agree with the counters, as far as the log reaches back: it loses none as
# long as there is room.
agree() {
	cat "${counters%/*}/files" "${counters%/*}/log" >/tmp/agree
	awk -v room="$(cat /sys/module/diolate/parameters/log_size)" '
		FNR == NR { counted[$1] = $2; next }
		/^late_errors=/ { sub(/.*=/, "", $1); of_files += $1; next }
		{ sub(/outcome=/, "", $3); logged[$3]++; lines++ }
		END {
			if (of_files != counted["late_errors"]) {
				printf "files: %d late errors; ", of_files
				bad = 1
			}
			if (counted["late_errors"] > room)
				exit bad
			if (counted["log_lost"]) {
				printf "log: %d lost; ", counted["log_lost"]
				bad = 1
			}
			if (lines != counted["late_errors"]) {
				printf "log: %d lines; ", lines
				bad = 1
			}
			for (outcome in logged)
				if (logged[outcome] != counted[outcome]) {
					printf "log: %s %d times; ", outcome, logged[outcome]
					bad = 1
				}
			exit bad
		}' /tmp/after /tmp/agree || fail "log or files: $(tail -n 3 /tmp/agree)"
}

# newest NAME VALUE: that the newest line of the log has this value.
newest() {
	is "$1" "$2" "$(tail -n 1 "${counters%/*}/log")"
}

# value NAME LINE...: the value of the first name=value in lines that collide or the log printed.
value() {
	printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1
}

# is NAME VALUE LINE...: that the line has this value.
is() {
	name=$1 want=$2
	shift 2
	[ "$(value "$name" "$*")" = "$want" ] || fail "$name is not $want: $*"
}

# collision FS [option...]: one collision on a new file; its line is in $line afterwards.
collision() {
	fs=$1
	shift
	collision_in "$fs" "/mnt/$fs" "$@"
}

# collision_in FS DIRECTORY [option...]: the same on a file in a directory whose data is on that FS.
collision_in() {
	fs=$1 directory=$2
	shift 2
	line=$(collide "$@" "$fs" "$directory/collision") || fail "collide $* in $directory: $line"
	echo "$line"
}

# is_debug: whether this is the kernel with all checks, which is slow and has little else.
is_debug() {
	case $(uname -r) in
	*-debug-*) ;;
	*) return 1 ;;
	esac
}

# has_symbol NAME: whether this kernel has a function of that name.
has_symbol() {
	grep -q " $1\$" /proc/kallsyms
}

# wait_until CONDITION: a shell condition that comes true, within five minutes.
wait_until() {
	read -r uptime _ </proc/uptime
	deadline=$((${uptime%.*} + 300))
	while ! eval "$1"; do
		read -r uptime _ </proc/uptime
		[ "${uptime%.*}" -lt $deadline ] || fail "not in five minutes: $1"
		usleep 1000
	done
}
