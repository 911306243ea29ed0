# shellcheck disable=SC2086,SC2154,SC2317 # lists of words; soak.sh calls these
# Sourced by soak.sh: a database on a file system of its own. Nobody gets in the way of its writes. So it must be told
# of no error whatever the module does, and after each stop have every update that it said is committed.
inside=/tmp/other/mariadb
outside=/mnt/other/mariadb
root=/mnt/database
. $lib_guest/database.sh
. $lib_guest/mariadb.sh
committed=0
last=''
# Beside all else it gets little of the processors.
patience_seconds=300

# The kernels with all checks know no disk.
has_database() {
	! is_debug
}

make_database() {
	# That of other_fs.
	fill /dev/ram3
	other_fs ext4 mkfs.ext4 -q -F -J size=64 -E lazy_itable_init=0,lazy_journal_init=0
	mount_programs database other
	mount -o bind /etc $root/etc
	: >/tmp/error.log
	new_server
}

# soak_database NAME: that is done, all it prints aside.
soak_database() {
	has_database || return 0
	"$1" >>/tmp/soak/database.log 2>&1 || wrong database "$1: $(tail -n 3 /tmp/soak/database.log /tmp/error.log)"
}

database_begins() {
	start_server O_DIRECT || return
	note "the database begins"
	: >/tmp/committed
	update $((minutes * 60 + 3600)) $((committed + 1)) &
	client=$!
}

# last_committed: into $committed.
last_committed() {
	! has_database || last=$(tail -n 1 /tmp/committed)
	committed=${last:-$committed}
}

# It ends in good order, and its client with it.
database_ends() {
	note "the database ends"
	stop_server || return
	wait $client
	last_committed
}

# When its file system was mounted anew.
database_is_intact() {
	last=$committed
	start_server O_DIRECT || return
	inspect
	echo "after $committed updates: $check, rows $count, wrong $wrong, lost $lost"
	same database "$check $count $wrong $lost" "OK $rows 0 0" "check $check, rows $count, wrong $wrong, lost $lost"
	# What it says of a write, a read or itself that failed.
	complaints=$(grep -E 'IO Error|\[ERROR\]|\[FATAL\]' /tmp/error.log)
	same database "$complaints" "" "$complaints"
}

umount_database() {
	umount $root/tmp/other /mnt/other
}

mount_database() {
	mount -t ext4 /dev/mapper/other /mnt/other
	mount -o bind /mnt/other $root/tmp/other
}
