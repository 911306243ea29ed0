// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes see of a late error: which write the page cache is being invalidated for, that it
 * failed, and what is to come of it. The handlers of src/probes.c, in the order of its table.
 *
 * Some run in interrupts. They look and mark; they never sleep, allocate, print, wait for a lock or
 * resolve a name.
 */
#include <linux/bio.h>
#include <linux/kprobes.h>

#include "diolate.h"
#include "probes.h"

static void judge_current(struct kiocb *iocb, size_t length);
static void judge_waited_for(struct diolate_dio_complete *complete);
static void judge_work(const void *work, unsigned int *distance);

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: always noted, as pages may come after it was entered with none.
 */
static __always_inline void invalidate(unsigned long iocb, unsigned long count)
{
	diolate_current_begins((struct kiocb *)iocb, NULL, count);
	if (unlikely(!diolate_overtaken_none()))
		judge_current((struct kiocb *)iocb, count);
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
	if (unlikely(!diolate_overtaken_none()) && diolate_scope_iomap_has_written((void *)dio))
		judge_current(iocb, ((unsigned long *)dio)[3]);
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
		judge_waited_for(complete);
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

/* Its callback is certain to be loaded and called after this, as is that of what it is done for. */
static __always_inline void watch(struct kiocb *iocb)
{
	if (likely(diolate_watch(iocb)))
		return;
	iocb = diolate_scope_submitter(iocb);
	if (iocb)
		diolate_watch(iocb);
}

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
		watch(iocb);
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
	if (unlikely(!diolate_overtaken_none()) && !diolate_probes_follow(DIOLATE_AT_INVALIDATE))
		judge_work((void *)work, &distance);
}

DIOLATE_HOOKED(diolate_dio_work, dio_work);
NOKPROBE_SYMBOL(diolate_dio_work);

static bool completes(void *data, void *file)
{
	struct diolate_dio_complete *complete = data;

	return diolate_scope_of_dio(&complete->inv, complete->dio, file);
}
NOKPROBE_SYMBOL(completes);

static bool writes(void *data, void *iocb)
{
	const struct diolate_direct_write *write = data;

	return write->inv.iocb == iocb;
}
NOKPROBE_SYMBOL(writes);

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
		/* What was seen of it when its work began, see judge_work(). */
		inv = diolate_current_hold();
		if (inv && inv->iocb == complete->inv.iocb && inv->seen > complete->inv.seen)
			complete->inv.seen = inv->seen;
		diolate_current_release();
		return &complete->inv;
	}
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes_to, file);
	if (write)
		return &write->inv;
	return begun_last(file);
}
NOKPROBE_SYMBOL(invalidation);

/* Whether this write was reported before; remembers that it is now. */
static bool reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write;
	bool before;

	/* An interrupt reports a write of another task. */
	if (!diolate_in_task())
		return false;
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes, iocb);
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

/* A late error is seen. */
static void late(struct diolate_invalidation *inv, enum diolate_kind kind)
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
NOKPROBE_SYMBOL(late);

/* The kernel reports one; where its own record is replaced that is seen by the probe and there. */
static void stuck(struct diolate_invalidation *inv)
{
	if (inv->seen == DIOLATE_SEEN)
		return;
	late(inv, DIOLATE_STUCK);
	inv->seen = DIOLATE_SEEN;
}
NOKPROBE_SYMBOL(stuck);

/* What a write of this length has written, which has not yet moved on in its file. */
static enum diolate_verdict judge(const struct kiocb *iocb, size_t length, s64 after)
{
	struct diolate_part part = {
		.start = iocb->ki_pos,
		.end = iocb->ki_pos + max_t(size_t, length, 1),
	};

	return diolate_overtaken(iocb, iocb->ki_filp->f_mapping, &part, after);
}
NOKPROBE_SYMBOL(judge);

static void judge_next(struct diolate_invalidation *inv, s64 after)
{
	switch (judge(inv->iocb, inv->length, after)) {
	case DIOLATE_IS_OVERTAKEN:
		late(inv, DIOLATE_OVERTAKEN);
		inv->seen = DIOLATE_SEEN_OVERTAKEN;
		break;
	case DIOLATE_NOT_JUDGED:
		diolate_account_not_judged();
		break;
	case DIOLATE_IS_NOT:
		break;
	}
}
NOKPROBE_SYMBOL(judge_next);

/* A write is about to invalidate the page cache; it is judged the first time only. */
static void judge_first(struct diolate_invalidation *inv)
{
	struct diolate_direct_write *write;

	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes, inv->iocb);
	if (write && write->judged)
		return;
	if (write)
		write->judged = true;
	judge_next(inv, 0);
}
NOKPROBE_SYMBOL(judge_first);

/* This task has begun last to invalidate for this write. */
static noinline void judge_current(struct kiocb *iocb, size_t length)
{
	struct diolate_invalidation *inv;

	preempt_disable_notrace();
	inv = diolate_current_hold();
	if (inv && inv->iocb == iocb) {
		inv->dio = NULL;
		inv->length = length;
		judge_first(inv);
	} else if (judge(iocb, length, 0) != DIOLATE_IS_NOT) {
		diolate_account_not_judged();
	}
	diolate_current_release();
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(judge_current);

static bool any(void *data, void *unused)
{
	return true;
}
NOKPROBE_SYMBOL(any);

/* dio_complete() is called; its write is known if this task has submitted it, and waits for it. */
static noinline void judge_waited_for(struct diolate_dio_complete *complete)
{
	const struct diolate_direct_write *write;
	const struct kiocb *iocb;

	/* An interrupt completes a write of another task. */
	if (!diolate_in_task())
		return;
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, any, NULL);
	if (!write)
		return;
	iocb = write->inv.iocb;
	if (diolate_scope_of_dio(&complete->inv, complete->dio, iocb->ki_filp) &&
	    complete->inv.iocb == iocb)
		judge_first(&complete->inv);
}
NOKPROBE_SYMBOL(judge_waited_for);

/* Else by its work. */
static noinline void judge_work(const void *work, unsigned int *distance)
{
	struct kiocb *iocb = diolate_scope_of_work(work, distance);
	size_t length;

	if (!iocb || !(iocb->ki_flags & IOCB_WRITE))
		return;
	length = diolate_scope_bytes_of_work(work, *distance);
	diolate_current_begins(iocb, NULL, length);
	judge_current(iocb, length);
}
NOKPROBE_SYMBOL(judge_work);

/*
 * A write may be completed where its last bio ends, without invalidating anything, if nothing of
 * its file is cached (dio_bio_end_aio(), fs/direct-io.c, 5.10 to 7.3; iomap_dio_done(),
 * fs/iomap/direct-io.c, 7.3): somebody else has dropped the folio that was written back.
 */
static noinline void judge_uninvalidated(struct diolate_invalidation *inv)
{
	inv->dio = NULL;
	inv->seen = DIOLATE_NOT_SEEN_YET;
	preempt_disable_notrace();
	judge_next(inv, 0);
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(judge_uninvalidated);

/*
 * void iomap_dio_bio_end_io(struct bio *bio), fs/iomap/direct-io.c, 7.3: if it leads to that, the
 * callback may be loaded before iomap_dio_complete() is called, so it is watched here.
 */
static __always_inline void iomap_ends(unsigned long bio, unsigned long unused)
{
	const unsigned long *dio = ((struct bio *)bio)->bi_private;
	struct diolate_invalidation inv;

	if (likely(diolate_overtaken_none()) || READ_ONCE(diolate_policy) == DIOLATE_OBSERVE)
		return;
	if (diolate_scope_iomap_ends(dio) && diolate_scope_of_iomap_dio(&inv, dio) &&
	    !READ_ONCE(inv.iocb->ki_filp->f_mapping->nrpages))
		watch(inv.iocb);
}

DIOLATE_HOOKED(diolate_iomap_ends, iomap_ends);
NOKPROBE_SYMBOL(diolate_iomap_ends);

/* ssize_t iomap_dio_complete(struct iomap_dio *dio), as above. */
static __always_inline void iomap_uninvalidated(unsigned long dio, unsigned long unused)
{
	struct diolate_invalidation inv;

	if (unlikely(!diolate_overtaken_none()) &&
	    diolate_scope_iomap_invalidates_not((void *)dio) &&
	    diolate_scope_of_iomap_dio(&inv, (void *)dio))
		judge_uninvalidated(&inv);
}

DIOLATE_HOOKED(diolate_iomap_uninvalidated, iomap_uninvalidated);
NOKPROBE_SYMBOL(diolate_iomap_uninvalidated);

/* Of the flags of dio_complete(), fs/direct-io.c, 5.10 to 7.3. */
#define DIO_COMPLETE_ASYNC BIT(0)
#define DIO_COMPLETE_INVALIDATE BIT(1)

/*
 * ssize_t dio_complete(struct dio *dio, ssize_t ret, unsigned int flags), fs/direct-io.c, 5.10 to
 * 7.3: it loads the callback itself.
 */
int diolate_dio_uninvalidated(struct kprobe *p, struct pt_regs *regs)
{
	unsigned int flags = regs_get_kernel_argument(regs, 2);
	struct diolate_invalidation inv;

	if (likely(diolate_overtaken_none()) ||
	    !(flags & DIO_COMPLETE_ASYNC) || (flags & DIO_COMPLETE_INVALIDATE) ||
	    !diolate_scope_of_dio(&inv, (void *)regs_get_kernel_argument(regs, 0), NULL))
		return 0;
	if (READ_ONCE(diolate_policy) != DIOLATE_OBSERVE)
		watch(inv.iocb);
	judge_uninvalidated(&inv);
	return 0;
}
NOKPROBE_SYMBOL(diolate_dio_uninvalidated);

/**
 * diolate_late_second_look() - whether a write was overtaken while it invalidated the page cache
 * @iocb: it, watched, completed by the task that did that
 * @ret:  its result
 *
 * If its late error is to be told it is marked afterwards.
 *
 * Context: any, its completion callback.
 */
void diolate_late_second_look(struct kiocb *iocb, long ret)
{
	struct diolate_invalidation *inv;

	if (ret <= 0 || !diolate_in_task())
		return;
	preempt_disable();
	inv = diolate_current_hold();
	if (inv && inv->iocb == iocb && !inv->seen) {
		/* It has moved on by what it has written. */
		iocb->ki_pos -= ret;
		inv->dio = NULL;
		inv->length = ret;
		judge_next(inv, inv->number);
		iocb->ki_pos += ret;
	}
	/* Another may get the same memory. */
	if (inv)
		inv->iocb = NULL;
	diolate_current_release();
	preempt_enable();
}

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
