// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes see of a late error: which write the page cache is being invalidated for, that it
 * failed, and what is to come of it. The handlers of src/probes.c, in the order of its table.
 *
 * Some run in interrupts. They look and mark; they never sleep, allocate, print, wait for a lock or
 * resolve a name.
 */
#include <linux/kprobes.h>

#include "diolate.h"
#include "probes.h"

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: always noted, as pages may come after it was entered with none.
 */
static __always_inline void invalidate(unsigned long iocb, unsigned long count)
{
	diolate_current_begins((struct kiocb *)iocb, NULL, count);
	if (unlikely(!diolate_overtaken_none()))
		diolate_judge_current((struct kiocb *)iocb, count);
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
	if (unlikely(!diolate_overtaken_none()))
		diolate_judge_current(iocb, diolate_scope_iomap_written((void *)dio));
}

DIOLATE_HOOKED(diolate_enter_iomap_complete, iomap_complete);
NOKPROBE_SYMBOL(diolate_enter_iomap_complete);

/* ssize_t dio_complete(struct dio *dio, ...), fs/direct-io.c, 5.4 to 7.3: so does this. */
int diolate_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_dio_complete *complete = (void *)ri->data;

	complete->dio = (void *)regs_get_kernel_argument(regs, 0);
	complete->inv.seen = DIOLATE_NOT_SEEN_YET;
	if (unlikely(!diolate_overtaken_none()))
		diolate_judge_waited_for(complete);
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
	write->inv.seen = DIOLATE_NOT_SEEN_YET;
	write->reported = false;
	write->judged = false;
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_direct_write);

/*
 * int kiocb_done(struct io_kiocb *req, ssize_t ret, ...), io_uring/rw.c, 6.1 to 7.3: what a read or
 * write has come to that was submitted, for io_uring to complete it with. Armed by the first late
 * error that is to be told here. A request begins with its kiocb (struct io_rw).
 */
static __always_inline long uring_done(unsigned long req, unsigned long ret)
{
	return diolate_uring_done((struct kiocb *)req, ret);
}

DIOLATE_HOOKED_CHANGING(diolate_hook_uring_done, uring_done);
NOKPROBE_SYMBOL(diolate_hook_uring_done);

/*
 * void iomap_dio_complete_work(struct work_struct *work), fs/iomap/direct-io.c, and
 * void dio_aio_complete_work(struct work_struct *work), fs/direct-io.c, both 5.10 to 7.3. Every
 * write is watched, not only one whose mapping has pages: end_io may sleep, and pages come
 * meanwhile.
 */
static __always_inline void completes_in_work(unsigned long work, unsigned int *distance)
{
	struct kiocb *iocb;

	if (READ_ONCE(diolate_policy) == DIOLATE_OBSERVE)
		return;
	iocb = diolate_scope_of_work((void *)work, distance);
	if (iocb && (iocb->ki_flags & IOCB_WRITE))
		diolate_watch(iocb);
}

static __always_inline void iomap_work(unsigned long work, unsigned long unused)
{
	static unsigned int distance;

	completes_in_work(work, &distance);
}

DIOLATE_HOOKED(diolate_iomap_work, iomap_work);
NOKPROBE_SYMBOL(diolate_iomap_work);

static __always_inline void dio_work(unsigned long work, unsigned long unused)
{
	static unsigned int distance;

	completes_in_work(work, &distance);
	if (!diolate_probes_follow(DIOLATE_AT_INVALIDATE))
		diolate_judge_work((void *)work, &distance);
}

DIOLATE_HOOKED(diolate_dio_work, dio_work);
NOKPROBE_SYMBOL(diolate_dio_work);

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

	if (!inv)
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
 * What was seen of a write when its work began, in diolate_judge_work(). In a worker nothing begins
 * later before dio_complete(); a task that submits writes has begun others, perhaps long ago and in
 * the same memory.
 */
static void begun_by_work(struct diolate_invalidation *inv)
{
	const struct diolate_invalidation *last = diolate_current_hold();

	if (last && (current->flags & PF_WQ_WORKER) && last->iocb == inv->iocb)
		inv->seen = max(inv->seen, last->seen);
	diolate_current_release();
}
NOKPROBE_SYMBOL(begun_by_work);

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
	if (complete) {
		begun_by_work(&complete->inv);
		return &complete->inv;
	}
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

/* Whether io_uring is told of a write whose callback it forgets. */
static bool is_awaited(enum diolate_kind kind)
{
	return kind == DIOLATE_STUCK ? diolate_ftrace_awaits() :
				       diolate_probes_follow(DIOLATE_AT_URING_DONE);
}
NOKPROBE_SYMBOL(is_awaited);

/*
 * How the submitter of a write that is not watched can be told, if its file system waits for it.
 * It is submitted by a task of user space or of io_uring, never by a worker of the kernel: in one
 * this is an asynchronous completion, and too late for a callback that was not put in place on
 * entry: the policy was observe then, or the hook missed it.
 */
static enum diolate_way way_of_waiting(const struct kiocb *iocb, const struct diolate_late *late,
				       size_t length)
{
	enum diolate_consumer consumer = late->consumer;

	if (!diolate_in_task() || (current->flags & PF_WQ_WORKER))
		return DIOLATE_WAY_MISSED;
	if (consumer == DIOLATE_LIBAIO)
		return DIOLATE_WAY_WAITED_FOR;
	if (consumer != DIOLATE_IO_URING || (DIOLATE_URING_FORGETS && !is_awaited(late->kind)))
		return DIOLATE_WAY_MISSED;
	return diolate_uring_is_short(iocb, length) ? DIOLATE_WAY_SHORT : DIOLATE_WAY_WAITED_FOR;
}
NOKPROBE_SYMBOL(way_of_waiting);

/* The write of user space that an invalidation is for, or its own. */
static struct kiocb *told(const struct diolate_invalidation *inv)
{
	return diolate_scope_submitter(inv->iocb) ?: inv->iocb;
}
NOKPROBE_SYMBOL(told);

/* Whether the page cache is to be put right, and if not why; another's write never is. */
static bool is_to_be_repaired(struct diolate_late *late, const struct diolate_invalidation *inv,
			      const struct kiocb *iocb)
{
	late->unrepaired = DIOLATE_NO_REASON;
	if (late->policy != DIOLATE_REPAIR || late->repeat ||
	    late->consumer == DIOLATE_SYNC || late->consumer == DIOLATE_KERNEL)
		return false;
	if (late->kind == DIOLATE_OVERTAKEN)
		late->unrepaired = DIOLATE_WRITTEN_BACK;
	else if (late->way == DIOLATE_WAY_WATCHED)
		late->unrepaired = diolate_repair_begin(inv, iocb, late->proven);
	else
		late->unrepaired = DIOLATE_NOT_ASYNC;
	return !late->unrepaired;
}
NOKPROBE_SYMBOL(is_to_be_repaired);

/**
 * diolate_late() - a late error is seen
 * @inv:  whose
 * @kind: of which kind
 *
 * Context: any, also inside a probe handler; the write is yet to be completed.
 */
void diolate_late(struct diolate_invalidation *inv, enum diolate_kind kind)
{
	struct diolate_late late = { .kind = kind };
	enum diolate_outcome outcome;
	const void *marked = NULL;
	enum diolate_mark mark;
	struct kiocb *iocb;

	iocb = told(inv);
	late.consumer = diolate_consumer_of(READ_ONCE(iocb->ki_complete), &mark);
	late.policy = READ_ONCE(diolate_policy);
	late.repeat = inv->seen || reported(inv->iocb) ||
		      mark == DIOLATE_LATE || mark == DIOLATE_IN_REPAIR;
	/* Only what the kernel reports is counted again. */
	if (late.repeat && kind == DIOLATE_OVERTAKEN)
		return;
	late.proven = diolate_only_a_writer_is_in_the_way(inv->iocb, inv->length);
	if (mark != DIOLATE_UNMARKED)
		late.way = DIOLATE_WAY_WATCHED;
	else
		late.way = way_of_waiting(iocb, &late, inv->length);
	late.repair = is_to_be_repaired(&late, inv, iocb);

	outcome = diolate_decide(&late);
	if (outcome == DIOLATE_PENDING) {
		diolate_mark_late(iocb, late.repair);
		marked = iocb;
	}
	diolate_account_late(kind, outcome);
	if (outcome == DIOLATE_REPEAT)
		return;
	diolate_log_late(inv, iocb, &late, outcome, marked);
}
NOKPROBE_SYMBOL(diolate_late);

/* The kernel reports one; where its own record is replaced that is seen by the probe and there. */
static void stuck(struct diolate_invalidation *inv)
{
	if (inv->seen == DIOLATE_SEEN)
		return;
	diolate_late(inv, DIOLATE_STUCK);
	inv->seen = DIOLATE_SEEN;
}
NOKPROBE_SYMBOL(stuck);

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
int diolate_late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = invalidation((void *)regs_get_kernel_argument(regs, 0));

	if (inv)
		stuck(inv);
	else
		diolate_account_unattributed();
	diolate_current_release();
	return 0;
}
NOKPROBE_SYMBOL(diolate_late_error);

/* Whether nobody reads the callback of a write that was marked as late while it was waited for. */
static bool is_forgotten(const struct kiocb *iocb)
{
	enum diolate_mark mark;

	return DIOLATE_URING_FORGETS && diolate_in_task() && !(current->flags & PF_WQ_WORKER) &&
	       diolate_consumer_of(READ_ONCE(iocb->ki_complete), &mark) == DIOLATE_IO_URING &&
	       mark == DIOLATE_LATE;
}
NOKPROBE_SYMBOL(is_forgotten);

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

	preempt_disable_notrace();
	inv = invalidation(filp);
	if (inv) {
		stuck(inv);
		if (diolate_repair_hold_back(told(inv)))
			record = DIOLATE_RECORD_HELD_BACK;
		else if (is_forgotten(told(inv)))
			record = DIOLATE_RECORD_AWAITS;
	}
	diolate_current_release();
	preempt_enable_notrace();
	return record;
}
NOKPROBE_SYMBOL(diolate_late_error_record);

/**
 * diolate_late_error_is_awaited() - see to it that a forgotten write is told, in place of
 *                                   dio_warn_stale_pagecache()
 * @filp: its argument
 *
 * The mark of the write keeps the module here.
 *
 * Context: process, sleeps; the task that submits the write, which may hold locks of the file
 *          system.
 */
void diolate_late_error_is_awaited(struct file *filp)
{
	int err = diolate_probes_arm_uring();
	struct diolate_invalidation *inv;

	diolate_repair_record(file_inode(filp), err ? "its submitter cannot be told" :
						      "its submitter is told");
	if (!err)
		return;
	preempt_disable();
	inv = invalidation(filp);
	if (inv)
		diolate_unmark(told(inv));
	diolate_current_release();
	preempt_enable();
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
		stuck(&write->inv);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(diolate_inlined_late_error);
