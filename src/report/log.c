// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log is a ring of the newest late errors. Handlers of probes and of ftrace write the log
 * without a lock. A handler that finds its slot in use by another loses its record.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time.h>
#include <linux/kprobes.h>

#include "kernel/compat/context.h"
#include "model/params.h"
#include "report/files.h"
#include "report/log.h"
#include "report/message.h"
#include "report/record.h"
#include "write/invalidation.h"

#define CREATE_TRACE_POINTS
#include "report/trace.h"

/*
 * The state of a slot is one word: the number of its record, from 1; the errno its submitter was
 * told; whether somebody has read the record; its outcome. So an outcome can change only while the
 * slot still has that record, and a record that is overwritten was read, or counts as lost. FREE
 * has number 0.
 */
#define FREE 0ULL
#define BUSY (~0ULL)
#define WAS_READ 0x80ULL
#define ERROR_SHIFT 8
#define SEQ_SHIFT 20

static u64 log_state_of(u64 seq, enum diolate_outcome outcome, int error)
{
	return seq << SEQ_SHIFT | (u64)(-error & 0xfff) << ERROR_SHIFT | outcome;
}
NOKPROBE_SYMBOL(log_state_of);

static u64 log_seq_of(u64 state)
{
	return state >> SEQ_SHIFT;
}
NOKPROBE_SYMBOL(log_seq_of);

static int log_error_of(u64 state)
{
	return -(int)(state >> ERROR_SHIFT & 0xfff);
}
NOKPROBE_SYMBOL(log_error_of);

static enum diolate_outcome log_outcome_of(u64 state)
{
	return state & 0x7f;
}
NOKPROBE_SYMBOL(log_outcome_of);

/**
 * struct slot - a place in the ring
 * @state:  FREE, BUSY while one CPU owns the slot, or of log_state_of()
 * @reason: why the write is undeliverable or was not repaired; perhaps unknown until it completes
 * @record: the record
 */
struct slot {
	u64 state;
	enum diolate_reason reason;
	struct diolate_record record;
};

static struct slot *ring;
/* The marks of pending records; apart from the slots, because they are searched. */
static const void **pending;
/* The number of the newest record. */
static atomic64_t newest;
static atomic64_t lost;

/*
 * A handler, which cannot be preempted, fills its record here: [0] in a task, [1] in a soft
 * interrupt, [2] in a hard one.
 */
static DEFINE_PER_CPU(struct diolate_record [3], scratch);

static unsigned int log_index_of(u64 seq)
{
	return (seq - 1) % diolate_params_log_size;
}
NOKPROBE_SYMBOL(log_index_of);

/* Whether the caller owns the slot now: neither BUSY nor with a newer record. */
static bool log_claim(struct slot *slot, u64 seq)
{
	u64 state;

	do {
		state = READ_ONCE(slot->state);
		if (state == BUSY || log_seq_of(state) > seq)
			return false;
	} while (cmpxchg(&slot->state, state, BUSY) != state);
	if (state != FREE && !(state & WAS_READ))
		atomic64_inc(&lost);
	return true;
}
NOKPROBE_SYMBOL(log_claim);

static void log_publish(struct slot *slot, u64 state)
{
	/* Paired with the load in log_wait_for(): a reader of this state finds the record whole. */
	smp_store_release(&slot->state, state);
}
NOKPROBE_SYMBOL(log_publish);

static struct diolate_record *log_own_scratch(void)
{
	if (diolate_in_task())
		return this_cpu_ptr(&scratch[0]);
	return this_cpu_ptr(&scratch[hardirq_count() ? 2 : 1]);
}
NOKPROBE_SYMBOL(log_own_scratch);

static void log_trace(const struct slot *slot, u64 state)
{
	trace_late_error(&slot->record, log_seq_of(state), log_outcome_of(state), slot->reason,
			 log_error_of(state));
}
NOKPROBE_SYMBOL(log_trace);

/**
 * diolate_log_late() - put a late error into the log
 * @inv:     the invalidation that failed
 * @iocb:    the kiocb of the submitter, or that of @inv
 * @late:    what is known of the late error
 * @outcome: of diolate_policy_decide()
 * @mark:    the kiocb for diolate_log_settled() if @outcome is DIOLATE_PENDING, else NULL
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
void diolate_log_late(const struct diolate_invalidation *inv, struct kiocb *iocb,
		      const struct diolate_late *late, enum diolate_outcome outcome,
		      const void *mark)
{
	struct diolate_record *r = log_own_scratch();
	u64 seq = atomic64_inc_return(&newest);
	struct slot *slot = &ring[log_index_of(seq)];
	u64 state = log_state_of(seq, outcome, 0);

	diolate_record_take(r, inv, iocb, late);
	diolate_files_add(r);
	if (outcome != DIOLATE_PENDING)
		diolate_message_call(r, outcome);
	if (!log_claim(slot, seq)) {
		atomic64_inc(&lost);
		return;
	}
	slot->record = *r;
	slot->reason = diolate_policy_reason(late, outcome);
	WRITE_ONCE(pending[log_index_of(seq)], mark);
	if (outcome != DIOLATE_PENDING)
		log_trace(slot, state);
	log_publish(slot, state);
}
NOKPROBE_SYMBOL(diolate_log_late);

/* Find the slot, and its state, of a pending late error, from the newest back; clear its mark. */
static struct slot *log_pending_slot(const void *mark, u64 *state)
{
	u64 seq = atomic64_read(&newest);
	unsigned int n;

	for (n = 0; n < diolate_params_log_size && seq; n++, seq--) {
		struct slot *slot = &ring[log_index_of(seq)];

		if (READ_ONCE(pending[log_index_of(seq)]) != mark)
			continue;
		/*
		 * Load the state before the mark is cleared: a newer record stores its mark before
		 * its state, so a mark that is still here rules out a newer state. Paired with
		 * log_publish().
		 */
		*state = smp_load_acquire(&slot->state);
		if (cmpxchg(&pending[log_index_of(seq)], mark, NULL) == mark)
			return slot;
	}
	return NULL;
}
NOKPROBE_SYMBOL(log_pending_slot);

/* Whether the caller owns the slot of a pending record now; a reader may mark it meanwhile. */
static bool log_claim_pending(struct slot *slot, u64 *state)
{
	u64 old = *state, found;

	while (old != BUSY && log_outcome_of(old) == DIOLATE_PENDING &&
	       log_seq_of(old) == log_seq_of(*state)) {
		found = cmpxchg(&slot->state, old, BUSY);
		if (found == old) {
			*state = old;
			return true;
		}
		old = found;
	}
	return false;
}
NOKPROBE_SYMBOL(log_claim_pending);

/**
 * diolate_log_settled() - log the outcome of a pending late error
 * @mark:    of diolate_log_late()
 * @outcome: the outcome
 * @reason:  why, if that was not known before
 * @ret:     what the submitter is told: a negative errno, or a number of bytes
 *
 * Context: any, also inside a probe handler.
 */
void diolate_log_settled(const void *mark, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret)
{
	u64 state;
	struct slot *slot = log_pending_slot(mark, &state);

	/* A newer record has taken the slot. */
	if (!slot || !log_claim_pending(slot, &state))
		return;
	state = log_state_of(log_seq_of(state), outcome, min(ret, 0L)) | (state & WAS_READ);
	if (reason)
		WRITE_ONCE(slot->reason, reason);
	log_trace(slot, state);
	diolate_message_call(&slot->record, outcome);
	log_publish(slot, state);
}
NOKPROBE_SYMBOL(diolate_log_settled);

/**
 * diolate_log_lost() - how many records were overwritten unread, or not logged
 *
 * Context: any.
 * Return: records since load.
 */
u64 diolate_log_lost(void)
{
	return atomic64_read(&lost);
}

/* A process, `-` if it is not known: @prefix is "", or what its fields begin with. */
static void log_show_process(struct seq_file *m, const char *prefix, int pid, const char *comm)
{
	if (!pid) {
		seq_printf(m, " %spid=- %scomm=-", prefix, prefix);
		return;
	}
	seq_printf(m, " %spid=%d %scomm=", prefix, pid, prefix);
	for (; *comm; comm++)
		seq_printf(m, diolate_record_escapes(*comm) ? "\\%03o" : "%c", *comm);
}

/*
 * The state of the slot of a record that @newest has: of this record, of a newer one, or of an
 * older one if this record was lost. Until then the record is in the making, or is settled just
 * now, by a handler that ends within the grace period if it cannot be preempted.
 */
static u64 log_wait_for(const struct slot *slot, u64 seq)
{
	bool waited = false;

	for (;;) {
		/* Paired with log_publish(). */
		u64 state = smp_load_acquire(&slot->state);

		if (state != BUSY && (log_seq_of(state) >= seq || waited))
			return state;
		synchronize_rcu();
		waited = true;
	}
}

static void log_show_record(struct seq_file *m, const struct diolate_record *r,
			    enum diolate_reason reason, u64 state)
{
	seq_printf(m, "seq=%llu time=", log_seq_of(state));
	diolate_record_show_time(m, r->time);
	seq_printf(m, " outcome=%s reason=%s kind=%s ",
		   diolate_outcome_names[log_outcome_of(state)],
		   diolate_reason_names[reason], diolate_kind_names[r->kind]);
	diolate_record_show_file(m, &r->file);
	seq_printf(m, " offset=%lld length=%llu error=%d", r->pos, r->length, log_error_of(state));
	seq_printf(m, " pages=%u%s page=%s consumer=%s uid=%u", r->pages, r->more ? "+" : "",
		   diolate_page_names[r->page], diolate_consumer_names[r->consumer], r->uid);
	log_show_process(m, "", r->pid, r->comm);
	log_show_process(m, "dirtied_", r->dirtier.pid, r->dirtier.comm);
	seq_printf(m, " dirtied_by=%s\n", diolate_by_names[r->dirtier.by]);
}

/* Whether a record is what it was when @state was found; if so, somebody has read it. */
static bool log_was_read(struct seq_file *m, struct slot *slot, u64 state)
{
	/* Load the record before its state again: paired with the cmpxchg() of log_claim(). */
	smp_rmb();
	/* What does not fit is read once more. */
	if ((state & WAS_READ) || seq_has_overflowed(m))
		return READ_ONCE(slot->state) == state;
	return cmpxchg(&slot->state, state, state | WAS_READ) == state;
}

static int log_show(struct seq_file *m, void *v)
{
	u64 seq = *(loff_t *)v, state;
	struct slot *slot = &ring[log_index_of(seq)];
	const size_t begin = m->count;
	enum diolate_reason reason;
	struct diolate_record r;

	do {
		/* What was printed of a record that has changed meanwhile is dropped. */
		m->count = begin;
		state = log_wait_for(slot, seq);
		if (log_seq_of(state) != seq)
			return SEQ_SKIP;
		/* It may change while it is copied: log_was_read() finds that out. */
		data_race(memcpy(&r, &slot->record, sizeof(r)));
		reason = READ_ONCE(slot->reason);
		log_show_record(m, &r, reason, state);
	} while (!log_was_read(m, slot, state));
	return 0;
}

/*
 * The position is the number of a record. One that is older by a round is there yet if the one that
 * takes its slot is in the making, or was lost.
 */
static void *log_start(struct seq_file *m, loff_t *pos)
{
	loff_t last = atomic64_read(&newest);

	*pos = max3(*pos, 1LL, last - 2LL * diolate_params_log_size + 1);
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
 * diolate_log_init() - allocate all memory of the log
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or -ENOMEM after one sentence in the kernel log.
 */
int diolate_log_init(void)
{
	ring = kvcalloc(diolate_params_log_size, sizeof(*ring), GFP_KERNEL);
	pending = kvcalloc(diolate_params_log_size, sizeof(*pending), GFP_KERNEL);
	if (ring && pending)
		return 0;
	diolate_log_exit();
	pr_err("not loaded: no memory for a log of %u records; a smaller log_size= may do\n",
	       diolate_params_log_size);
	return -ENOMEM;
}

/**
 * diolate_log_exit() - free the memory of the log
 *
 * Context: process, sleeps; when no handler of diolate can run any more.
 */
void diolate_log_exit(void)
{
	tracepoint_synchronize_unregister();
	kvfree(pending);
	kvfree(ring);
}
