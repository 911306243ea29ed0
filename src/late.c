// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes see of a late error: which write the page cache is being invalidated for, that it
 * failed, and what is to come of it. The handlers of src/probes.c, in the order of its table.
 *
 * Some run in interrupts. They look and take down; they never sleep, allocate, print, wait for a
 * lock or resolve a name.
 */
#include <linux/kprobes.h>
#include <linux/uio.h>

#include "diolate.h"
#include "probes.h"

static bool reported(struct kiocb *iocb);

/* It is counted: what may be reported of it later is a repeat. */
static void count_overtaken(struct kiocb *iocb, size_t length)
{
	struct diolate_invalidation *inv;

	diolate_late_overtaken(iocb, file_inode(iocb->ki_filp), length, true);
	reported(iocb);
	inv = diolate_current_hold();
	if (inv)
		inv->counted = true;
	diolate_current_release();
}
NOKPROBE_SYMBOL(count_overtaken);

/* Whether a write invalidates once more that was judged before; remembers that it is now. */
static bool was_judged(struct kiocb *iocb)
{
	struct diolate_direct_write *write = diolate_direct_write_of(iocb);
	bool before;

	if (!write)
		return false;
	before = write->judged;
	write->judged = true;
	return before;
}
NOKPROBE_SYMBOL(was_judged);

/*
 * A write is about to invalidate the page cache: judge it, unless that is done where it is
 * answered.
 */
static noinline void overtaken_in_passing(struct kiocb *iocb, size_t length)
{
	preempt_disable_notrace();
	if (!was_judged(iocb) && diolate_judge_passing(iocb, length))
		count_overtaken(iocb, length);
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(overtaken_in_passing);

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: always noted, as pages may come after it was entered with none.
 */
static __always_inline void invalidate(unsigned long iocb, unsigned long count)
{
	diolate_current_begins((struct kiocb *)iocb, NULL, count);
	if (unlikely(diolate_track_suspects()))
		overtaken_in_passing((struct kiocb *)iocb, count);
}

DIOLATE_HOOKED(diolate_enter_invalidate, invalidate);
NOKPROBE_SYMBOL(diolate_enter_invalidate);

/*
 * ssize_t iomap_dio_complete(struct iomap_dio *dio), fs/iomap/direct-io.c, 5.4 to 7.3: where there
 * is no function of its own for it, this invalidates. The dio begins with its kiocb. A read may be
 * completed by a task that is about to invalidate for a write, so it is not noted.
 */
static __always_inline void iomap_complete(unsigned long dio, unsigned long unused)
{
	struct kiocb *iocb = *(struct kiocb **)dio;

	if (diolate_scope_is_read(iocb))
		return;
	diolate_current_begins(iocb, (void *)dio, 0);
	if (unlikely(diolate_track_suspects()))
		overtaken_in_passing(iocb, diolate_scope_iomap_written((void *)dio));
}

DIOLATE_HOOKED(diolate_enter_iomap_complete, iomap_complete);
NOKPROBE_SYMBOL(diolate_enter_iomap_complete);

/*
 * A write of fs/direct-io.c: the one that this task waits for, or an asynchronous one of user
 * space.
 */
static noinline void dio_in_passing(struct diolate_dio_complete *complete, bool async)
{
	struct diolate_direct_write *write = async ? NULL : diolate_direct_write_of(NULL);
	struct file *file = write ? write->inv.iocb->ki_filp : NULL;

	if ((async || write) && diolate_scope_of_dio(&complete->inv, complete->dio, file) &&
	    (async || complete->inv.iocb == write->inv.iocb))
		overtaken_in_passing(complete->inv.iocb, complete->inv.length);
}
NOKPROBE_SYMBOL(dio_in_passing);

/**
 * diolate_late_completes() - a write is completed that may not invalidate the page cache
 * @dio: argument of iomap_dio_complete()
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_late_completes(const unsigned long *dio)
{
	size_t written = diolate_scope_iomap_written(dio);
	struct diolate_invalidation inv;

	if (written && diolate_scope_of_iomap_dio(&inv, dio) &&
	    !READ_ONCE(inv.iocb->ki_filp->f_mapping->nrpages))
		overtaken_in_passing(inv.iocb, written);
}
NOKPROBE_SYMBOL(diolate_late_completes);

/*
 * ssize_t dio_complete(struct dio *dio, ssize_t ret, unsigned int flags), fs/direct-io.c, 5.4 to
 * 7.3: so does this. Which write an asynchronous one is for is looked up when it reports, or while
 * some may be overtaken; but what this task has begun last is over.
 */
int diolate_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_dio_complete *complete = (void *)ri->data;
	unsigned int flags = regs_get_kernel_argument(regs, 2);

	complete->dio = (void *)regs_get_kernel_argument(regs, 0);
	complete->inv.seen = false;
	complete->inv.counted = false;
	if (flags & DIOLATE_DIO_COMPLETE_ASYNC)
		diolate_current_begins(NULL, NULL, 0);
	if (unlikely(diolate_track_suspects()) && (flags & DIOLATE_DIO_COMPLETE_INVALIDATE))
		dio_in_passing(complete, flags & DIOLATE_DIO_COMPLETE_ASYNC);
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_dio_complete);

/*
 * ssize_t generic_file_direct_write(struct kiocb *iocb, struct iov_iter *from), mm/filemap.c, 5.10
 * to 7.3: after a write on a fs/direct-io.c file system was waited for and dio_complete() has
 * invalidated, this invalidates once more.
 */
int diolate_enter_direct_write(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_direct_write *write = (void *)ri->data;

	write->inv.iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	write->inv.length = iov_iter_count((void *)regs_get_kernel_argument(regs, 1));
	write->inv.seen = false;
	write->inv.counted = false;
	write->reported = false;
	write->judged = false;
	if (unlikely(diolate_track_suspects()))
		diolate_follow_begins(write->inv.iocb, write->inv.length, NULL);
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_direct_write);

static bool completes(void *data, void *file)
{
	struct diolate_dio_complete *complete = data;

	return diolate_scope_of_dio(&complete->inv, complete->dio, file);
}
NOKPROBE_SYMBOL(completes);

static bool writes_to(void *data, void *file)
{
	const struct diolate_direct_write *write = data;

	return write->inv.iocb->ki_filp == file;
}
NOKPROBE_SYMBOL(writes_to);

static bool writes_with_errors_in(void *data, void *wb_err)
{
	const struct diolate_direct_write *write = data;

	return &file_inode(write->inv.iocb->ki_filp)->i_mapping->wb_err == wb_err;
}
NOKPROBE_SYMBOL(writes_with_errors_in);

/*
 * The call that this task has begun last, if it can have failed to invalidate the cache of this
 * file. What it leads to is looked at with care: on a path that nobody knows of, it is over.
 */
static struct diolate_invalidation *begun_last(void *file)
{
	struct diolate_invalidation *inv = diolate_current_hold();
	struct file *filp;

	if (!inv || (!inv->iocb && !inv->dio))
		return NULL;
	if (inv->dio) {
		if (!diolate_scope_of_iomap_dio(inv, inv->dio))
			return NULL;
		inv->dio = NULL;
	}
	if (get_kernel_nofault(filp, &inv->iocb->ki_filp) || filp != file)
		return NULL;
	return inv;
}
NOKPROBE_SYMBOL(begun_last);

/*
 * The call that has just failed to invalidate the cache of this file. It is the innermost, since
 * what invalidates calls dio_warn_stale_pagecache() itself. diolate_current_release() has to
 * follow.
 */
static struct diolate_invalidation *invalidation(void *file)
{
	struct diolate_dio_complete *complete;
	struct diolate_invalidation *inv;
	struct diolate_direct_write *write;

	if (diolate_probes_follow(DIOLATE_AT_INVALIDATE)) {
		inv = begun_last(file);
		write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes_to, file);
		/* A compiler may inline the function there: another write began last then. */
		return inv && write && write->inv.iocb != inv->iocb ? NULL : inv;
	}
	complete = diolate_probes_innermost(DIOLATE_AT_DIO_COMPLETE, completes, file);
	if (complete)
		return &complete->inv;
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes_to, file);
	if (write)
		return &write->inv;
	return begun_last(file);
}
NOKPROBE_SYMBOL(invalidation);

static bool writes(void *data, void *iocb)
{
	const struct diolate_direct_write *write = data;

	return !iocb || write->inv.iocb == iocb;
}
NOKPROBE_SYMBOL(writes);

/**
 * diolate_direct_write_of() - the call of generic_file_direct_write() for a write
 * @iocb: it; NULL for any
 *
 * Context: any, also inside a probe handler; a task's own are known to that task only.
 * Return: the innermost, valid until it returns; NULL if this task is inside of none.
 */
struct diolate_direct_write *diolate_direct_write_of(struct kiocb *iocb)
{
	/* An interrupt has to do with a write of another task. */
	return diolate_in_task() ? diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes, iocb) :
				   NULL;
}
NOKPROBE_SYMBOL(diolate_direct_write_of);

/* Whether this write was reported before; remembers that it is now. */
static bool reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write = diolate_direct_write_of(iocb);
	bool before;

	if (!write)
		return false;
	before = write->reported;
	write->reported = true;
	return before;
}
NOKPROBE_SYMBOL(reported);

/*
 * Whether the file system waits for a write: then its late error is met by the task that submits
 * it, of user space or of io_uring, and never by a worker of the kernel.
 */
static bool is_waited_for(enum diolate_consumer consumer)
{
	return diolate_is_of_user_space(consumer) && diolate_in_task() &&
	       !(current->flags & PF_WQ_WORKER);
}
NOKPROBE_SYMBOL(is_waited_for);

/*
 * How the submitter of a write can be told. An io_uring write that is waited for may not come to
 * its consumer's function, see src/consumer.c.
 */
static enum diolate_way way_of(const struct kiocb *iocb, const struct diolate_late *late,
			       size_t length, enum diolate_met met)
{
	if (late->consumer == DIOLATE_IO_URING && late->waited_for) {
		if (diolate_uring_is_short(iocb, length))
			return DIOLATE_WAY_SHORT;
		if (!diolate_consumers_tell_waited_for())
			return DIOLATE_WAY_MISSED;
	}
	if (diolate_consumers_armed() || met == DIOLATE_MET_AWAITABLE)
		return DIOLATE_WAY_CONSUMER;
	diolate_consumers_call();
	return DIOLATE_WAY_MISSED;
}
NOKPROBE_SYMBOL(way_of);

/* The write of user space that an invalidation is for, or its own. */
static struct kiocb *told(const struct diolate_invalidation *inv)
{
	return diolate_scope_submitter(inv->iocb) ?: inv->iocb;
}
NOKPROBE_SYMBOL(told);

/* Who waits for a write. A thread of the kernel may write synchronously, too: nfsd of 6.19 does. */
static enum diolate_consumer consumer_of(const struct kiocb *iocb)
{
	enum diolate_consumer consumer = diolate_consumer_of(READ_ONCE(iocb->ki_complete));

	return consumer == DIOLATE_SYNC && diolate_in_task() && (current->flags & PF_KTHREAD) ?
		       DIOLATE_KERNEL : consumer;
}
NOKPROBE_SYMBOL(consumer_of);

/* Have a write wait for its result, if there is a way to tell it then. */
static struct diolate_waiting *wait_for_result(struct kiocb *iocb, struct diolate_late *late,
					       size_t length, enum diolate_met met)
{
	struct diolate_waiting *waiting;

	late->way = DIOLATE_WAY_MISSED;
	if (late->repeat || late->policy == DIOLATE_OBSERVE ||
	    !diolate_is_of_user_space(late->consumer))
		return NULL;
	waiting = diolate_waiting_begin(iocb);
	late->way = waiting ? way_of(iocb, late, length, met) : DIOLATE_WAY_FULL;
	return waiting;
}
NOKPROBE_SYMBOL(wait_for_result);

/* Whether the page cache is to be put right, and if not why. */
static bool is_to_be_repaired(struct diolate_late *late, struct diolate_waiting *waiting,
			      const struct diolate_invalidation *inv, const struct kiocb *iocb)
{
	late->unrepaired = DIOLATE_NO_REASON;
	if (late->policy != DIOLATE_REPAIR || late->way != DIOLATE_WAY_CONSUMER)
		return false;
	if (late->waited_for)
		late->unrepaired = DIOLATE_NOT_ASYNC;
	else if (!diolate_consumers_repairs())
		late->unrepaired = DIOLATE_NOT_SEEN;
	else
		late->unrepaired = diolate_repair_begin(&waiting->repair, inv, iocb, late->proven);
	waiting->repairs = !late->unrepaired;
	return waiting->repairs;
}
NOKPROBE_SYMBOL(is_to_be_repaired);

/* Whether what was late to be invalidated may be dirty beside the write only. */
static bool is_unclear(const struct diolate_invalidation *inv)
{
	const struct kiocb *iocb = inv->iocb;
	struct diolate_part part = { .start = iocb->ki_pos, .end = iocb->ki_pos + inv->length };

	return diolate_spared_is_open(iocb->ki_filp->f_mapping, &part);
}
NOKPROBE_SYMBOL(is_unclear);

/* A write could not be invalidated. */
static void late(struct diolate_invalidation *inv, enum diolate_met met)
{
	struct diolate_late late = { .kind = DIOLATE_STUCK };
	struct diolate_waiting *waiting;
	enum diolate_outcome outcome;
	struct kiocb *iocb;

	iocb = told(inv);
	late.consumer = consumer_of(iocb);
	late.policy = READ_ONCE(diolate_policy);
	late.waited_for = is_waited_for(late.consumer);
	late.repeat = inv->seen || inv->counted || reported(inv->iocb) ||
		      diolate_waiting_find(iocb);
	late.proven = diolate_only_a_writer_is_in_the_way(inv->iocb->ki_filp->f_mapping->host);
	waiting = wait_for_result(iocb, &late, inv->length, met);
	late.repair = is_to_be_repaired(&late, waiting, inv, iocb);
	late.unclear = is_unclear(inv);
	if (waiting) {
		waiting->looked = false;
		waiting->outcome = late.unclear ? DIOLATE_UNDELIVERABLE : DIOLATE_PENDING;
		waiting->reason = late.unclear ? DIOLATE_PARTIAL : DIOLATE_NO_REASON;
	}
	/* Before its result comes a look is taken. */
	if (late.repair || met == DIOLATE_MET_AWAITABLE)
		late.unclear = false;

	outcome = diolate_decide(&late);
	diolate_account_late(DIOLATE_STUCK, outcome);
	if (outcome != DIOLATE_REPEAT)
		diolate_log_late(inv, iocb, &late, outcome,
				 outcome == DIOLATE_PENDING ? iocb : NULL);
	if (waiting && outcome != DIOLATE_PENDING) {
		diolate_waiting_end(waiting);
		diolate_waiting_put();
	}
}
NOKPROBE_SYMBOL(late);

/**
 * diolate_late_overtaken() - a write was overtaken that was not late before
 * @iocb:       it; where its consumer receives the result, that of the consumer
 * @inode:      the file that was written, which of an overlayfs write is another
 * @length:     bytes written, by which it has not moved on in its file
 * @waited_for: its file system has waited for it, in this task
 *
 * Context: any, also inside a probe handler; the write is yet to be answered.
 * Return: what it is counted as; DIOLATE_PENDING if its result is to say so, which follows.
 */
enum diolate_outcome diolate_late_overtaken(struct kiocb *iocb, const struct inode *inode,
					    size_t length, bool waited_for)
{
	struct diolate_invalidation inv = { .iocb = iocb, .length = length };
	struct diolate_late late = {
		.kind = DIOLATE_OVERTAKEN,
		.consumer = consumer_of(iocb),
		.way = DIOLATE_WAY_CONSUMER,
		.policy = READ_ONCE(diolate_policy),
		.waited_for = waited_for,
		.proven = diolate_only_a_writer_is_in_the_way(inode),
		.unrepaired = DIOLATE_WRITTEN_BACK,
	};
	enum diolate_outcome outcome;

	if (late.policy != DIOLATE_REPAIR)
		late.unrepaired = DIOLATE_NO_REASON;
	if (late.consumer == DIOLATE_IO_URING && waited_for && diolate_uring_is_short(iocb, length))
		late.way = DIOLATE_WAY_SHORT;
	outcome = diolate_decide(&late);
	diolate_account_late(DIOLATE_OVERTAKEN, outcome);
	diolate_log_late(&inv, iocb, &late, outcome, outcome == DIOLATE_PENDING ? iocb : NULL);
	return outcome;
}
NOKPROBE_SYMBOL(diolate_late_overtaken);

/*
 * Whether something is to be done for a write before its result comes, in this task: to see whether
 * it has lost anything, or to wait for what tells it.
 */
static bool late_waits(const struct diolate_invalidation *inv)
{
	struct diolate_waiting *waiting = diolate_waiting_find(told(inv));

	if (!waiting || waiting->looked ||
	    (waiting->outcome == DIOLATE_PENDING && diolate_consumers_armed()))
		return false;
	WRITE_ONCE(waiting->task, current);
	return true;
}
NOKPROBE_SYMBOL(late_waits);

/*
 * Wait for what tells it. If that fails the write does not wait for its result any more, and what
 * keeps the module here is given back, as the last of all, by left(). One that is spared is worth
 * no wait.
 */
static bool await(struct diolate_waiting *waiting)
{
	bool waits = waiting->outcome == DIOLATE_SPARED ? diolate_consumers_armed() :
							  diolate_consumers_wait();

	if (!waits && waiting->outcome == DIOLATE_PENDING) {
		waiting->outcome = DIOLATE_UNDELIVERABLE;
		waiting->reason = DIOLATE_NOT_WATCHED;
	}
	if (!waits)
		diolate_consumers_give_up(waiting);
	return waits;
}

static void left(bool waits)
{
	if (!waits)
		diolate_waiting_put();
}

/* The kernel reports one; where its own record is replaced that is seen by the probe and there. */
static void stuck(struct diolate_invalidation *inv, enum diolate_met met)
{
	if (inv->seen)
		return;
	late(inv, met);
	inv->seen = true;
}
NOKPROBE_SYMBOL(stuck);

static enum diolate_met met_at_record(void)
{
	return diolate_ftrace_awaits() ? DIOLATE_MET_AWAITABLE : DIOLATE_MET_IN_PASSING;
}
NOKPROBE_SYMBOL(met_at_record);

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
int diolate_late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = invalidation((void *)regs_get_kernel_argument(regs, 0));

	if (inv)
		stuck(inv, met_at_record());
	else
		diolate_account_unattributed();
	diolate_current_release();
	return 0;
}
NOKPROBE_SYMBOL(diolate_late_error);

/**
 * diolate_late_error_record() - what becomes of the kernel's own record of a late error
 * @filp: argument of dio_warn_stale_pagecache(), which is being called
 *
 * Context: any, also inside an ftrace callback, before or after the probe of that function.
 * Return: see there.
 */
enum diolate_record_of_kernel diolate_late_error_record(struct file *filp)
{
	enum diolate_record_of_kernel record = DIOLATE_RECORD_MADE;
	struct diolate_invalidation *inv;
	struct diolate_waiting *waiting;

	preempt_disable_notrace();
	inv = invalidation(filp);
	if (inv) {
		stuck(inv, met_at_record());
		waiting = diolate_waiting_find(told(inv));
		if (waiting && waiting->repairs) {
			waiting->repair.held_back = true;
			record = DIOLATE_RECORD_HELD_BACK;
		} else if (late_waits(inv)) {
			record = DIOLATE_RECORD_OURS;
		}
	}
	diolate_current_release();
	preempt_enable_notrace();
	return record;
}
NOKPROBE_SYMBOL(diolate_late_error_record);

/* What the invalidation that has just failed is for. */
static void look_up(struct file *filp, struct diolate_part *part)
{
	struct diolate_invalidation *inv;

	*part = (struct diolate_part){};
	preempt_disable();
	inv = invalidation(filp);
	if (inv) {
		part->start = inv->iocb->ki_pos;
		part->end = part->start + inv->length;
	}
	diolate_current_release();
	preempt_enable();
}

/* Whether a write is spared, whose folios may be dirty beside it only. */
static void look(struct diolate_waiting *waiting, struct file *filp)
{
	struct diolate_part part;

	look_up(filp, &part);
	waiting->looked = true;
	waiting->outcome = diolate_spared(waiting->iocb, filp->f_mapping, &part, &waiting->reason);
}

/**
 * diolate_late_error_instead() - in the place of dio_warn_stale_pagecache(): see whether a write
 *                                has lost anything, and wait until its late error can be told
 * @filp: its argument
 *
 * The late write that waits keeps the module here, as long as it does and this runs.
 *
 * Context: process, sleeps, as long as diolate_spared() and diolate_consumers_wait() take; a worker
 *          that completes the write, or the task that submits it, which may hold locks of the file
 *          system.
 */
void diolate_late_error_instead(struct file *filp)
{
	struct diolate_waiting *waiting = diolate_waiting_of_task();
	enum diolate_outcome outcome;
	bool waits;

	if (waiting->outcome != DIOLATE_PENDING)
		look(waiting, filp);
	outcome = waiting->outcome;
	waits = await(waiting);
	/* Of a write that is spared nothing is wrong any more. */
	if (outcome != DIOLATE_SPARED)
		diolate_repair_record(file_inode(filp), waits && outcome == DIOLATE_PENDING ?
				      "its submitter is told" : "its submitter cannot be told");
	left(waits);
}

/* generic_file_direct_write(), where its calls of errseq_set() come from; written once at load. */
static unsigned long direct_write_start, direct_write_size;

/**
 * diolate_late_error_inlined_in() - in which function to look for a late error that is inlined
 * @symbol: its name
 *
 * Context: process, may sleep; before diolate_inlined_late_error() is armed.
 * Return: 0 or a negative errno.
 */
int diolate_late_error_inlined_in(const char *symbol)
{
	return diolate_symbol_address(symbol, &direct_write_start, &direct_write_size);
}

/*
 * errseq_t errseq_set(errseq_t *eseq, int err), lib/errseq.c: before 6.5 the compiler may inline
 * dio_warn_stale_pagecache() in generic_file_direct_write(), which then calls this itself, and does
 * so for nothing else (disassembled, 5.10). If it does not inline, the caller is the function that
 * is probed above. A kretprobe that somebody has set on errseq_set() later hides the caller.
 */
int diolate_inlined_late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_direct_write *write;

	if (diolate_caller(regs) - direct_write_start >= direct_write_size)
		return 0;
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes_with_errors_in,
					 (void *)regs_get_kernel_argument(regs, 0));
	if (write)
		stuck(&write->inv, DIOLATE_MET_IN_PASSING);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(diolate_inlined_late_error);
