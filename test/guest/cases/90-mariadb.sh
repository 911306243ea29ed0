# A real database: MariaDB writes a table with O_DIRECT and libaio while its pages are dirtied (database.sh).
# shellcheck source=/dev/null
. "$lib_guest/database.sh"
. "$lib_guest/mariadb.sh"

inside=/tmp/ext4/mariadb
outside=/mnt/ext4/mariadb
ms=10 look=100
outcomes="delivered repaired"
by_sync="*sync() returned 5"

tables() {
	echo $outside/d/t.ibd
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
