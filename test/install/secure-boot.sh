#!/bin/sh
# Run by init of a fresh system that was started with Secure Boot, at its console; test/install/secure-boot
# started it and reads the verdict, whose last line is `done N`.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin
. /lib-guest/lib.sh
. /lib-guest/fs.sh
. /lib-guest/command.sh
. /lib-guest/steps.sh
filesystems=ext4
document=/lib-guest/install.md

# quoted COMMAND...: that the command fails, and with nothing but a sentence that the document quotes.
quoted() {
	if "$@" 2>/tmp/refusal; then fail "not refused: $*"; fi
	cat /tmp/refusal
	[ "$(wc -l </tmp/refusal)" = 1 ] || fail "not one sentence"
	grep -qxF "    $(cat /tmp/refusal)" $document || fail "not in the document: $(cat /tmp/refusal)"
}

# explained TEXT: that the kernel's last word is this one, and the document has it.
explained() {
	dmesg | tail -n 5
	dmesg | tail -n 5 | grep -F "$1" || fail "the kernel does not say: $1"
	grep -F "\`$1\`" $document || fail "not in the document: $1"
}

# By the firmware, which the kernel believed.
secure_boot() {
	mokutil --sb-state >/tmp/state
	cat /tmp/state /sys/kernel/security/lockdown
	grep -qx 'SecureBoot enabled' /tmp/state
	grep -q '\[integrity\]' /sys/kernel/security/lockdown
}

refused() {
	quoted modprobe diolate
	explained 'Loading of module with unavailable key is rejected'
	[ ! -e /sys/module/diolate ]
}

# What DKMS makes without openssl.
unsigned_refused() {
	xz -dc "$(modinfo -n diolate)" >/tmp/signed.ko
	objcopy --strip-debug /tmp/signed.ko /tmp/diolate.ko
	[ -z "$(modinfo -F signer /tmp/diolate.ko)" ] || fail "it is signed still"
	if insmod /tmp/diolate.ko 2>/tmp/refusal; then fail "not refused"; fi
	has 'Key was rejected by service' /tmp/refusal
	explained 'Loading of unsigned module is rejected'
}

# mokutil asks on the console, where secure-boot.exp answers; no message of the kernel may come in between.
import_key() {
	dmesg -n 1
	sh -ex /lib-guest/import </dev/ttyS0 >/dev/ttyS0 2>&1
	dmesg -n 7
	[ "$(mokutil --list-new | grep -c 'Subject: CN=DKMS module signing key')" = 1 ]
}

enrolled() {
	# Its status is 1 where the key is enrolled.
	sh /lib-guest/test-key >/tmp/state || true
	cat /tmp/state
	has ' is already enrolled' /tmp/state
}

loaded() {
	modprobe diolate policy=observe
	grep -qx "kernel $(uname -r)" /sys/kernel/debug/diolate/version
	grep -q '\[integrity\]' /sys/kernel/security/lockdown
	ends 0 diolate status
}

# Each file of the module, and the parameter that is to be changed.
readable() {
	cat /sys/kernel/debug/diolate/*
	diolate policy propagate
	[ "$(cat /sys/module/diolate/parameters/policy)" = propagate ]
}

# The tracepoint is no part of debugfs.
traced() {
	tracing=/sys/kernel/tracing
	echo 1 >$tracing/events/diolate/late_error/enable
	collision ext4
	echo 0 >$tracing/events/diolate/late_error/enable
	grep 'late_error: ' $tracing/trace
}

# What the document says of the switch of all kprobes.
kprobes_closed() {
	switch=/sys/kernel/debug/kprobes/enabled
	[ -e $switch ]
	if cat $switch; then fail "lockdown hides nothing"; fi
	if echo 0 >$switch; then fail "lockdown locks nothing"; fi
	cat /sys/kernel/debug/kprobes/list >/tmp/list
	has dio_warn_stale_pagecache /tmp/list
}

unloaded() {
	rmmod diolate
	[ ! -e /sys/module/diolate ]
}

verdict_port=/dev/virtio-ports/verdict
modprobe virtio_console
udevadm wait --timeout=300 $verdict_port
mount -t debugfs debugfs /sys/kernel/debug || true
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
verdict "# $(uname -r)"
step secure-boot secure_boot
case $(cat /sys/class/dmi/id/product_family) in
refused)
	step refused refused
	step unsigned-refused unsigned_refused
	step import import_key
	sync
	verdict "done $verdicts"
	systemctl reboot
	;;
enrolled)
	make_all_fs
	step enrolled enrolled
	step modprobe loaded
	step readable readable
	step delivered delivered
	step status status_tells 1
	step traced traced
	step selftest proved
	step kprobes-closed kprobes_closed
	step unload unloaded
	sync
	verdict "done $verdicts"
	systemctl poweroff
	;;
esac
