# shellcheck disable=SC2086,SC2317 # lists of words; soak.sh calls these
# Sourced by soak.sh: the module, from loading to unloading, and what has to add up.

# Each program that is begun costs a tenth of a second under emulation, so that what is asked often is read by the
# shell itself.

# take_sums: what the programs were told, into $sum_writes, $sum_eio and so on.
take_sums() {
	sums=$(soaking sum $shared)
	for pair in $sums; do
		eval "sum_${pair%%=*}=\${pair#*=}"
	done
}

# take_counters: into $now_late_errors and so on.
take_counters() {
	cat $counters >/tmp/after
	while read -r name value; do
		eval "now_$name=\$value"
	done </tmp/after
}

# add_up: to what earlier loads have counted.
add_up() {
	while read -r name value; do
		eval "total_$name=\$((total_$name + value))"
	done </tmp/after
}

reports() {
	awk '$1 == "report" { print $2 + $3 }' $tracing/kprobe_profile
}

pause() {
	soaking pause $shared 2>/tmp/soak/paused || {
		wrong alive "$(cat /tmp/soak/paused)"
		# What they wait for.
		echo w >/proc/sysrq-trigger
		return 1
	}
}

load_it() {
	loads=$((loads + 1))
	one_of propagate propagate repair observe
	how="policy=$chosen"
	one_of follow report
	how="$how sync=$chosen"
	one_of auto auto always
	how="$how track=$chosen"
	one_of 1024 1024 64 4096
	how="$how maxactive=$chosen"
	one_of 1024 16 65536
	how="$how log_size=$chosen"
	one_of 100 0 1000
	how="$how repair_ms=$chosen"
	one_of Y N
	how="$how kernel_log=$chosen"
	chance 2
	quiet=$chance
	reporting=
	pause || return 1
	take_sums
	between=$sum_eio
	if [ $quiet = 1 ]; then
		quiet_loads=$((quiet_loads + 1))
		# What the kernel reports, counted by somebody else.
		echo "p:soak/report dio_warn_stale_pagecache" >$tracing/kprobe_events
		echo 1 >$tracing/events/soak/report/enable
		reporting=1
	else
		soaking resume $shared
	fi
	note "load $loads $how"
	mark 1000
	/sbin/insmod $our_module $how 2>/tmp/insmod || {
		wrong settings "not loaded: $(cat /tmp/insmod) $(dmesg | grep diolate: | tail -n 1)"
		soaking resume $shared
		return 1
	}
	mark "$(cat /sys/module/diolate/sections/.text)"
	soaking resume $shared
	uptime_now
	loaded_at=$now
	loaded=1
	may_miss=
}

# When no write is in flight all has to add up.
look_at_it() {
	uptime_now
	since_load=$((now - loaded_at))
	note "pause"
	pause || return 1
	take_counters
	take_sums
	told=$((sum_eio - between))
	outcomes=$((now_delivered + now_already_failed + now_observed + now_repaired + now_spared + now_sync +
		now_kernel_owned + now_undeliverable + now_pending))
	unknown=$((now_unknown_arming + now_unknown_crowded + now_unknown_at_start + now_unknown_unseen +
		now_unknown_late + now_unknown_replaced))
	same counters $outcomes $now_late_errors "late_errors $now_late_errors, outcomes $outcomes"
	same counters $((now_stuck + now_overtaken)) $now_late_errors "stuck $now_stuck, overtaken $now_overtaken"
	same counters $unknown $now_overtaken_unknown "overtaken_unknown $now_overtaken_unknown, reasons $unknown"
	# No program here writes so that the kernel fails it, and none is in the kernel.
	same counters $((now_already_failed + now_kernel_owned)) 0 \
		"already_failed $now_already_failed, kernel_owned $now_kernel_owned"
	# The log and the files agree with them.
	(agree) >/tmp/soak/found || true
	[ ! -s /tmp/soak/found ] || wrong counters "$(cat /tmp/soak/found)"
	same pending $now_pending 0 "$now_pending"
	same told $told $now_delivered "delivered $now_delivered, told $told"
	same results $sum_other 0 "$sum_other results that are neither, like $sum_result"
	# While kprobes are off nobody counts.
	if [ -z "$may_miss" ]; then
		[ $now_unattributed -le $now_probe_missed ] ||
			wrong reports "unattributed $now_unattributed, missed $now_probe_missed"
		if [ -n "$reporting" ]; then
			counted=$((now_stuck + now_repeats + now_unattributed))
			said=$(reports)
			same reports "$said" $counted "the kernel reported $said, counted $counted"
		fi
	fi
	add_up
	check_programs
}

check_programs() {
	for fs in $soaked; do
		read -r pid </tmp/soak/$fs.pid
		kill -0 $pid 2>/dev/null || wrong alive "$fs: $(cat /tmp/soak/$fs.log)"
	done
	! has_database || kill -0 $server 2>/dev/null || wrong alive "database: $(tail -n 3 /tmp/error.log)"
	kill -0 $reader 2>/dev/null || wrong alive "reader: $(cat /tmp/soak/reader.log)"
	right alive
	read -r fio_runs fio_failed fio_writes </tmp/soak/fio.sum
	[ $fio_runs = 0 ] || same fio $fio_failed 0 "$fio_failed of $fio_runs failed: $(tail -n 3 /tmp/soak/fio.log)"
}

# It goes while nothing is in flight, or while all go on; then what they are told at the very end nobody compares.
unload_it() {
	chance 2
	if [ $chance = 1 ]; then
		soaking resume $shared
		unloads_under_load=$((unloads_under_load + 1))
		usleep $((chance * 300000))
	fi
	take_sums
	before_end=$sum_eio
	note "unload"
	# It does not go while somebody has a file of it open.
	patience=60
	until /sbin/rmmod diolate 2>/tmp/rmmod; do
		: >/tmp/soak/closed
		patience=$((patience - 1))
		if [ $patience = 0 ] || ! grep -q "in use" /tmp/rmmod; then
			wrong settings "not unloaded: $(cat /tmp/rmmod)"
			return 1
		fi
		sleep 1
	done
	rm -f /tmp/soak/closed
	mark 2000
	loaded=
	pause || return 1
	take_sums
	told_between=$((told_between + sum_eio - before_end))
	if [ -n "$reporting" ]; then
		echo 0 >$tracing/events/soak/report/enable
		echo >$tracing/kprobe_events
	fi
	soaking resume $shared
}

# set NAME VALUE: must be done, unless kprobes are off.
set_it() {
	switches=$((switches + 1))
	note "$1=$2"
	if echo "$2" >$parameters/$1 2>/dev/null; then
		read -r value <$parameters/$1
		same settings $value $2 "$1=$2: $value"
	elif [ -n "$off" ]; then
		refused=$((refused + 1))
	else
		wrong settings "$1=$2 refused: $(dmesg | grep diolate: | tail -n 1)"
	fi
}
