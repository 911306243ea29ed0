# Sourced by init for `make bench` (test/bench/run NAME switch): how long loading, switching and unloading take, and
# how long 16 direct writers are held up meanwhile; by the clock, without icount, the processors truly parallel.
# One line a figure: fs engine depth case mode turn took held without writes.

. /lib-guest/bench.sh

bench_switch() {
	figures=sync
	disks
	echo "# $(uname -r), $(grep -c '^processor' /proc/cpuinfo) processors"
	for turn in $(seq 0 "$turns"); do
		for fs in ext4 xfs; do
			held /mnt/$fs-1/file insmod:policy=observe policy=propagate policy=repair policy=observe \
				policy=propagate track=always track=auto sync=follow sync=report rmmod >/tmp/held 2>&1 ||
				echo "$fs pwrite 16 - switch $turn failed $(tail -n 1 /tmp/held)"
			sed "s/^step=\([^ ]*\) /$fs pwrite 16 \1 switch $turn /" /tmp/held
			! grep -q '^diolate ' /proc/modules || unload
		done
	done
	echo "# done"
}
