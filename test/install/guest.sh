#!/bin/sh
# Run by init of a booted fresh system, as its only job; test/install/run started it and reads the
# verdict from the second serial port, whose last line is `done N`.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin
. /lib-guest/lib.sh
. /lib-guest/fs.sh
. /lib-guest/command.sh
filesystems=ext4

# parameter NAME: of this test, from the kernel's command line.
parameter() {
	sed -n "s/.*install\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

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

# The administrator has not asked for it, so nobody loaded it.
not_loaded() {
	[ ! -e /sys/module/diolate ]
}

# It was asked for at the first boot, with a parameter.
loaded_as_asked() {
	[ -e /sys/module/diolate ]
	[ "$(cat /sys/module/diolate/parameters/log_size)" = 64 ]
}

ask() {
	sed -i 's/^#diolate$/diolate/' /etc/modules-load.d/diolate.conf
	sed -i 's/^#\(options diolate log_size=\).*/\164/' /etc/modprobe.d/diolate.conf
	grep -rhv '^#' /etc/modules-load.d/diolate.conf /etc/modprobe.d/diolate.conf
}

# The one that DKMS built from the package, for this kernel.
right_one() {
	version=/sys/kernel/debug/diolate/version
	grep -qx "revision $(parameter revision)" $version
	grep -qx "kernel $(uname -r)" $version
	modinfo -n diolate | grep '/updates/dkms/'
}

delivered() {
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
}

status_tells() {
	ends 1 diolate status >/tmp/status
	cat /tmp/status
	has /mnt/ext4/collision /tmp/status
	ends 1 diolate status --json >/tmp/status
	has '"delivered":1,' /tmp/status
}

# On the system's own disk, which nobody holds: the administrator's proof.
proved() {
	diolate selftest --seconds 120 /var/tmp >/tmp/selftest || { cat /tmp/selftest; return 1; }
	cat /tmp/selftest
	has 'Proved: ' /tmp/selftest
}

# What a purge has to remove, and everything that might name it.
purge() {
	rmmod diolate
	apt-get purge -y diolate diolate-dkms
	left=$(find / -xdev -iname '*diolate*' -print
		grep -rl diolate /etc /lib/modules/*/modules.* /var/lib/dkms /var/lib/dpkg/info || true)
	[ -z "$left" ] || fail "left: $left"
	[ -z "$(dkms status)" ] || fail "$(dkms status)"
	if modprobe diolate; then fail "it is still to be found"; fi
}

verdict_port=/dev/ttyS1
stty -F "$verdict_port" raw
mount -t debugfs debugfs /sys/kernel/debug || true
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
make_all_fs
verdict "# $(uname -r)"
case $(parameter stage) in
first)
	step not-loaded not_loaded
	step modprobe modprobe diolate
	step right-module right_one
	step delivered delivered
	step status status_tells
	step selftest proved
	step opt-in ask
	;;
last)
	step loaded-at-boot loaded_as_asked
	step right-module right_one
	step delivered delivered
	step status status_tells
	step selftest proved
	step purge purge
	;;
esac
sync
verdict "done $verdicts"
systemctl poweroff
