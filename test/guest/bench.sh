# Sourced by init for `make bench` (test/bench/run): what an I/O takes, with us, without, and with others
# who look for the same. One line a figure: fs engine depth case mode turn instructions ios eio. Here is what is
# measured, and in what order; bench_modes.sh has what is loaded meanwhile, bench_disks.sh what it is measured on.

. /lib-guest/bench_disks.sh
. /lib-guest/bench_modes.sh

# parameter NAME DEFAULT: of the kernel command line.
parameter() {
	value=$(sed -n "s/.*diolate\.$1=\([^ ]*\).*/\1/p" /proc/cmdline)
	echo "${value:-$2}" | tr , ' '
}

turns=$(parameter turns 5)
ios=$(parameter ios 4096)
modes=$(parameter modes unloaded,propagate,follow,hot,always,repair,bpftrace,ftrace,again)
figures=$(parameter figures sync,async,large,buffered,late,kinds)

# rate_of FS ENGINE DEPTH CASE MODE TURN DISK [OPTION...]: one figure. What is behind a - in the case only names it.
rate_of() {
	label="$1 $2 $3 $4 $5 $6"
	engine=$2 queued=$3 case=${4%%-*} mode=$5 file=/mnt/$7/file
	shift 7
	case $engine in
	io_uring) set -- --uring "$@" ;;
	pwrite) set -- --sync "$@" ;;
	esac
	n=$ios
	case $case in
	large)
		# Each takes as long as many of a page.
		n=$((ios / 32))
		case="write"
		;;
	esac
	still_in "$mode"
	# What was begun before is over by then: a time, since nothing says when workers and RCU are done.
	sleep 1
	result=$(rate "$@" --depth "$queued" --ios "$n" "$case" "$file" 2>&1) || result="failed $result"
	# Of these a figure is one only if there was a late error; who is told has -EIO.
	case $case-$mode-$result in
	stuck-propagate-*" eio=0" | overtaken-propagate-*" eio=0")
		result="failed no late error was made"
		;;
	esac
	stayed_in "$mode" || result="failed $mode: direct writes are not followed any more"
	echo "$label $result"
}

# What the contract is about: no late error, nobody who could tell.
sync_figures() {
	for fs in ext4 xfs; do
		for what in read write beside cached; do
			rate_of $fs pwrite 1 $what "$1" "$2" $fs-1
		done
	done
}

async_figures() {
	for fs in ext4 xfs; do
		for with in libaio io_uring; do
			for depth in 1 16; do
				for what in read write beside cached; do
					rate_of $fs $with $depth $what "$1" "$2" $fs-$depth
				done
			done
		done
	done
}

# Those of test/bench/guard.
guard_figures() {
	for fs in ext4 xfs; do
		for what in read write; do
			rate_of $fs libaio 1 $what "$1" "$2" $fs-1
		done
	done
}

# Of 2 MiB.
large_figures() {
	for fs in ext4 xfs; do
		rate_of $fs libaio 1 large "$1" "$2" $fs-1 --length 2097152
	done
}

# Who writes by way of the page cache, and waits until that is on the disk: alone, and while a direct read of the
# same file is in flight. (ext4 has write() wait until none is.)
buffered_figures() {
	for fs in ext4 xfs; do
		rate_of $fs buffered 16 buffered "$1" "$2" $fs-16
		rate_of $fs mmap 16 mmap "$1" "$2" $fs-16
		rate_of $fs mmap 16 mmap-beside "$1" "$2" $fs-reads --in-flight
	done
	rate_of xfs buffered 16 buffered-beside "$1" "$2" xfs-reads --in-flight
}

late_figures() {
	for with in libaio io_uring; do
		for depth in 1 16; do
			rate_of xfs $with $depth late "$1" "$2" xfs-late-$depth
		done
	done
	for submitters in 1 2 4 8; do
		rate_of xfs libaio 2 late-$submitters "$1" "$2" xfs-late-16 --submitters $submitters
	done
}

# A late error of each kind; a system call that waits is told, too. Before the first is overtaken direct writes are
# followed, as they are after the first.
kinds_figures() {
	for kind in stuck overtaken; do
		case $kind-$1 in
		overtaken-unloaded | stuck-*) ;;
		*) written_back_beside ;;
		esac
		for fs in ext4 xfs; do
			rate_of $fs libaio 1 $kind "$1" "$2" $fs-writes
			rate_of $fs pwrite 1 $kind "$1" "$2" $fs-writes --submitters 1
		done
	done
}

# all_late_figures FIGURES TURN
all_late_figures() {
	for mode in unloaded propagate observe repair; do
		[ $mode = unloaded ] || load policy=$mode sync=follow
		"$1_figures" $mode "$2"
		end $mode
	done
}

bench() {
	disks
	echo "# $(uname -r)"
	# The first warms up.
	for turn in $(seq 0 "$turns"); do
		for mode in $modes; do
			begin "$mode"
			for what_of in $figures; do
				case $what_of$mode in
				# It is the same to what is not synchronous.
				late* | kinds* | asyncfollow | largefollow | bufferedfollow) ;;
				*) "${what_of}_figures" "$mode" "$turn" ;;
				esac
			done
			end "$mode"
		done
		for what_of in $figures; do
			case $what_of in
			late | kinds) all_late_figures "$what_of" "$turn" ;;
			esac
		done
	done
	echo "# done"
}
