# Bad input: one sentence, the right errno, nothing changed.

# refused ERRNO PARAMETER: loading with it fails.
refused() {
	dmesg -c >/dev/null
	if /sbin/insmod /diolate.ko "$2" 2>/tmp/insmod; then
		fail "loaded with $2"
	fi
	grep -q "$1" /tmp/insmod || fail "insmod $2: $(cat /tmp/insmod)"
	sentence "$2"
	[ ! -e /sys/module/diolate ] || fail "still loaded"
}

# Exactly one sentence of ours, kept in the whole log too (dmesg -c took it away).
sentence() {
	dmesg >/tmp/dmesg
	[ "$(grep -c 'diolate: .* refused: ' /tmp/dmesg)" = 1 ] || fail "$1: $(cat /tmp/dmesg)"
	said=$(sed -n 's/.*diolate: \(.* refused: .*\)/\1/p' /tmp/dmesg)
	case $said in
	"$1 refused: "*) say "$said" ;;
	*) fail "$1: $said" ;;
	esac
}

# A policy that does not exist, or not yet, written at run time.
refused_at_run_time() {
	load policy=observe
	before
	dmesg -c >/dev/null
	if echo "$1" >/sys/module/diolate/parameters/policy 2>/tmp/echo; then
		fail "policy $1 accepted"
	fi
	grep -q "$2" /tmp/echo || fail "$(cat /tmp/echo)"
	sentence "policy=$1"
	[ "$(cat /sys/module/diolate/parameters/policy)" = observe ] || fail "policy changed"
	collision ext4
	is res 65536 "$line"
	expect late_errors=1 stuck=1 observed=1
}

# How kmod says -EINVAL, and how the shell does.
invalid="Invalid parameters"
quick run bad-policy refused "$invalid" policy=bogus
quick run bad-policy-empty refused "$invalid" policy=
quick run bad-maxactive-0 refused "$invalid" maxactive=0
quick run bad-maxactive-negative refused "$invalid" maxactive=-1
quick run bad-maxactive-large refused "$invalid" maxactive=100000
quick run bad-maxactive-word refused "$invalid" maxactive=many
quick run bad-log-size refused "$invalid" log_size=1000000000
quick run bad-policy-at-run-time refused_at_run_time bogus "Invalid argument"
quick run bad-repair-ms refused "$invalid" repair_ms=10001
quick run bad-track refused "$invalid" track=sometimes
quick run bad-sync refused "$invalid" sync=sometimes
quick run bad-kernel-log refused "$invalid" kernel_log=nonsense
run bad-untested refused "$invalid" untested=yikes
