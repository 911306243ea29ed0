# A real database: Debian's MariaDB, of the release the kernel is of, writes a table with O_DIRECT and
# libaio while its pages are dirtied (database.sh).
# shellcheck source=/dev/null
. "$lib_guest/database.sh"

disk=database
inside=/tmp/ext4/mariadb
outside=/mnt/ext4/mariadb
rows=8000 step=97 ms=10 look=100
sound=O_DIRECT
stop_signal=TERM
outcomes="delivered repaired"
by_sync="*sync() returned 5"

# sql STATEMENT...
sql() {
	echo "$*" | in_root mariadb --no-defaults --socket=/tmp/socket --batch --skip-column-names
}

# start_server METHOD: how it writes and whether it syncs; with so little memory that what it has written
# it must soon read again.
start_server() {
	/usr/sbin/chroot "$root" mariadbd --no-defaults --user=root --datadir=$inside --socket=/tmp/socket \
		--skip-networking --innodb-buffer-pool-size=6M --innodb-log-file-size=16M \
		--innodb-flush-method="$1" --innodb-use-native-aio=ON --innodb-linux-aio=aio \
		>>/tmp/error.log 2>&1 &
	server=$!
	until sql "SELECT VERSION()"; do
		kill -0 "$server" || return 1
		sleep 1
	done
	grep -q "InnoDB: Using Linux native AIO" /tmp/error.log || fail "no libaio: $(cat /tmp/error.log)"
}

new_server() {
	in_root mariadb-install-db --no-defaults --force --user=root --datadir=$inside --skip-test-db \
		--auth-root-authentication-method=normal --innodb-log-file-size=16M >/tmp/install 2>&1 ||
		fail "mariadb-install-db: $(cat /tmp/install)"
	start_server O_DIRECT || fail "the server did not start: $(tail -n 2 /tmp/error.log)"
	# The second index is one more thing to agree with the rows.
	sql "CREATE DATABASE d;
		CREATE TABLE d.t (id INT PRIMARY KEY, gen INT NOT NULL, payload VARCHAR(1000) NOT NULL,
			crc INT UNSIGNED NOT NULL, KEY (gen)) ENGINE=InnoDB;
		USE d;
		INSERT INTO t SELECT seq, 0, REPEAT(MD5(0), 30), CRC32(CONCAT(0, REPEAT(MD5(0), 30)))
			FROM seq_1_to_$rows;"
	stop_server
}

tables() {
	echo $outside/d/t.ibd
}

update() {
	each_update "UPDATE d.t SET gen = @n, payload = REPEAT(MD5(@n), 30),
		crc = CRC32(CONCAT(gen, payload)) WHERE id % $step = @class; SELECT @n;" |
		timeout "$1" /usr/sbin/chroot "$root" mariadb --no-defaults --socket=/tmp/socket --batch \
			--skip-column-names --unbuffered --skip-reconnect >/tmp/committed
}

afterwards() {
	:
}

failures() {
	grep -c 'InnoDB: IO Error: 5 during write' /tmp/error.log || true
}

last_words() {
	sed -n 's/.*\[FATAL\] //p' /tmp/error.log
}

inspect() {
	sql "CHECK TABLE d.t EXTENDED" | tee /tmp/check
	check=$(tail -n 1 /tmp/check | cut -f 4)
	sql "SELECT COUNT(*), SUM(crc <> CRC32(CONCAT(gen, payload))),
		SUM(gen < $last - ($last + $step - id % $step) % $step) FROM d.t" >/tmp/rows || true
	read -r count wrong lost </tmp/rows || count=unreadable
	stop_server || true
}

# Nothing tells a server that does not sync.
mariadb_stock() {
	under_load "$1" stock
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
	under_load "$1" propagate ${2:+"$2"}
	[ "$delivered" -gt 0 ] || fail "nothing was late: $found"
	if [ "$1" = O_DIRECT ]; then
		ended_by_sync
		[ "$failed" -le "$delivered" ] || fail "$delivered were told: $found"
	else
		went_on
	fi
}

# What cannot be repaired, fails and is recorded. If the server syncs, that may also write back what was
# stored while a write is in flight, with no late error (see doc/limits.md): then nobody can say of the
# table what it must be.
mariadb_repair() {
	under_load "$1" repair ${2:+"$2"}
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
	# It waits for some of its writes, to its log say.
	for policy in propagate repair; do
		run mariadb-sync-$policy mariadb_$policy O_DIRECT sync=follow
		run mariadb-no-fsync-sync-$policy mariadb_$policy O_DIRECT_NO_FSYNC sync=follow
	done
fi
