#!/bin/sh
# Run by init of a booted fresh system, as its only job; test/install/run started it and reads the
# verdict from the second serial port, whose last line is `done N`.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin
. /lib-guest/lib.sh
. /lib-guest/fs.sh
. /lib-guest/command.sh
. /lib-guest/steps.sh
PATH=$PATH:/usr/lib/nagios/plugins
filesystems=ext4
prom=/var/lib/prometheus/node-exporter/diolate.prom

# parameter NAME: of this test, from the kernel's command line.
parameter() {
	sed -n "s/.*install\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
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

# As installed; and Debian's exporter is there, which is not ours.
units_off() {
	for unit in diolate-log.service diolate-metrics.timer; do
		[ "$(systemctl is-enabled $unit)" = disabled ]
		[ "$(systemctl is-active $unit)" = inactive ]
	done
	[ ! -e "$prom" ]
	# Of a word that this systemd does not know it only warns.
	systemd-analyze verify --man=no diolate-log.service diolate-metrics.service diolate-metrics.timer 2>&1 | grep diolate >/tmp/verify || true
	[ ! -s /tmp/verify ] || fail "$(cat /tmp/verify)"
}

# soon COMMAND...: it succeeds, if not at once then in a minute.
soon() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 120 ] || fail "not in a minute: $*"
		sleep 0.5
	done
}

# logged NUMBER: the service has told the journal of so many delivered late errors.
logged() {
	[ "$(journalctl -q -u diolate-log -o json DIOLATE_OUTCOME=delivered | wc -l)" = "$1" ]
}

# told_once TEXT: of the service, whatever fields that entry has.
told_once() {
	[ "$(journalctl -q -u diolate-log -o cat | grep -cF "$1")" = 1 ]
}

# Each late error is in the journal once, also if the service was away when it came.
journal() {
	systemctl enable --now diolate-log.service
	delivered
	soon logged 1
	journalctl -u diolate-log -o json DIOLATE_OUTCOME=delivered >/tmp/journal
	for field in '"DIOLATE_FILE":"/mnt/ext4/collision"' '"DIOLATE_KIND":"stuck"' '"DIOLATE_COMM":"collide"' '"PRIORITY":"4"' \
		'"_SYSTEMD_UNIT":"diolate-log.service"'; do
		has "$field" /tmp/journal
	done
	systemctl stop diolate-log.service
	delivered
	systemctl start diolate-log.service
	soon logged 2
	systemctl is-active diolate-log.service
}

# served TEXT: by the exporter, over HTTP.
served() {
	bash -c 'exec 3<>/dev/tcp/127.0.0.1/9100 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && cat <&3' >/tmp/served &&
		grep -qxF "$1" /tmp/served
}

metrics() {
	systemctl enable --now diolate-metrics.timer
	soon test -s "$prom"
	soon served "diolate_late_errors_total $(counter late_errors)"
	served "node_textfile_scrape_error 0"
}

# Of what was delivered the programs know; what is over is no reason to warn any more.
nagios() {
	ends 1 check_diolate >/tmp/check
	cat /tmp/check
	has "DIOLATE WARNING - late errors since 1h: 2 delivered; " /tmp/check
	has "| late_errors=2;0;;0 not_told=0;;0;0 unseen=0;0;;0" /tmp/check
	sleep 2
	ends 0 check_diolate --since 1s
}

# It waits, and says once that nothing is watched.
unloaded() {
	rmmod diolate
	ends 2 check_diolate >/tmp/check
	has "DIOLATE CRITICAL - The module diolate is not loaded" /tmp/check
	soon told_once "The module diolate is not loaded"
	systemctl is-active diolate-log.service
}

# What a purge has to remove, and everything that might name it.
purge() {
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
	step units-off units_off
	step modprobe modprobe diolate
	step right-module right_one
	step delivered delivered
	step status status_tells 1
	step selftest proved
	step opt-in ask
	;;
last)
	step loaded-at-boot loaded_as_asked
	step right-module right_one
	step journal journal
	step metrics metrics
	step nagios nagios
	# The two of the step journal.
	step status status_tells 2
	step selftest proved
	step unloaded unloaded
	step purge purge
	;;
esac
sync
verdict "done $verdicts"
systemctl poweroff
