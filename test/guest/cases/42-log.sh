# shellcheck disable=SC2086 # options of collide, several in one argument
# What is told of a late error: the log, the files, the tracepoint. (That they agree with the counters
# is a matter of every case, see expect.)

log=${counters%/*}/log
files=${counters%/*}/files

# device_of DIRECTORY: major:minor of the file system it is on.
device_of() {
	awk -v at="$1" '
		index(at "/", $5 "/") == 1 && length($5) > most { most = length($5); device = $3 }
		END { print device }' /proc/self/mountinfo
}

# file_is FILE PATH: that the newest line is about this file, by this path on its file system.
file_is() {
	newest ino "$(stat -c %i "$1")"
	newest dev "$(device_of "${1%/*}")"
	newest path "$2"
}

log_late() {
	load policy="$2"
	before
	began=$(date +%s)
	collision "$1" $3
	ended=$(date +%s)
	cat "$log" "$files"
	[ "$(sed -n 's/ *[a-z_]*=[^ ]*/x/gp' "$log")" = xxxxxxxxxxxxxxxxxxxxxx ] || fail "$(cat "$log")"
	newest seq 1
	file_is "/mnt/$1/collision" /collision
	newest fstype "$1"
	newest length 65536
	newest pages 1
	newest page dirty
	newest kind stuck
	newest uid 0
	seconds=$(date -u -D %Y-%m-%dT%H:%M:%S -d "$(value time "$(cat "$log")" | sed 's/\..*//')" +%s)
	if [ "$seconds" -lt "$began" ] || [ "$seconds" -gt "$ended" ]; then
		fail "the time is wrong"
	fi
	for word in $4; do
		newest "${word%=*}" "${word#*=}"
	done
	case " $4 " in
	*" comm=- "*) newest pid - ;;
	*) newest pid "$(value pid "$line")" ;;
	esac
	say "$4"
	is first "$(value time "$(cat "$log")")" "$(cat "$files")"
	is path /collision "$(cat "$files")"
}

# The user who opened the file, whoever submits.
log_uid() {
	load
	before
	collision ext4 --uid 1000
	newest uid 1000
	expect late_errors=1 stuck=1 delivered=1
}

# named NAME ESCAPED: a late error of a file of that name.
named() {
	collision ext4 >/dev/null
	mv /mnt/ext4/collision "/mnt/ext4/dir/$1"
	line=$(collide --keep ext4 "/mnt/ext4/dir/$1") || fail "$line"
	file_is "/mnt/ext4/dir/$1" "/dir/$2"
	grep -qF "path=/dir/$2" "$files" || fail "not among the files: $(cat "$files")"
	rm "/mnt/ext4/dir/$1"
	n=$((n + 2))
	[ "$(wc -l <"$log")" = $n ] || fail "the log has not $n lines"
}

log_names() {
	mkdir -p /mnt/ext4/dir
	load
	before
	n=0
	named 'a b' 'a\040b'
	named "$(printf 'new\nline\ttab')" 'new\012line\011tab'
	named 'quo"te'"'s" 'quo"te'"'s"
	named 'back\slash' 'back\134slash'
	named 'seq=1 path=x' 'seq=1\040path=x'
	named "$(printf '\001\177')" '\001\177'
	utf8=$(printf '\303\251%.0s' $(seq 127))
	named "$utf8" "$utf8"
	newlines=$(printf '\n%.0s' $(seq 254); printf x)
	named "$newlines" "$(printf '\\012%.0s' $(seq 254))x"
	say "8 names, the longest of 255 bytes"
	expect late_errors=16 stuck=16 delivered=16
}

# A path that is too long loses its beginning, at a name.
log_long_path() {
	load
	before
	long=$(printf 'd%.0s' $(seq 250))
	dir=/mnt/ext4/$long/$long/$long/$long
	mkdir -p "$dir/$long"
	collision_in ext4 "$dir/$long"
	newest path ".../$long/$long/$long/$long/collision"
	collision_in ext4 "$dir"
	newest path "/$long/$long/$long/$long/collision"
	rm -r "/mnt/ext4/$long"
	expect late_errors=2 stuck=2 delivered=2
}

log_rename() {
	load
	before
	collision ext4
	mv /mnt/ext4/collision /mnt/ext4/renamed
	newest path /collision
	line=$(collide --keep ext4 /mnt/ext4/renamed) || fail "$line"
	newest path /renamed
	is path /renamed "$(cat "$files")"
	is late_errors 2 "$(cat "$files")"
	rm /mnt/ext4/renamed
	newest path /renamed
	collision ext4 --during "rm /mnt/ext4/collision"
	newest path '/collision\040(deleted)'
	[ "$(wc -l <"$files")" = 2 ] || fail "not two files: $(cat "$files")"
	is late_errors 2 "$(head -n 1 "$files")"
	expect late_errors=3 stuck=3 delivered=3
}

log_overlay() {
	overlay_on ext4
	load
	before
	collision_in ext4 /mnt/overlay "--uring"
	newest path /collision
	newest fstype overlay
	newest dev "$(device_of /mnt/overlay)"
	newest comm "$submitter"
	umount /mnt/overlay
	expect late_errors=1 stuck=1 delivered=1
}

# More late errors than the log has room for, and than anybody read.
log_full() {
	load log_size=16
	before
	# More than those that are stored into, where a folio is in the way of two (7.3).
	collision ext4 --size 1048576 --length 4096 --writes 256 --stores 128
	late=$(value eio "$line")
	[ "$(counter log_lost)" = $((late - 16)) ] || fail "log_lost is $(counter log_lost)"
	[ "$(sed 's/ .*//' "$log" | tr '\n' ' ')" = "$(printf 'seq=%d ' $(seq $((late - 15)) "$late"))" ] ||
		fail "not the newest 16"
	expect late_errors="$late" stuck="$late" delivered="$late"
	is late_errors "$late" "$(cat "$files")"
	collision ext4
	[ "$(counter log_lost)" = $((late - 16)) ] || fail "what was read is not lost"
	before
	expect
}

# Late errors of more files than the table has room for; they are counted all the same. A file that is
# removed makes room for another of the same number, but not of the same generation.
log_many_files() {
	load policy=observe
	before
	stores=0
	for n in 1 2 3 4; do
		line=$(storm --writes 1 --waited 250) || fail "$line"
		echo "$line"
		stores=$((stores + $(value stores "$line")))
		rm /mnt/*/storm-*
	done
	[ "$(wc -l <"$files")" = 1025 ] || fail "files: $(wc -l <"$files") lines"
	tail -n 1 "$files" | grep -qx "late_errors=$((stores - 1024)) first=- .*" || fail "$(tail -n 1 "$files")"
	expect late_errors="$stores" stuck="$stores" observed="$stores"
}

log_trace() {
	event=/sys/kernel/tracing/events/diolate/late_error
	load
	before
	echo >/sys/kernel/tracing/trace
	echo 1 >$event/enable
	collision ext4
	collision ext4 --uring
	collision ext4 --sync
	echo 0 >$event/enable
	grep -o 'late_error: .*' /sys/kernel/tracing/trace | cut -d' ' -f2- >/tmp/trace
	sed -e 's/ time=[^ ]*//' -e 's/pid=- comm=-/pid=0 comm=/' -e 's/pid=- dirtied_comm=-/pid=0 dirtied_comm=/' "$log" >/tmp/log
	cat /tmp/trace /tmp/log
	cmp /tmp/trace /tmp/log || fail "the trace and the log differ"
	expect late_errors=3 stuck=3 delivered=2 sync=1
	say "$(wc -l </tmp/trace) events"
}

# A burst: the machine must neither stall nor grow. Nothing here is slower than the kernel's own work.
log_burst() {
	load policy=observe
	# What the kernel allocates for the first of all storms, it keeps.
	line=$(storm --writes 256) || fail "$line"
	before
	log_lost=$(counter log_lost)
	memory=$(awk '/^(Slab|VmallocUsed):/ { n += $2 } END { print n }' /proc/meminfo)
	line=$(storm --rounds "$(either 2 90)" --writes 256) || fail "$line"
	echo "$line"
	stores=$(value stores "$line")
	echo 3 >/proc/sys/vm/drop_caches
	memory=$(($(awk '/^(Slab|VmallocUsed):/ { n += $2 } END { print n }' /proc/meminfo) - memory))
	[ "$stores" -ge "$(either 2000 100000)" ] || fail "only $stores"
	expect late_errors="$stores" stuck="$stores" observed="$stores"
	# What the first storm has left in the log is lost as well.
	[ $(($(counter log_lost) - log_lost)) = "$stores" ] || fail "log_lost is $(counter log_lost)"
	say "memory grew by $memory KiB"
	[ $memory -lt 4096 ] || fail "memory grew by $memory KiB"
}

# log_while_written POLICY LOG_SIZE [OPTION]: somebody reads the log all the time while both processors write it; what
# he gets is whole. If the log wraps he misses some; else (--all) none, also of those whose outcome changes meanwhile.
log_while_written() {
	load policy="$1" log_size="$2"
	before
	rm -f /tmp/stop
	# shellcheck disable=SC2086 # one option or none
	reread $3 "$log" /tmp/stop >/tmp/reread 2>&1 &
	reader=$!
	trap ': >/tmp/stop' EXIT
	line=$(storm --rounds "$(either 3 30)" --writes 256) || fail "$line"
	echo "$line"
	: >/tmp/stop
	wait $reader || fail "$(cat /tmp/reread)"
	[ "$(value records "$(cat /tmp/reread)")" -gt 16 ] || fail "nothing was read meanwhile: $(cat /tmp/reread)"
	stores=$(value stores "$line")
	say "$(cat /tmp/reread)"
	case $1 in
	observe) expect late_errors="$stores" stuck="$stores" observed="$stores" ;;
	*) expect late_errors="$stores" stuck="$stores" delivered="$(value eio "$line")" ;;
	esac
}

# Before 6.0 an io_uring request is private to the kernel, and the submitter unknown.
case $(uname -r) in
5.*) submitter=- ;;
*) submitter=collide ;;
esac
for fs in $filesystems; do
	quick run "log-$fs" log_late "$fs" propagate "" \
		"outcome=delivered error=-5 consumer=libaio offset=0 comm=collide"
	quick run "log-uring-$fs" log_late "$fs" propagate "--uring" \
		"outcome=delivered error=-5 consumer=io_uring comm=$submitter"
done
quick run log-observe-ext4 log_late ext4 observe "" "outcome=observed error=0 reason=- comm=collide"
quick run log-sync-ext4 log_late ext4 propagate "--sync" "outcome=sync error=0 consumer=sync comm=collide"
quick run log-longer-ext4 log_late ext4 propagate "$longer" \
	"outcome=delivered offset=32768 consumer=libaio comm=collide"
quick run log-uid log_uid
quick run log-names log_names
quick run log-long-path log_long_path
quick run log-rename log_rename
quick run log-overlay log_overlay
locks quick run log-full log_full
run log-many-files log_many_files
quick run log-trace log_trace
locks run log-burst log_burst
locks run log-while-written log_while_written observe 16 ""
locks quick run log-none-missing log_while_written propagate 65536 --all
