# Sourced by the cases of databases: the table of a server is updated while its pages are dirtied. There are
# two logs to compare with it: that of the server, and that of the client that was told which of its updates
# are committed; and each row knows of which update it is.
. "$lib_guest/programs.sh"

# Whoever sources it says
#   disk                    the name of the server's disk
#   inside, outside         where its data is, as the server sees it, and as we do
#   rows, step, ms, look    an update changes every step-th row; the disk takes so many ms for a write, and
#                           the process looks every so many for what it can dirty
#   outcomes                what may become of its late errors
#   by_sync                 its last words if fsync() or fdatasync() has failed, a pattern
#   tables                  prints the files that are dirtied
# and has functions
#   new_server              a new server with the table, stopped, in $outside; once for all cases
#   start_server MODE       in $server; fails if it does not start. sound: the mode in which nothing may fail
#   stop_signal             with which it ends in good order
#   afterwards              what is to be done before it may end, when nothing is dirtied any more
#   update SECONDS          one after the other; what is committed goes to /tmp/committed
#   failures                how many writes failed, by its log /tmp/error.log; last_words: why it ended
#   inspect                 stops the server; sets check to what the server's own tools say, and count, wrong
#                           and lost: how many rows there are, do not have their checksum, lack an update that
#                           was committed

# each_update TEXT: TEXT for each update, from number $first on, with its number for @n, and for @class what id % step
# is of the rows that it changes.
each_update() {
	# Not by -v, which would interpret a backslash.
	text=$1 awk -v step="$step" -v n="${first:-1}" 'BEGIN {
		for (; n <= 1000000; n++) {
			line = ENVIRON["text"]
			gsub(/@n/, n, line)
			gsub(/@class/, n % step, line)
			print line
		}
	}'
}

# make_database: its copy is in /mnt/xfs, with which each case begins.
make_database() {
	mount_programs "$disk" ext4
	copy=/mnt/xfs/${outside##*/}
	[ ! -e "$copy" ] || return 0
	# Who is root.
	mount -o bind /etc "$root/etc"
	: >/tmp/error.log
	new_server
	mv "$outside" "$copy"
}

# It has half a minute to end, or $patience_seconds.
stop_server() {
	kill -"$stop_signal" "$server" || true
	(
		sleep "${patience_seconds:-30}"
		kill -9 "$server"
	) &
	killer=$!
	status=0
	wait "$server" || status=$?
	kill "$killer" || true
	return $status
}

calm() {
	# shellcheck disable=SC2086 # a list
	kill $dirtying "$server" 2>/dev/null || true
	wait
	/lib-guest/dm.sh release ext4
}

# under_load MODE POLICY [PARAMETER...]: what becomes of a server that is updated while its pages are
# dirtied, with the module loaded like that, or not, if the policy is stock. `alive` is 1 if it went on to
# the end and shut down by itself, `failed` how many writes it says have failed, `fatal` its last words. The
# table is looked at after the cache was dropped by a server that nobody disturbs.
under_load() {
	mode=$1
	shift
	check='' count=unreadable wrong='' lost=''
	make_database
	rm -rf "$outside"
	cp -a "$copy" "$outside"
	sync
	: >/tmp/error.log
	load_for "$@"
	count_from_here
	start_server "$mode" || fail "the server did not start: $(tail -n 2 /tmp/error.log)"
	/lib-guest/dm.sh slow ext4 "$ms"
	dirtying=
	trap calm EXIT
	# Else all of it would be dirtied at once, and its first reader have to wait for that.
	# shellcheck disable=SC2046 # a list
	cat $(tables) >/dev/null
	for file in $(tables); do
		dirty "$file" "$look" &
		dirtying="$dirtying $!"
	done
	update 40 || echo "the client ended with $?"
	# shellcheck disable=SC2086 # a list
	kill $dirtying && wait $dirtying
	afterwards
	alive=1
	kill -0 "$server" || alive=0
	stop_server || alive=0
	/lib-guest/dm.sh release ext4
	trap - EXIT
	failed=$(failures) fatal=$(last_words)
	# shellcheck disable=SC2086 # a list
	count_outcomes $outcomes
	[ "$policy" = stock ] || unload

	drop_cache
	last=$(tail -n 1 /tmp/committed)
	last=${last:-0}
	! start_server "$sound" || inspect
	rm -rf "$outside"
	found="the server went on"
	[ "$alive" = 1 ] || found="the server ended itself ($fatal)"
	found="$(wc -l </tmp/committed) updates, $failed writes failed by its log, $found, check: $check"
	found="$found, rows $count"
	found="$found${wrong:+, $wrong wrong}${lost:+, $lost lost}$counted"
	echo "$found"
	say "$found"
}

intact() {
	[ "$check $count $wrong $lost" = "OK $rows 0 0" ] || fail "the table: $found"
}

# The kernel has recorded the late error, and so fdatasync() fails once, for which the server ends itself.
ended_by_sync() {
	[ "$alive" = 0 ] || fail "the server is alive: $found"
	# shellcheck disable=SC2254 # a pattern indeed
	case $fatal in
	$by_sync) ;;
	*) fail "another end: $found" ;;
	esac
}
