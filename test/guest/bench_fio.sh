# Sourced by init for `make bench` (test/bench/run NAME fio): fio, by the clock, without icount and on the
# disks of bench.sh. One line a figure: fs engine depth rw mode turn iops.

. /lib-guest/bench.sh

bench_fio() {
	figures=sync
	disks
	echo "# $(uname -r)"
	for turn in $(seq 0 "$turns"); do
		for mode in unloaded propagate; do
			begin $mode
			for fs in ext4 xfs; do
				for with in libaio io_uring; do
					for rw in randread randwrite; do
						iops=$(fio --name=bench --filename=/mnt/$fs-1/file --size=64m --bs=4k \
							--direct=1 --rw=$rw --ioengine=$with --iodepth=16 --runtime=3 \
							--time_based --randseed=1 --output-format=terse --terse-version=3 |
							awk -F ';' '{ print $8 + $49 }')
						echo "$fs $with 16 $rw $mode $turn iops=$iops"
					done
				done
			done
			end $mode
		done
	done
	echo "# done"
}
