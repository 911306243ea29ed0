# Sourced by a booted fresh system: a step of the test, and what more than one part of it does.

# step NAME COMMAND...: fails with the first command of it that fails.
step() {
	name=$1
	shift
	verdicts=$((verdicts + 1))
	# Not as a condition: the shell would heed no -e.
	(set -eux; "$@") >/tmp/step.log 2>&1
	status=$?
	if [ $status = 0 ]; then
		verdict "ok $name"
	else
		verdict "not ok $name: $(tail -n 4 /tmp/step.log | tr '\n' ' ')"
	fi
	cat /tmp/step.log
}

delivered() {
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

# status_tells NUMBER: of so many that were delivered.
status_tells() {
	ends 1 diolate status >/tmp/status
	cat /tmp/status
	has /mnt/ext4/collision /tmp/status
	ends 1 diolate status --json >/tmp/status
	has "\"delivered\":$1," /tmp/status
}

# On the system's own disk, which nobody holds: the administrator's proof.
proved() {
	diolate selftest --seconds 120 /var/tmp >/tmp/selftest || { cat /tmp/selftest; return 1; }
	cat /tmp/selftest
	has 'Proved: ' /tmp/selftest
}
