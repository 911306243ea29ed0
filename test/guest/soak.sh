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
checks="counters told reports results pending settings fio alive memory registered database met"
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

. $lib_guest/soak_fs.sh
. $lib_guest/soak_machine.sh
. $lib_guest/soak_module.sh
. $lib_guest/soak_events.sh
. $lib_guest/soak_database.sh

minute_line() {
	uptime_now
	[ $now -ge $next_line ] || return 0
	next_line=$((now + 60))
	take_sums
	read -r fio_runs fio_failed fio_writes </tmp/soak/fio.sum
	last_committed
	outcomes=
	for name in $names; do
		eval "value=\$total_$name"
		[ "$value" = 0 ] || outcomes="$outcomes, $name $value"
	done
	echo "# $(((now - began) / 60)) min: loads $loads, writes $sum_writes, stores $sum_stores, told -EIO $sum_eio$outcomes;" \
		"switches $switches, hotplugs $hotplugs, remounts $remounts, short of memory $shorts," \
		"kprobes off $kprobes_offs; fio verified $fio_writes in $fio_runs runs, $fio_failed failed; $committed updates of a database;" \
		"unloaded under load $unloads_under_load, told then $told_between"
}

all_begins() {
	start_writers
	verify_begins
	soak_database database_begins
}

# The database is looked at when its file system was mounted anew.
all_ends() {
	stop_writers
	verify_ends
	soak_database database_ends
	umount_all
	mount_all
	soak_database database_is_intact
}

# one_load: from load to unload.
one_load() {
	load_it || return 1
	[ $loads -gt 1 ] || echo "# tracepoints with the module: $(tracepoints | wc -l)"
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
	soak_database make_database
	turn_seconds=60
	[ $minutes -ge 10 ] || turn_seconds=15
	# Without the module: what memory does by itself.
	most_threads=0
	for turn in 0 1 2; do
		all_begins
		uptime_now
		deadline=$((now + turn_seconds))
		while uptime_now && [ $now -lt $deadline ]; do
			something_happens
		done
		take_sums
		same told $sum_eio 0 "without the module $sum_eio were told"
		all_ends
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
	all_begins
	uptime_now
	began=$now next_line=$((now + 60)) end=$((now + minutes * 60)) next_window=$((now + 1200)) windows=0
	while [ $now -lt $end ]; do
		one_load || {
			echo "not ok soak cannot go on, see above"
			break
		}
		if [ $now -ge $next_window ]; then
			all_ends
			windows=$((windows + 1))
			window "after-$windows"
			check_machine "after-$windows"
			all_begins
			uptime_now
			next_window=$((now + 1200))
		fi
	done
	next_line=0
	minute_line
	echo "# $sums"
	all_ends
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
