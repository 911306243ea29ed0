# PostgreSQL with debug_io_direct=data,wal, which writes with pwritev(): synchronously, and each process
# for itself. It is Debian 13's, whatever the kernel, since older ones cannot.
# shellcheck source=/dev/null
. "$lib_guest/database.sh"

disk=programs
inside=/tmp/ext4/postgres
outside=/mnt/ext4/postgres
# It has one write in flight at a time, and a page that fails is tried again: what dirties looks not so often
# that each try would fail.
rows=4000 step=397 ms=10 look=100
# Pages with a wrong checksum are counted, and then read all the same.
sound="-c ignore_checksum_failure=on"
# That of a "fast" shutdown.
stop_signal=INT
outcomes="delivered observed repaired"
by_sync="could not *sync*Input/output error"
programs=/usr/lib/postgresql/17/bin

# as_server COMMAND...: it refuses to be root.
as_server() {
	/usr/sbin/chroot "$root" /usr/sbin/chroot --userspec=postgres / "$@"
}

psql() {
	as_server $programs/psql -X -q -A -t -h /tmp/socket -d postgres "$@"
}

# start_server OPTIONS: with so little memory that what it has written it must soon read again. It is not to
# start anew by itself after a PANIC. Its warnings would look like the kernel's in the log of the guest.
start_server() {
	# shellcheck disable=SC2086 # options
	/usr/sbin/chroot "$root" /usr/sbin/chroot --userspec=postgres / $programs/postgres -D $inside \
		-c unix_socket_directories=/tmp/socket -c listen_addresses= -c max_connections=10 \
		-c shared_buffers=1MB -c max_wal_size=8MB -c min_wal_size=2MB -c wal_level=minimal \
		-c max_wal_senders=0 -c dynamic_shared_memory_type=mmap -c restart_after_crash=off \
		-c client_min_messages=error $1 \
		>>/tmp/error.log 2>&1 &
	server=$!
	until psql -c "SELECT 1"; do
		kill -0 "$server" || return 1
		sleep 1
	done
}

# Of pages half full, so that a new version of a row has room beside the old one, and no new page is needed:
# the process that dirties has mapped what there is.
new_server() {
	echo 'postgres:x:100:100::/tmp:/bin/sh' >>/etc/passwd
	mkdir -p $outside "$root/tmp/socket"
	chown 100:100 $outside "$root/tmp/socket"
	as_server $programs/initdb -D $inside -k -N --no-locale -E UTF8 -A trust --wal-segsize=1 \
		>/tmp/install 2>&1 || fail "initdb: $(tail -n 5 /tmp/install)"
	start_server "-c fsync=off" || fail "the server did not start: $(tail -n 2 /tmp/error.log)"
	psql -c "CREATE TABLE t (id int PRIMARY KEY, gen int NOT NULL, payload text NOT NULL, crc text NOT NULL)
			WITH (fillfactor = 50)" \
		-c "ALTER TABLE t ALTER payload SET STORAGE PLAIN" \
		-c "INSERT INTO t SELECT id, 0, repeat(md5('0'), 30), md5('0' || repeat(md5('0'), 30))
			FROM generate_series(1, $rows) id" \
		-c "CREATE EXTENSION amcheck" -c "VACUUM ANALYZE t"
	stop_server
}

tables() {
	if [ "$dirtied" = wal ]; then
		ls $outside/pg_wal/0*
	else
		echo "$outside/$(psql -c "SELECT pg_relation_filepath('t')")"
	fi
}

# Now and then a checkpoint, for which the server syncs. A client that has lost the server ends.
update() {
	each_update "UPDATE t SET gen = @n, payload = repeat(md5('@n'), 30),
			crc = md5('@n' || repeat(md5('@n'), 30)) WHERE id % $step = @class;
		\\if :ERROR
		\\else
		\\echo @n
		\\endif
		SELECT @n % 8 = 0 AS checkpoint \\gset
		\\if :checkpoint
		CHECKPOINT;
		\\endif" >/tmp/updates
	ended=0
	timeout "$1" /usr/sbin/chroot "$root" stdbuf -oL $programs/psql -X -q -A -t \
		-h /tmp/socket -U postgres -d postgres </tmp/updates >/tmp/committed 2>/tmp/client.log || ended=$?
	sed 's/[0-9]\+/N/g' /tmp/client.log | sort | uniq -c | sort -rn | head -n 10
	return $ended
}

failures() {
	grep -cE 'could not (write|extend|fsync).*Input/output error' /tmp/error.log || true
}

# Also all that it has complained of, for a person.
last_words() {
	sed -n 's/.*PANIC:  //p; s/.*FATAL:  could not/could not/p' /tmp/error.log | head -n 1
	sed 's/^[-0-9]* [.:0-9]* [A-Z]* \[[0-9]*\] //; s/[0-9]\+/N/g' /tmp/error.log |
		grep -E '^(ERROR|PANIC|FATAL)' | sort | uniq -c | sort -rn | head -n 20 >&2
}

# The newest update of each class of rows that the client was told is committed.
inspect() {
	psql -c "SELECT count(*), count(*) FILTER (WHERE crc <> md5(gen || payload)) FROM t" >/tmp/rows || true
	IFS='|' read -r count wrong </tmp/rows || count=unreadable
	lost=$(psql -c "SELECT count(*) FROM generate_series(1, $rows) i
		JOIN (VALUES $(awk -v step=$step '{ newest[$1 % step] = $1 }
			END {
				printf "(-1, 0)"
				for (class in newest)
					printf ", (%d, %d)", class, newest[class]
			}' /tmp/committed)) c(class, n) ON i % $step = class
		WHERE NOT EXISTS (SELECT FROM t WHERE id = i AND gen >= n)" || true)
	check=OK
	as_server $programs/pg_amcheck -h /tmp/socket -d postgres --heapallindexed -t public.t >/tmp/check 2>&1 ||
		check="pg_amcheck complains"
	grep -v WARNING /tmp/check | head -n 10
	stop_server || true
	as_server $programs/pg_checksums --check -D $inside >/tmp/check 2>&1 ||
		check="$check, $(sed -n 's/Bad checksums: *//p' /tmp/check) bad pages"
}

# Checkpoints of a server that is told to go on if fsync() fails: the first meets the error, the next not.
afterwards() {
	psql -c CHECKPOINT || psql -c CHECKPOINT || true
}

# postgres POLICY OPTIONS [FILES]
postgres() {
	dirtied=${3:-table}
	under_load "-c debug_io_direct=data,wal $2" "$1" sync=follow
}

# All that it was told of it has said, and tried again.
was_told() {
	[ $((delivered + repaired)) -gt 0 ] || fail "nothing was late: $found"
	[ "$failed" -ge "$delivered" ] || fail "$delivered were told: $found"
	intact
}

postgres_fsync() {
	postgres "$1" ""
	case $1 in
	stock | observe) ended_by_sync ;;
	propagate)
		ended_by_sync
		was_told
		;;
	*) was_told ;;
	esac
}

# Here nothing of the kernel's own tells: neither does the server sync, or it takes no notice of it.
postgres_goes_on() {
	postgres "$@"
	[ "$alive" = 1 ] || fail "the server ended: $found"
	case $1 in
	stock | observe) ! (intact) || fail "no damage: $found" ;;
	*) was_told ;;
	esac
}

# Its log is written with O_DIRECT, too, and it does not go on if that fails; but nothing that it said is
# committed was lost.
postgres_wal() {
	postgres "$1" "" wal
	case $1 in
	stock | observe) ended_by_sync ;;
	propagate) [ "$alive" = 0 ] || fail "the server is alive: $found" ;;
	esac
	intact
}

# For `make check-long` alone, as MariaDB. observe is as stock, and counts.
if [ "$(either no yes)" = yes ] && ! is_debug && [ "$(uname -m)" = x86_64 ]; then
	for policy in stock observe propagate repair; do
		run postgres-$policy postgres_fsync $policy
		run postgres-no-fsync-$policy postgres_goes_on $policy "-c fsync=off"
	done
	for policy in stock propagate repair; do
		run postgres-retry-$policy postgres_goes_on $policy "-c data_sync_retry=on"
		run postgres-wal-$policy postgres_wal $policy
	done
fi
