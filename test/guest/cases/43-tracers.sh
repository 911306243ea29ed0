# What people look at a tracepoint with: Debian's perf, trace-cmd and bpftrace, of the release the kernel
# is of. They come on a disk (test/vm/fetch) and run in it as their root.

tracers=/mnt/tracers

# tracer COMMAND...: with that disk as its root.
tracer() {
	/usr/sbin/chroot $tracers "$@" </dev/null
}

# What they have run, which leaves that root again. It is theirs to begin before it and to end after it.
workload="/proc/1/root/bin/busybox chroot /proc/1/root /bin/sh /tmp/workload"

# traced FUNCTION: what it recorded of three late errors, into /tmp/trace, is what the log tells.
traced() {
	mount_root tracers
	cat >/tmp/workload <<-END
		set -e
		collide ext4 /mnt/ext4/collision
		collide --uring ext4 /mnt/ext4/collision
		collide --sync ext4 /mnt/ext4/collision
	END
	load
	before
	"$1"
	sed -e 's/ time=[^ ]*//' -e 's/pid=- comm=-/pid=0 comm=/' \
		-e 's/pid=- dirtied_comm=-/pid=0 dirtied_comm=/' "$log" >/tmp/log
	cat /tmp/trace /tmp/log
	cmp /tmp/trace /tmp/log || fail "the trace and the log differ: $(head -n 1 /tmp/trace)"
	expect late_errors=3 stuck=3 delivered=2 sync=1
	say "$(wc -l </tmp/trace) events"
}

# shellcheck disable=SC2086 # a command with its arguments
trace_perf() {
	tracer perf record -q -a -e diolate:late_error -o /tmp/perf.data $workload
	tracer perf script -i /tmp/perf.data -F trace:trace >/tmp/perf
	sed 's/^ *//' /tmp/perf >/tmp/trace
	say "$(tracer perf --version)"
}

# shellcheck disable=SC2086
trace_trace_cmd() {
	tracer trace-cmd record -q -e diolate:late_error -o /tmp/trace.dat $workload
	tracer trace-cmd report -i /tmp/trace.dat >/tmp/trace-cmd
	cat /tmp/trace-cmd
	sed -n 's/.* late_error: *//p' /tmp/trace-cmd >/tmp/trace
	say "trace-cmd $(tracer trace-cmd --version 2>&1 | sed -n 's/.*version //p')"
}

# A device number has 20 bits for the minor one; and a probe a stack of 512 bytes. bpftrace 0.23 (Debian
# 13) takes the offset of a string of variable length for one in words of 4 bytes, in events of the
# kernel's own too: it finds nothing there. If so the path is looked for where it is, which is what
# `strings` prints; it is the only such string and follows the other fields.
trace_bpftrace() {
	# Or it must compile the event's types, for which it needs headers. Of 5.10 it has none: that kernel
	# was given its types by a tool too old.
	tracer bpftrace --info 2>&1 | tee /tmp/bpftrace >&2
	grep -q 'btf.*: yes' /tmp/bpftrace || skip "bpftrace finds no types (BTF) of this kernel"
	end=$(awk -F '[:;\t ]+' '/offset/ { for (i = 1; i < NF; i++) at[$i] = $(i + 1) }
		END { print at["offset"] + at["size"] }' /sys/kernel/tracing/events/diolate/late_error/format)
	tracer bpftrace -c "$workload" -e '
		tracepoint:workqueue:workqueue_queue_work /@own == 0/ {
			@own = 1;
			printf("own=%s\n", str(args->workqueue));
		}
		tracepoint:diolate:late_error {
			printf("seq=%llu outcome=%s reason=%s ", args->seq, args->outcome, args->reason);
			printf("kind=%s ", args->kind);
			printf("dev=%u:%u ino=%llu ", args->dev >> 20, args->dev & 0xfffff, args->ino);
			printf("gen=%u fstype=%s path=%s ", args->gen, args->fstype, str(args->path));
			printf("offset=%llu length=%llu ", args->offset, args->length);
			printf("error=%d pages=%u page=%s ", args->error, args->pages, args->page);
			printf("consumer=%s uid=%u ", args->consumer, args->uid);
			printf("pid=%d comm=%s ", args->pid, args->comm);
			printf("dirtied_pid=%d dirtied_comm=%s ", args->dirtied_pid, args->dirtied_comm);
			printf("dirtied_by=%s", args->dirtied_by);
			printf(" strings=%s\n", str(args->path - '$((3 * end))'));
		}' >/tmp/bpftrace
	cat /tmp/bpftrace
	say "$(tracer bpftrace --version)"
	if grep -q '^own=$' /tmp/bpftrace; then
		say "it finds no string of variable length, the kernel's own neither: read around that"
		sed -i 's/ path= \(.*\) strings=\(.*\)/ path=\2 \1 strings=/' /tmp/bpftrace
	fi
	sed -n 's/^\(seq=.*\) strings=.*/\1/p' /tmp/bpftrace >/tmp/trace
}

# The debug kernel knows no disk and no BPF (test/vm/config). Its tracepoint is read by log-trace.
if ! is_debug; then
	run trace-perf traced trace_perf
	run trace-trace-cmd traced trace_trace_cmd
	run trace-bpftrace traced trace_bpftrace
fi
