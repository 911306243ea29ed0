# A real database: Debian's MariaDB, of the release the kernel is of, writes a table with O_DIRECT and
# libaio, while a process that changes nothing dirties the pages of it (dirty.c). The server comes on a
# disk (test/vm/fetch), which is its root. It keeps two logs: of its own, and of the client that was told
# which of its updates are committed; and each row knows of which update it is.

root=/mnt/database
# As the server sees it, and as we do.
data=/tmp/ext4/data
outside=/mnt/ext4/data
rows=8000
# An update changes every so manyth row.
step=97

in_root() {
	/usr/sbin/chroot $root "$@"
}

# sql STATEMENT...
sql() {
	echo "$*" | in_root mariadb --no-defaults --socket=/tmp/socket --batch --skip-column-names
}

# start_server METHOD: how it writes and whether it syncs; with so little memory that what it has written
# it must soon read again.
start_server() {
	/usr/sbin/chroot $root mariadbd --no-defaults --user=root --datadir=$data --socket=/tmp/socket \
		--skip-networking --innodb-buffer-pool-size=6M --innodb-log-file-size=16M \
		--innodb-flush-method="$1" --innodb-use-native-aio=ON --innodb-linux-aio=aio \
		>>/tmp/error.log 2>&1 &
	server=$!
	until sql "SELECT VERSION()"; do
		kill -0 "$server" || fail "the server did not start: $(grep ERROR /tmp/error.log | tail -n 2)"
		sleep 1
	done
	grep -q "InnoDB: Using Linux native AIO" /tmp/error.log || fail "no libaio: $(cat /tmp/error.log)"
}

# It has half a minute to end.
stop_server() {
	kill "$server" || true
	(
		sleep 30
		kill -9 "$server"
	) &
	killer=$!
	status=0
	wait "$server" || status=$?
	kill "$killer" || true
	return $status
}

# make_database: once for all cases, a new server with one table, in /mnt/xfs/data.
make_database() {
	[ ! -e /mnt/xfs/data ] || return 0
	mount_root database
	mkdir $root/tmp/ext4
	mount -o bind /mnt/ext4 $root/tmp/ext4
	# Who is root.
	mount -o bind /etc $root/etc
	in_root mariadb-install-db --no-defaults --force --user=root --datadir=$data --skip-test-db \
		--auth-root-authentication-method=normal --innodb-log-file-size=16M >/tmp/install 2>&1 ||
		fail "mariadb-install-db: $(cat /tmp/install)"
	: >/tmp/error.log
	start_server O_DIRECT
	# The second index is one more thing to agree with the rows.
	sql "CREATE DATABASE d;
		CREATE TABLE d.t (id INT PRIMARY KEY, gen INT NOT NULL, payload VARCHAR(1000) NOT NULL,
			crc INT UNSIGNED NOT NULL, KEY (gen)) ENGINE=InnoDB;
		USE d;
		INSERT INTO t SELECT seq, 0, REPEAT(MD5(0), 30), CRC32(CONCAT(0, REPEAT(MD5(0), 30)))
			FROM seq_1_to_$rows;"
	stop_server
	mv $outside /mnt/xfs/data
}

# update SECONDS: one after the other; what the server says it has committed is in /tmp/committed.
update() {
	awk -v step=$step 'BEGIN {
		for (n = 1; n <= 10000; n++)
			printf "UPDATE d.t SET gen = %d, payload = REPEAT(MD5(%d), 30), " \
				"crc = CRC32(CONCAT(gen, payload)) WHERE id %% %d = %d;\nSELECT %d;\n",
				n, n, step, n % step, n
	}' | timeout "$1" /usr/sbin/chroot $root mariadb --no-defaults --socket=/tmp/socket --batch \
		--skip-column-names --unbuffered --skip-reconnect >/tmp/committed
}

calm() {
	kill "$dirtying" "$server" 2>/dev/null || true
	wait
	/lib-guest/dm.sh release ext4
}

# under_load POLICY METHOD: what becomes of a server that is updated while its pages are dirtied. `alive`
# is 1 if it went on to the end and shut down by itself, `failed` how many writes it says have failed,
# `fatal` its last words. Of the table, looked at after the cache was dropped by a server that nobody
# disturbs: `check` is OK, `count` rows, `wrong` that do not have their checksum, `lost` that lack an
# update which was committed.
under_load() {
	wrong='' lost=''
	make_database
	rm -rf $outside
	cp -a /mnt/xfs/data $outside
	sync
	: >/tmp/error.log
	[ "$1" = stock ] || load policy="$1"
	[ "$1" = stock ] || before
	start_server "$2"
	/lib-guest/dm.sh slow ext4 10
	dirty $outside/d/t.ibd 100 >/tmp/dirty &
	dirtying=$!
	trap calm EXIT
	update 40 || echo "the client ended with $?"
	kill "$dirtying"
	wait "$dirtying"
	alive=1
	kill -0 "$server" || alive=0
	stop_server || alive=0
	/lib-guest/dm.sh release ext4
	trap - EXIT
	failed=$(grep -c 'InnoDB: IO Error: 5 during write' /tmp/error.log || true)
	fatal=$(sed -n 's/.*\[FATAL\] //p' /tmp/error.log)
	grep -E 'ERROR|IO Error|^mariadbd: ' /tmp/error.log | head -n 50
	if [ "$1" != stock ]; then
		delivered=$(since delivered) repaired=$(since repaired)
		sed -n 's/.* outcome=\([^ ]*\) reason=\([^ ]*\) .*/\1 \2/p' "${counters%/*}/log" | sort | uniq -c
		expect_outcomes delivered="$delivered" repaired="$repaired"
		unload
	fi

	sync
	echo 3 >/proc/sys/vm/drop_caches
	last=$(tail -n 1 /tmp/committed)
	last=${last:-0}
	start_server O_DIRECT
	sql "CHECK TABLE d.t EXTENDED" | tee /tmp/check
	check=$(tail -n 1 /tmp/check | cut -f 4)
	sql "SELECT COUNT(*), SUM(crc <> CRC32(CONCAT(gen, payload))),
		SUM(gen < $last - ($last + $step - id % $step) % $step) FROM d.t" >/tmp/rows || true
	read -r count wrong lost </tmp/rows || count=unreadable
	cat /tmp/rows
	stop_server || true
	rm -rf $outside
	found="the server went on"
	[ "$alive" = 1 ] || found="the server ended itself ($fatal)"
	found="$last updates, $failed writes failed by its log, $found, CHECK TABLE: $check, rows $count"
	found="$found${wrong:+, $wrong wrong, $lost lost}"
	echo "$found"
	say "$found"
}

intact() {
	[ "$check $count $wrong $lost" = "OK $rows 0 0" ] || fail "the table: $found"
}

# The kernel has recorded the late error, and so fdatasync() fails once, for which the server ends itself.
ended_by_sync() {
	[ "$alive" = 0 ] || fail "the server is alive: $found"
	case $fatal in
	*"sync() returned 5") ;;
	*) fail "another end: $found" ;;
	esac
}

# Nothing tells a server that does not sync.
mariadb_stock() {
	under_load stock "$1"
	if [ "$1" = O_DIRECT ]; then
		ended_by_sync
	elif (intact); then
		fail "no damage: $found"
	fi
}

# It was told of each, wrote it again, and went on.
went_on() {
	[ "$alive" = 1 ] || fail "the server ended: $found"
	[ "$failed" = "$delivered" ] || fail "$delivered were told: $found"
	intact
}

# One that has ended has not told of all that was in flight.
mariadb_propagate() {
	under_load propagate "$1"
	[ "$delivered" -gt 0 ] || fail "nothing was late: $found"
	if [ "$1" = O_DIRECT ]; then
		ended_by_sync
		[ "$failed" -le "$delivered" ] || fail "$delivered were told: $found"
	else
		went_on
	fi
}

# What cannot be repaired, fails and is recorded. If the server syncs, that may also write back what was
# stored while a write is in flight, with no late error (see README.md, Limits): then nobody can say of the
# table what it must be.
mariadb_repair() {
	under_load repair "$1"
	[ "$repaired" -gt 0 ] || fail "nothing was repaired: $found"
	if [ "$1" = O_DIRECT ]; then
		[ "$alive" = 1 ] || [ "$delivered" -gt 0 ] || fail "it ended, and nothing was recorded: $found"
		[ "$failed" -le "$delivered" ] || fail "$found"
	else
		went_on
	fi
}

# For `make check-long` alone: some minutes a kernel. The debug kernel knows no disk, and Debian has built
# this server for the other processor.
if [ "$(either no yes)" = yes ] && ! is_debug && [ "$(uname -m)" = x86_64 ]; then
	for policy in stock propagate repair; do
		run mariadb-$policy mariadb_$policy O_DIRECT
		run mariadb-no-fsync-$policy mariadb_$policy O_DIRECT_NO_FSYNC
	done
fi
