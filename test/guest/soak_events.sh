# shellcheck disable=SC2086,SC2317 # lists of words; soak.sh calls these
# Sourced by soak.sh: what happens now and then.

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
		one_of $pluggable
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
