# shellcheck disable=SC2086 # lists of words
# Sourced by init for `make soak` (test/soak): the module for hours, beside all that can happen to it, on three file
# systems at a time. It is loaded with parameters by chance, switched, and unloaded, over and over; each time its
# counters have to agree with what the programs were told, and at the end the machine has to be as it was.
# Prints a line a minute, `not ok` and what is wrong as soon as it is found, and at the end a line for each
# thing that was looked at.
minutes=$(told_at_boot minutes)
seed=$(told_at_boot seed)
dir=${counters%/*}
parameters=/sys/module/diolate/parameters
kprobes=/sys/kernel/debug/kprobes
tracing=/sys/kernel/tracing
soaked=$filesystems
shared=/tmp/soak/shared

# What was done, and how often; and of the checks how often they failed.
loads=0 quiet_loads=0 unloads_under_load=0 switches=0 refused=0 hotplugs=0 remounts=0 shorts=0 kprobes_offs=0
drops=0 slows=0 log_reads=0 told_between=0
names="late_errors stuck overtaken delivered already_failed observed repaired spared sync kernel_owned undeliverable
	repeats unattributed overtaken_unknown probe_missed"
checks="counters told reports results pending settings fio alive memory registered met"
for check in $checks; do
	eval "looked_$check=0 bad_$check=0"
done
for name in $names; do
	eval "total_$name=0"
done

# chance N: a number below N, into $chance; by the seed, so that a run does what another did, if not when.
chance() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	chance=$((seed / 65536 % $1))
}

# one_of WORD...: one of them, into $chosen.
one_of() {
	chance $#
	shift $chance
	chosen=$1
}

uptime_now() {
	read -r now _ </proc/uptime
	now=${now%.*}
}

# right CHECK, wrong CHECK TEXT: what came of it; the first ten of a kind are told at once.
right() {
	eval "looked_$1=\$((looked_$1 + 1))"
}

wrong() {
	kind=$1
	shift
	right $kind
	eval "bad_$kind=\$((bad_$kind + 1)) n=\$bad_$kind"
	[ $n -gt 10 ] || echo "# wrong: $kind, load $loads ($how), after $since_load s: $(echo "$*" | tr '\n' ';')"
}

# same CHECK IS SHOULD TEXT
same() {
	if [ "$2" = "$3" ]; then right "$1"; else wrong "$1" "$4"; fi
}

# note TEXT: what is about to happen, into the kernel's log, for whoever has to find out what came before a fault.
note() {
	echo "diolate-test: $*" >/dev/kmsg
}

# The file systems.

soak_file_systems() {
	# What is dirty is also written back, now and then while a write is in flight.
	echo 100 >/proc/sys/vm/dirty_writeback_centisecs
	echo 200 >/proc/sys/vm/dirty_expire_centisecs
	n=0
	for fs in $soaked; do
		umount_fs $fs
		# A RAM disk takes a page when it is first written to. From here on it has all, and so what is used does
		# not grow by that.
		dd if=/dev/ram$n of=/dev/ram$n bs=1M conv=notrunc 2>/dev/null
		mount_soaked $fs
		/lib-guest/dm.sh slow $fs 10
		n=$((n + 1))
	done
}

# Not as for the cases (mount_on): ext4 commits its journal when it likes.
mount_soaked() {
	mount -t $1 /dev/mapper/$1 /mnt/$1
}

mount_all() {
	for fs in $soaked; do
		mount_soaked $fs
	done
}

umount_all() {
	for fs in $soaked; do
		umount /mnt/$fs
	done
}

# What runs on them.

start_writers() {
	note "writers begin: ${1:-$soaked}"
	for fs in ${1:-$soaked}; do
		# In a group whose memory can be made short.
		sh -c "echo \$\$ >/tmp/cgroup/soak/cgroup.procs; exec soaking run $shared $fs /mnt/$fs" >>/tmp/soak/$fs.log 2>&1 &
		echo $! >/tmp/soak/$fs.pid
	done
}

stop_writers() {
	note "writers end: ${1:-$soaked}"
	for fs in ${1:-$soaked}; do
		soaking stop $shared $fs || wrong alive "$fs: $(cat /tmp/soak/$fs.log)"
		wait "$(cat /tmp/soak/$fs.pid)" || wrong alive "$fs: $(cat /tmp/soak/$fs.log)"
	done
}

# One at a time is on a file system: fio, or who mounts it anew. There is no flock here.
take() {
	until mkdir /tmp/soak/$1.taken 2>/dev/null; do
		usleep 100000
	done
}

leave() {
	rmdir /tmp/soak/$1.taken
}

# fio beside them, on one file system after the other, in a file that nobody else uses. How often it ran,
# how often it failed, and how many writes it verified is in fio.sum.
verify_begins() {
	rm -f /tmp/soak/enough
	verify >>/tmp/soak/fio.log 2>&1 &
	verifying=$!
}

verify_ends() {
	: >/tmp/soak/enough
	wait $verifying
}

verify() {
	while :; do
		for fs in $soaked; do
			[ ! -e /tmp/soak/enough ] || return 0
			take $fs
			verify_on $fs
			leave $fs
			echo "$fio_runs $fio_failed $fio_writes" >/tmp/soak/fio.new
			mv /tmp/soak/fio.new /tmp/soak/fio.sum
		done
	done
}

verify_on() {
	export FILE="/mnt/$1/verified"
	[ -e "$FILE" ] || dd if=/dev/zero of="$FILE" bs=1M count=2 conv=fsync
	read -r fio_runs fio_failed fio_writes </tmp/soak/fio.sum
	fio_runs=$((fio_runs + 1))
	if fio --output-format=json --output=/tmp/soak/$1.json $lib_guest/fio/soak.fio; then
		fio_writes=$((fio_writes + $(awk '
			$1 == "\"write\"" { writes = 1 }
			$1 == "\"trim\"" { writes = 0 }
			writes && $1 == "\"total_ios\"" { sum += $3 }
			END { print sum + 0 }' /tmp/soak/$1.json)))
	else
		fio_failed=$((fio_failed + 1))
		echo "failed on $1"
	fi
}

# What the machine has when nothing runs.

plug_all() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]; do
		read -r online <$cpu/online
		[ "$online" = 1 ] || echo 1 >$cpu/online
	done
	unplugged=
}

meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# window NAME: nothing is loaded and nothing runs. Sets used, the KiB that are neither free nor a cache, and slab,
# those of them that are not to be reclaimed; and says both. What is registered in the kernel must be what it was.
window() {
	note "window $1"
	plug_all
	sync
	umount_all
	# A processor that goes gives up the free pages and objects that it keeps.
	for cpu in /sys/devices/system/cpu/cpu[1-9]; do
		echo 0 >$cpu/online
		echo 1 >$cpu/online
	done
	for n in 1 2 3; do
		echo 3 >/proc/sys/vm/drop_caches
		for shrink in /sys/kernel/slab/*/shrink; do
			echo 1 >$shrink
		done 2>/dev/null
		sleep 1
	done
	used=$(awk '{ v[$1] = $2 } END { print v["MemTotal:"] - v["MemFree:"] - v["Cached:"] - v["Buffers:"] -
		v["SReclaimable:"] }' /proc/meminfo)
	slab=$(meminfo SUnreclaim)
	awk 'NR > 2 { print $1, $3 * $4 / 1024 }' /proc/slabinfo >/tmp/soak/slabs.$1
	registered
	echo "# window $1: used $used KiB, of it slabs $slab KiB; $(awk '
		$1 ~ /^(MemFree|Cached|SReclaimable|KernelStack|PageTables|Percpu|VmallocUsed):/ { printf "%s %d, ", $1, $2 }
		' /proc/meminfo)$found, threads $threads"
	mount_all
}

# registered: how many kprobes there are, functions that are followed, and tracepoints with users, into $found; and
# how many threads of the kernel that are no workers, into $threads.
registered() {
	soaking tracepoints >/tmp/soak/tracepoints
	# Those of kthreadd. Workers come and go.
	threads=$(cat /proc/[0-9]*/stat 2>/dev/null |
		awk '/\(kworker/ { next } { sub(/.*\) . /, ""); n += $1 == 2 } END { print n + 0 }')
	found="kprobes $(wc -l <$kprobes/list), functions $(wc -l <$tracing/enabled_functions)"
	found="$found, tracepoints $(wc -l </tmp/soak/tracepoints)"
}

# Two windows after turns without the module tell what memory does by itself, and three how many threads there are:
# file systems have one more or less.
check_machine() {
	worst=0
	for growth in $((used - used_2)) $((slab - slab_2)); do
		[ $growth -le $worst ] || worst=$growth
	done
	text="used by $((used - used_2)) KiB more, by slabs $((slab - slab_2)) KiB more, after $loads loads;"
	text="$text two turns without the module differ by $noise KiB"
	if [ $worst -gt $((2 * noise + 1024)) ]; then
		wrong memory "$text"
		awk 'NR == FNR { was[$1] = $2; next } { print $2 - was[$1], $1 }' /tmp/soak/slabs.2 "/tmp/soak/slabs.$1" |
			sort -rn | head -n 8 | sed 's/^/# slab grew by KiB: /'
	else
		right memory
	fi
	echo "# memory at $1: $text"
	if [ "$found" = "$registered_2" ] && [ $threads -le $most_threads ]; then
		right registered
	else
		wrong registered "$found, threads $threads; not $registered_2, threads $most_threads"
	fi
}

# The module.

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

# What happens now and then.

switch_something() {
	chance 5
	case $chance in
	0 | 1)
		one_of propagate observe repair
		set_it policy $chosen
		;;
	2)
		one_of follow report
		set_it sync $chosen
		;;
	3)
		one_of auto always
		set_it track $chosen
		;;
	4)
		one_of 0 1 100 1000
		set_it repair_ms $chosen
		;;
	esac
}

switch_kprobes_off() {
	kprobes_offs=$((kprobes_offs + 1))
	note "kprobes off"
	may_miss=1
	off=1
	echo 0 >$kprobes/enabled
	usleep 300000
	switch_something
	usleep 300000
	echo 1 >$kprobes/enabled
	off=
	note "kprobes on"
}

plug_something() {
	hotplugs=$((hotplugs + 1))
	if [ -n "$unplugged" ]; then
		note "processor $unplugged comes"
		plug_all
	else
		one_of 1 2 3
		unplugged=$chosen
		note "processor $unplugged goes"
		echo 0 >/sys/devices/system/cpu/cpu$unplugged/online
	fi
}

# Huge pages that nobody uses take most of what is left; or those who write are held short.
make_memory_short() {
	shorts=$((shorts + 1))
	note "memory gets short"
	chance 3
	if [ $chance = 0 ]; then
		echo 4M >/tmp/cgroup/soak/memory.high
		sleep 3
		echo max >/tmp/cgroup/soak/memory.high
	else
		echo $(($(meminfo MemAvailable) / 2048 - 64)) >/proc/sys/vm/nr_hugepages
		sleep 2
		[ -z "$loaded" ] || switch_something
		echo 0 >/proc/sys/vm/nr_hugepages
	fi
}

remount_something() {
	remounts=$((remounts + 1))
	one_of $soaked
	again=$chosen
	note "$again is unmounted"
	stop_writers $again
	take $again
	if ! umount /mnt/$again || ! mount_soaked $again; then
		wrong alive "$again is not mounted again"
	fi
	leave $again
	start_writers $again
	note "$again is mounted again"
}

something_happens() {
	chance 20
	case $chance in
	[0-6]) [ -z "$loaded" ] || switch_something ;;
	7 | 8) plug_something ;;
	9) make_memory_short ;;
	1[01])
		drops=$((drops + 1))
		echo 3 >/proc/sys/vm/drop_caches
		;;
	12) switch_kprobes_off ;;
	13) remount_something ;;
	14) sync ;;
	15)
		slows=$((slows + 1))
		one_of $soaked
		fs=$chosen
		one_of 1 5 20 60
		/lib-guest/dm.sh slow $fs $chosen
		;;
	*)
		if [ -n "$loaded" ]; then
			log_reads=$((log_reads + 1))
			cat $dir/log >/dev/null
		fi
		;;
	esac
	chance 10
	usleep $((chance * 200000))
}

minute_line() {
	uptime_now
	[ $now -ge $next_line ] || return 0
	next_line=$((now + 60))
	take_sums
	read -r fio_runs fio_failed fio_writes </tmp/soak/fio.sum
	outcomes=
	for name in $names; do
		eval "value=\$total_$name"
		[ "$value" = 0 ] || outcomes="$outcomes, $name $value"
	done
	echo "# $(((now - began) / 60)) min: loads $loads, writes $sum_writes, stores $sum_stores, told -EIO $sum_eio$outcomes;" \
		"switches $switches, hotplugs $hotplugs, remounts $remounts, short of memory $shorts," \
		"kprobes off $kprobes_offs; fio verified $fio_writes in $fio_runs runs, $fio_failed failed;" \
		"unloaded under load $unloads_under_load, told then $told_between"
}

# one_load: from load to unload.
one_load() {
	load_it || return 1
	[ $loads -gt 1 ] || echo "# tracepoints with the module: $(soaking tracepoints | wc -l)"
	chance 30
	over=$((now + 5 + chance))
	while [ $now -lt $over ]; do
		something_happens
		minute_line
	done
	look_at_it && unload_it || return 1
	chance 3
	sleep $chance
}

soak() {
	mkdir -p /tmp/soak /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup
	echo +memory >/tmp/cgroup/cgroup.subtree_control
	mkdir /tmp/cgroup/soak
	echo 0 0 0 >/tmp/soak/fio.sum
	how='' loaded='' off='' unplugged='' reporting='' since_load=0 now=0
	uptime_now
	began=$now next_line=$((now + 60))
	echo "# $(uname -r), $(nproc) processors, $minutes minutes, seed $seed"
	soak_file_systems
	turn_seconds=60
	[ $minutes -ge 10 ] || turn_seconds=15
	# Without the module: what memory does by itself.
	most_threads=0
	for turn in 0 1 2; do
		start_writers
		verify_begins
		uptime_now
		deadline=$((now + turn_seconds))
		while uptime_now && [ $now -lt $deadline ]; do
			something_happens
		done
		take_sums
		same told $sum_eio 0 "without the module $sum_eio were told"
		stop_writers
		verify_ends
		window $turn
		eval "used_$turn=$used slab_$turn=$slab registered_$turn=\$found"
		[ $threads -le $most_threads ] || most_threads=$threads
	done
	noise=0
	for difference in $((used_2 - used_1)) $((used_1 - used_2)) $((slab_2 - slab_1)) $((slab_1 - slab_2)); do
		[ $difference -le $noise ] || noise=$difference
	done

	soaking read $dir /tmp/soak/closed >/tmp/soak/reader.log 2>&1 &
	reader=$!
	start_writers
	verify_begins
	uptime_now
	began=$now next_line=$((now + 60)) end=$((now + minutes * 60)) next_window=$((now + 1200)) windows=0
	while [ $now -lt $end ]; do
		one_load || {
			echo "not ok soak cannot go on, see above"
			break
		}
		if [ $now -ge $next_window ]; then
			stop_writers
			verify_ends
			windows=$((windows + 1))
			window "after-$windows"
			check_machine "after-$windows"
			start_writers
			verify_begins
			uptime_now
			next_window=$((now + 1200))
		fi
	done
	next_line=0
	minute_line
	echo "# $sums"
	stop_writers
	verify_ends
	kill $reader
	window end
	check_machine end
	# A soak in which nothing came of that has shown nothing of it. A short one may have had no time.
	[ $minutes -lt 30 ] || for outcome in stuck overtaken delivered observed repaired sync; do
		eval "value=\$total_$outcome"
		if [ "$value" = 0 ]; then wrong met "no write was $outcome"; else right met; fi
	done
	echo "# done in $(((now - began) / 60)) minutes: drops $drops, delays changed $slows, log read $log_reads," \
		"switches refused while kprobes were off $refused, quiet loads $quiet_loads"
	for check in $checks; do
		eval "n=\$looked_$check bad=\$bad_$check"
		if [ $n = 0 ]; then
			echo "skip $check never looked at"
		elif [ $bad = 0 ]; then
			echo "ok $check, $n times"
		else
			echo "not ok $check, $bad of $n times"
		fi
	done
	echo "# the end"
}
