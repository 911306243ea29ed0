# RocksDB's db_bench with direct I/O: it only ever writes new files, a buffer after the other. They are
# dirtied as they grow by processes that change nothing (dirty.c).
# shellcheck source=/dev/null
. "$lib_guest/programs.sh"

keys=40000
inside=/tmp/ext4/rocksdb
outside=/mnt/ext4/rocksdb

# db_bench BENCHMARKS [OPTION...]
db_bench() {
	benchmarks=$1
	shift
	in_root db_bench --db=$inside --benchmarks="$benchmarks" --num=$keys --value_size=400 \
		--compression_type=none --write_buffer_size=4194304 --target_file_size_base=4194304 \
		--use_direct_io_for_flush_and_compaction --use_direct_reads --writable_file_max_buffer_size=65536 "$@"
}

# chase: each new file until there is no /tmp/hold.
chase() {
	chased=' '
	while [ -e /tmp/hold ]; do
		for file in "$outside"/*.sst; do
			case $chased in
			*" $file "*) continue ;;
			esac
			[ -e "$file" ] || continue
			dirty "$file" 1 &
			chased="$chased$file "
			dirtying="$dirtying $!"
		done
		usleep 10000
	done
	# shellcheck disable=SC2086 # a list
	kill $dirtying || true
	wait
}

calm_rocksdb() {
	rm -f /tmp/hold
	wait "$chaser" || true
	/lib-guest/dm.sh release ext4
	trap - EXIT
}

rocksdb() {
	mount_programs programs ext4
	rm -rf $outside
	mkdir $outside
	load_for "$1" sync=follow
	count_from_here
	/lib-guest/dm.sh slow ext4 10
	: >/tmp/hold
	dirtying=
	chase &
	chaser=$!
	trap calm_rocksdb EXIT
	ended=success
	db_bench fillseq,overwrite,compact >/tmp/bench 2>&1 ||
		ended="$? ($(grep -oE '(put error|IO error|Corruption).*' /tmp/bench | head -n 1))"
	calm_rocksdb
	tail -n 5 /tmp/bench
	count_outcomes delivered observed repaired already_failed undeliverable spared sync
	[ "$policy" = stock ] || unload

	drop_cache
	check=OK
	db_bench verifychecksum --use_existing_db >/tmp/bench 2>&1 ||
		check="$(grep -oE '(IO error|Corruption).*' /tmp/bench | head -n 1)"
	tail -n 3 /tmp/bench
	count=$(in_root ldb --db=$inside dump --count_only 2>&1 |
		sed -n 's/^Keys in range: //p')
	rm -rf $outside
	found="db_bench: $ended, verifychecksum: $check, keys ${count:-unreadable}$counted"
	echo "$found"
	say "$found"
	[ "$check" = OK ] || fail "$found"
	# If there was one: it takes some luck.
	[ "$policy" = stock ] || [ "$delivered" = 0 ] || [ "$ended" != success ] || fail "$found"
}

# For `make check-long` alone, as the databases.
if [ "$(either no yes)" = yes ] && ! is_debug && [ "$(uname -m)" = x86_64 ]; then
	for policy in stock observe propagate repair; do
		run rocksdb-$policy rocksdb $policy
	done
fi
