# Sourced after database.sh: Debian's MariaDB, of the release the kernel is of, writes a table with O_DIRECT and
# libaio. Whoever sources it says inside and outside, too, where its data is (database.sh).
disk=database
rows=8000 step=97
sound=O_DIRECT
stop_signal=TERM

# sql STATEMENT...
sql() {
	echo "$*" | in_root mariadb --no-defaults --socket=/tmp/socket --batch --skip-column-names
}

# start_server METHOD: how it writes and whether it syncs; with so little memory that what it has written
# it must soon read again.
start_server() {
	/usr/sbin/chroot "$root" mariadbd --no-defaults --user=root --datadir="$inside" --socket=/tmp/socket \
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
	in_root mariadb-install-db --no-defaults --force --user=root --datadir="$inside" --skip-test-db \
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

# update SECONDS [FIRST]: the first one has that number.
update() {
	first=${2:-1} each_update "UPDATE d.t SET gen = @n, payload = REPEAT(MD5(@n), 30),
		crc = CRC32(CONCAT(gen, payload)) WHERE id % $step = @class; SELECT @n;" |
		timeout "$1" /usr/sbin/chroot "$root" mariadb --no-defaults --socket=/tmp/socket --batch \
			--skip-column-names --unbuffered --skip-reconnect >/tmp/committed
}

inspect() {
	sql "CHECK TABLE d.t EXTENDED" | tee /tmp/check
	check=$(tail -n 1 /tmp/check | cut -f 4)
	sql "SELECT COUNT(*), SUM(crc <> CRC32(CONCAT(gen, payload))),
		SUM(gen < $last - ($last + $step - id % $step) % $step) FROM d.t" >/tmp/rows || true
	read -r count wrong lost </tmp/rows || count=unreadable
	stop_server || true
}
