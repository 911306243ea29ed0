# Sourced by the cases of databases: a server, on a disk that is its root (test/vm/fetch), updates a table
# with O_DIRECT, while a process that changes nothing dirties the pages of it (dirty.c). There are two logs
# to compare with the table: that of the server, and that of the client that was told which of its updates
# are committed; and each row knows of which update it is.
#
# Whoever sources it says
#   root, disk              where the server's disk is mounted, and its name
#   inside, outside         where its data is, as the server sees it, and as we do
#   rows, step, ms, look    an update changes every step-th row; the disk takes so many ms for a write, and
#                           the process looks every so many for what it can dirty
#   outcomes                what may become of its late errors
#   tables                  prints the files that are dirtied
# and has functions
#   new_server              a new server with the table, stopped, in $outside; once for all cases
#   start_server MODE       in $server; fails if it does not start. sound: the mode in which nothing may fail
#   stop_signal             with which it ends in good order
#   update SECONDS          one after the other; what is committed goes to /tmp/committed
#   failures                how many writes failed, by its log /tmp/error.log; last_words: why it ended
#   inspect                 sets check to what the server's own tools say, and count, wrong and lost: how many
#                           rows there are, do not have their checksum, lack an update that was committed

in_root() {
	/usr/sbin/chroot "$root" "$@"
}

# each_update TEXT: TEXT for each update, with its number for @n, and for @class what id % step is of the
# rows that it changes.
each_update() {
	awk -v text="$1" -v step="$step" 'BEGIN {
		for (n = 1; n <= 10000; n++) {
			line = text
			gsub(/@n/, n, line)
			gsub(/@class/, n % step, line)
			print line
		}
	}'
}

# make_database: its copy is in /mnt/xfs, with which each case begins.
make_database() {
	copy=/mnt/xfs/${outside##*/}
	[ ! -e "$copy" ] || return 0
	mount_root "$disk"
	mkdir -p "$root/tmp/ext4"
	mount -o bind /mnt/ext4 "$root/tmp/ext4"
	# Who is root.
	mount -o bind /etc "$root/etc"
	: >/tmp/error.log
	new_server
	mv "$outside" "$copy"
}

# It has half a minute to end.
stop_server() {
	kill -"$stop_signal" "$server" || true
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

calm() {
	# shellcheck disable=SC2086 # a list
	kill $dirtying "$server" 2>/dev/null || true
	wait
	/lib-guest/dm.sh release ext4
}

# unload_counted: that each late error has one of the outcomes it may have; their numbers are in $counted.
unload_counted() {
	counted=
	for outcome in $outcomes; do
		[ "$(since "$outcome")" = 0 ] || counted="$counted $outcome=$(since "$outcome")"
	done
	late=$(since late_errors) delivered=$(since delivered) repaired=$(since repaired)
	overtaken=$(since overtaken)
	sed -n 's/.* outcome=\([^ ]*\) reason=\([^ ]*\) .*/\1 \2/p' "${counters%/*}/log" | sort | uniq -c
	# shellcheck disable=SC2086 # a list
	expect_outcomes $counted
	unload
}

# under_load POLICY MODE [PARAMETER...]: what becomes of a server that is updated while its pages are
# dirtied, with the module loaded like that, or not, if the policy is stock. `alive` is 1 if it went on to
# the end and shut down by itself, `failed` how many writes it says have failed, `fatal` its last words. The
# table is looked at after the cache was dropped by a server that nobody disturbs.
under_load() {
	policy=$1 mode=$2
	shift 2
	check='' count=unreadable wrong='' lost='' late=''
	make_database
	rm -rf "$outside"
	cp -a "$copy" "$outside"
	sync
	: >/tmp/error.log
	if [ "$policy" != stock ]; then
		load policy="$policy" "$@"
		before
	fi
	start_server "$mode" || fail "the server did not start: $(tail -n 2 /tmp/error.log)"
	/lib-guest/dm.sh slow ext4 "$ms"
	dirtying=
	trap calm EXIT
	for file in $(tables); do
		dirty "$file" "$look" &
		dirtying="$dirtying $!"
	done
	update 40 || echo "the client ended with $?"
	# shellcheck disable=SC2086 # a list
	kill $dirtying && wait $dirtying
	alive=1
	kill -0 "$server" || alive=0
	stop_server || alive=0
	/lib-guest/dm.sh release ext4
	trap - EXIT
	failed=$(failures) fatal=$(last_words)
	[ "$policy" = stock ] || unload_counted

	sync
	echo 3 >/proc/sys/vm/drop_caches
	last=$(tail -n 1 /tmp/committed)
	last=${last:-0}
	if start_server "$sound"; then
		inspect
		stop_server || true
	fi
	rm -rf "$outside"
	found="the server went on"
	[ "$alive" = 1 ] || found="the server ended itself ($fatal)"
	found="$(wc -l </tmp/committed) updates, $failed writes failed by its log, $found, check: $check, rows $count"
	found="$found${wrong:+, $wrong wrong}${lost:+, $lost lost}${late:+; $late late:$counted, overtaken $overtaken}"
	echo "$found"
	say "$found"
}

intact() {
	[ "$check $count $wrong $lost" = "OK $rows 0 0" ] || fail "the table: $found"
}
