// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log: a ring of the newest late errors. Written by handlers of probes and of ftrace,
 * without a lock; whoever finds a slot in use by another leaves it alone, and the record is lost.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time.h>

#include "diolate.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * The state of a slot is one word, so that what became of a record can change only while it still
 * is that record: its number, from 1; the errno its submitter was told; its outcome. That of FREE
 * has number 0.
 */
#define FREE 0ULL
#define BUSY (~0ULL)
#define ERROR_SHIFT 8
#define SEQ_SHIFT 20

static u64 state_of(u64 seq, enum diolate_outcome outcome, int error)
{
	return seq << SEQ_SHIFT | (u64)(-error & 0xfff) << ERROR_SHIFT | outcome;
}
NOKPROBE_SYMBOL(state_of);

static u64 seq_of(u64 state)
{
	return state >> SEQ_SHIFT;
}
NOKPROBE_SYMBOL(seq_of);

static int error_of(u64 state)
{
	return -(int)(state >> ERROR_SHIFT & 0xfff);
}
NOKPROBE_SYMBOL(error_of);

static enum diolate_outcome outcome_of(u64 state)
{
	return state & 0xff;
}
NOKPROBE_SYMBOL(outcome_of);

/**
 * struct slot - a place in the ring
 * @state:  FREE, BUSY while one has it to itself, or see state_of()
 * @reason: why it is undeliverable, or was not repaired; that may be known only when the write
 *          completes
 * @record: the record
 */
struct slot {
	u64 state;
	enum diolate_reason reason;
	struct diolate_record record;
};

static struct slot *ring;
/* The mark of each record that is pending; apart from the slots, since it is searched. */
static const void **pending;
/* The number of the newest record, and of the newest that somebody has read. */
static atomic64_t newest, read_up_to;
static atomic64_t lost;

/*
 * Where a handler takes a late error down, and cannot be preempted: of a task, or of an interrupt
 * that comes between, soft or hard.
 */
static DEFINE_PER_CPU(struct diolate_record [3], scratch);

static unsigned int index_of(u64 seq)
{
	return (seq - 1) % diolate_log_size;
}
NOKPROBE_SYMBOL(index_of);

/* Whether the slot is the caller's now. Not if another has it, or has put a newer record there. */
static bool claim(struct slot *slot, u64 seq)
{
	u64 state;

	do {
		state = READ_ONCE(slot->state);
		if (state == BUSY || seq_of(state) > seq)
			return false;
	} while (cmpxchg(&slot->state, state, BUSY) != state);
	if (state != FREE && seq_of(state) > atomic64_read(&read_up_to))
		atomic64_inc(&lost);
	return true;
}
NOKPROBE_SYMBOL(claim);

static void publish(struct slot *slot, u64 state)
{
	/* Paired with the load in log_show(): who finds this state finds the record whole. */
	smp_store_release(&slot->state, state);
}
NOKPROBE_SYMBOL(publish);

static struct diolate_record *own_scratch(void)
{
	if (diolate_in_task())
		return this_cpu_ptr(&scratch[0]);
	return this_cpu_ptr(&scratch[hardirq_count() ? 2 : 1]);
}
NOKPROBE_SYMBOL(own_scratch);

static void trace(const struct slot *slot, u64 state)
{
	trace_late_error(&slot->record, seq_of(state), outcome_of(state), slot->reason,
			 error_of(state));
}
NOKPROBE_SYMBOL(trace);

/**
 * diolate_log_late() - put a late error into the log
 * @inv:     the invalidation that failed
 * @iocb:    the write of user space it is for, or that of @inv
 * @late:    what is known of it
 * @outcome: what became of it
 * @mark:    the kiocb that is marked, if that is pending
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
void diolate_log_late(const struct diolate_invalidation *inv, struct kiocb *iocb,
		      const struct diolate_late *late, enum diolate_outcome outcome,
		      const void *mark)
{
	struct diolate_record *r = own_scratch();
	u64 seq = atomic64_inc_return(&newest);
	struct slot *slot = &ring[index_of(seq)];
	u64 state = state_of(seq, outcome, 0);

	diolate_record(r, inv, iocb, late);
	diolate_files_add(r);
	if (!claim(slot, seq)) {
		atomic64_inc(&lost);
		return;
	}
	slot->record = *r;
	slot->reason = diolate_reason(late, outcome);
	WRITE_ONCE(pending[index_of(seq)], mark);
	if (outcome != DIOLATE_PENDING)
		trace(slot, state);
	publish(slot, state);
}
NOKPROBE_SYMBOL(diolate_log_late);

/* The slot, and its state, in which the late error of a write is pending; from the newest back. */
static struct slot *pending_slot(const void *mark, u64 *state)
{
	u64 seq = atomic64_read(&newest);
	unsigned int n;

	for (n = 0; n < diolate_log_size && seq; n++, seq--) {
		struct slot *slot = &ring[index_of(seq)];

		if (READ_ONCE(pending[index_of(seq)]) != mark)
			continue;
		/*
		 * Before the mark is taken away: if that succeeds, this is not yet the state of a
		 * newer record, whose mark was there before it. Paired with publish().
		 */
		*state = smp_load_acquire(&slot->state);
		if (cmpxchg(&pending[index_of(seq)], mark, NULL) == mark)
			return slot;
	}
	return NULL;
}
NOKPROBE_SYMBOL(pending_slot);

/**
 * diolate_log_settled() - say in the log what became of a pending late error
 * @mark:    what was marked
 * @outcome: what became of it
 * @reason:  why, if that was not known before
 * @ret:     what its submitter is told: a negative errno, or a number of bytes
 *
 * Context: any, also inside a probe handler.
 */
void diolate_log_settled(const void *mark, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret)
{
	u64 state;
	struct slot *slot = pending_slot(mark, &state);

	/* Newer ones have taken its place. */
	if (!slot)
		return;
	if (state == BUSY || outcome_of(state) != DIOLATE_PENDING ||
	    cmpxchg(&slot->state, state, BUSY) != state)
		return;
	state = state_of(seq_of(state), outcome, min(ret, 0L));
	if (reason)
		slot->reason = reason;
	trace(slot, state);
	publish(slot, state);
}
NOKPROBE_SYMBOL(diolate_log_settled);

/**
 * diolate_log_lost() - records that nobody had read when newer ones took their place
 *
 * Context: any.
 */
u64 diolate_log_lost(void)
{
	return atomic64_read(&lost);
}

/**
 * diolate_show_time() - print a time as RFC 3339 does, in UTC
 * @m:    the file
 * @time: ns since the epoch
 *
 * Context: process, may sleep.
 */
void diolate_show_time(struct seq_file *m, u64 time)
{
	u32 ns;
	u64 seconds = div_u64_rem(time, NSEC_PER_SEC, &ns);
	struct tm tm;

	time64_to_tm(seconds, 0, &tm);
	seq_printf(m, "%04ld-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ns);
}

/**
 * diolate_show_file() - print what identifies a file
 * @m:    the file to print to
 * @file: the file
 *
 * Context: process, may sleep.
 */
void diolate_show_file(struct seq_file *m, const struct diolate_file *file)
{
	seq_printf(m, "dev=%u:%u ino=%llu gen=%u fstype=%s path=%s", MAJOR(file->dev),
		   MINOR(file->dev), file->ino, file->gen, file->fstype, file->path);
}

static void show_submitter(struct seq_file *m, const struct diolate_record *r)
{
	const char *c;

	if (!r->pid) {
		seq_puts(m, " pid=- comm=-\n");
		return;
	}
	seq_printf(m, " pid=%d comm=", r->pid);
	for (c = r->comm; *c; c++)
		seq_printf(m, diolate_escaped(*c) ? "\\%03o" : "%c", *c);
	seq_putc(m, '\n');
}

static int log_show(struct seq_file *m, void *v)
{
	u64 seq = *(loff_t *)v, state;
	const struct slot *slot = &ring[index_of(seq)];
	const struct diolate_record *r = &slot->record;

	/* Paired with publish(). */
	state = smp_load_acquire(&slot->state);
	if (state == BUSY || seq_of(state) != seq)
		return SEQ_SKIP;
	seq_printf(m, "seq=%llu time=", seq);
	diolate_show_time(m, r->time);
	seq_printf(m, " outcome=%s reason=%s kind=%s ", diolate_outcome_names[outcome_of(state)],
		   diolate_reason_names[slot->reason], diolate_kind_names[r->kind]);
	diolate_show_file(m, &r->file);
	seq_printf(m, " offset=%lld length=%llu error=%d", r->pos, r->length, error_of(state));
	seq_printf(m, " pages=%u%s page=%s consumer=%s uid=%u", r->pages, r->more ? "+" : "",
		   diolate_page_names[r->page], diolate_consumer_names[r->consumer], r->uid);
	show_submitter(m, r);
	/* The record before its state is read again: paired with the cmpxchg() of claim(). */
	smp_rmb();
	/* Somebody has put another there meanwhile: the line is worth nothing. */
	if (READ_ONCE(slot->state) != state)
		return SEQ_SKIP;
	if (!seq_has_overflowed(m) && seq > atomic64_read(&read_up_to))
		atomic64_set(&read_up_to, seq);
	return 0;
}

/* The position is the number of a record. */
static void *log_start(struct seq_file *m, loff_t *pos)
{
	loff_t last = atomic64_read(&newest);

	*pos = max3(*pos, 1LL, last - diolate_log_size + 1);
	return *pos <= last ? pos : NULL;
}

static void *log_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return *pos <= atomic64_read(&newest) ? pos : NULL;
}

static void log_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations diolate_log_ops = {
	.start = log_start,
	.next = log_next,
	.stop = log_stop,
	.show = log_show,
};

/**
 * diolate_log_init() - get the memory of the log, all there will ever be
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or -ENOMEM after one sentence in the kernel log.
 */
int diolate_log_init(void)
{
	ring = kvcalloc(diolate_log_size, sizeof(*ring), GFP_KERNEL);
	pending = kvcalloc(diolate_log_size, sizeof(*pending), GFP_KERNEL);
	if (ring && pending)
		return 0;
	diolate_log_exit();
	pr_err("not loaded: no memory for a log of %u records; a smaller log_size= may do\n",
	       diolate_log_size);
	return -ENOMEM;
}

/**
 * diolate_log_exit() - give it back
 *
 * Context: process, sleeps; when no handler of ours can run any more.
 */
void diolate_log_exit(void)
{
	tracepoint_synchronize_unregister();
	kvfree(pending);
	kvfree(ring);
}
