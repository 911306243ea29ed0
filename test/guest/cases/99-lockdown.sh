# The very last: nothing unlocks the kernel again, and no module can be loaded any more.

lockdown() {
	file=/sys/kernel/security/lockdown
	[ -e $file ] || mount -t securityfs securityfs /sys/kernel/security
	load policy=observe
	echo integrity >$file
	grep -q '\[integrity\]' $file || fail "$(cat $file)"
	cat /sys/kernel/debug/diolate/* || fail "not readable under lockdown"
	before
	collision ext4
	is res 65536 "$line"
	expect late_errors=1 stuck=1 observed=1
	set_policy propagate
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
	if /sbin/insmod /diolate.ko; then
		fail "the lockdown locks nothing"
	fi
	say "counters read, policy switched"
}

# The debug kernel has no lockdown, which would want its modules signed.
is_debug || core run lockdown lockdown
