// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a direct write is asked whether it was overtaken (src/overtaken.c): as it is about to
 * invalidate the page cache, and once more when it has; or, if it does not, where it completes.
 * Nobody comes here while nothing was written back that could overtake a write.
 *
 * Some of it runs in interrupts. It looks and takes down; it never sleeps, allocates, prints, waits
 * for a lock or resolves a name.
 */
#include <linux/kprobes.h>

#include "diolate.h"
#include "probes.h"

/* What a write of this length has written, which has not yet moved on in its file. */
static noinline enum diolate_verdict judge(const struct kiocb *iocb, size_t length, s64 after)
{
	struct diolate_part part = { .start = iocb->ki_pos, .end = iocb->ki_pos + length };
	s64 since = after;
	bool known;

	if (!length)
		return DIOLATE_IS_NOT;
	known = after || diolate_submission(iocb, &since);
	return diolate_overtaken(iocb->ki_filp->f_mapping, &part, known ? &since : NULL, after);
}
NOKPROBE_SYMBOL(judge);

static void judge_next(struct diolate_invalidation *inv, s64 after, enum diolate_met met)
{
	switch (judge(inv->iocb, inv->length, after)) {
	case DIOLATE_IS_OVERTAKEN:
		diolate_late(inv, DIOLATE_OVERTAKEN, met);
		inv->seen = DIOLATE_SEEN_OVERTAKEN;
		break;
	case DIOLATE_NOT_JUDGED:
		/* Of a write once, however often it is looked at. */
		if (inv->number > 0) {
			diolate_account_not_judged();
			inv->number = -inv->number;
		}
		break;
	case DIOLATE_IS_NOT:
		break;
	}
}
NOKPROBE_SYMBOL(judge_next);

/* A write is about to invalidate the page cache; it is judged the first time only. */
static void judge_first(struct diolate_invalidation *inv, enum diolate_met met)
{
	struct diolate_direct_write *write = diolate_direct_write_of(inv->iocb);

	if (write && write->judged)
		return;
	if (write)
		write->judged = true;
	judge_next(inv, 0, met);
}
NOKPROBE_SYMBOL(judge_first);

/**
 * diolate_judge_current() - judge the write that this task has begun last to invalidate for
 * @iocb:   it
 * @length: bytes written; if none it is not judged
 * @met:    where, if it is late
 *
 * Context: any, also inside a probe handler.
 * Return: whether what tells it is to be waited for, see diolate_late_waits().
 */
bool diolate_judge_current(struct kiocb *iocb, size_t length, enum diolate_met met)
{
	struct diolate_invalidation *inv;
	bool waits = false;

	preempt_disable_notrace();
	inv = diolate_current_hold();
	if (inv && inv->iocb == iocb) {
		inv->dio = NULL;
		inv->length = length;
		judge_first(inv, met);
		waits = met == DIOLATE_MET_AWAITABLE && diolate_late_waits(inv);
	} else if (judge(iocb, length, 0) != DIOLATE_IS_NOT) {
		diolate_account_not_judged();
	}
	diolate_current_release();
	preempt_enable_notrace();
	return waits;
}
NOKPROBE_SYMBOL(diolate_judge_current);

/* The write that a task has submitted and waits for. */
static void judge_dio_waited_for(struct diolate_dio_complete *complete)
{
	const struct diolate_direct_write *write = diolate_direct_write_of(NULL);
	const struct kiocb *iocb;

	if (!write)
		return;
	iocb = write->inv.iocb;
	complete->inv.number = diolate_writeback_now();
	if (diolate_scope_of_dio(&complete->inv, complete->dio, iocb->ki_filp) &&
	    complete->inv.iocb == iocb)
		judge_first(&complete->inv, DIOLATE_MET_IN_PASSING);
}
NOKPROBE_SYMBOL(judge_dio_waited_for);

/**
 * diolate_judge_dio() - judge the write that dio_complete() is called for, if it is going to
 *                       invalidate
 * @complete: the call
 * @flags:    its argument
 *
 * An asynchronous one is noted as what this task has begun last, for the second look.
 *
 * Context: any, also inside a probe handler, with preemption off.
 */
void diolate_judge_dio(struct diolate_dio_complete *complete, unsigned int flags)
{
	struct diolate_invalidation *inv = &complete->inv;

	if (!(flags & DIOLATE_DIO_COMPLETE_INVALIDATE))
		return;
	if (!(flags & DIOLATE_DIO_COMPLETE_ASYNC)) {
		judge_dio_waited_for(complete);
		return;
	}
	if (!diolate_scope_of_dio(inv, complete->dio, NULL))
		return;
	diolate_current_begins(inv->iocb, NULL, inv->length);
	diolate_judge_current(inv->iocb, inv->length, DIOLATE_MET_IN_PASSING);
	/* What was seen of it is what was seen of this call. */
	inv->seen = diolate_current_seen(inv->iocb);
}
NOKPROBE_SYMBOL(diolate_judge_dio);

/*
 * A write may be completed where its last bio ends, without invalidating anything, if nothing of
 * its file is cached (dio_bio_end_aio(), fs/direct-io.c, 5.10 to 7.3; iomap_dio_done(),
 * fs/iomap/direct-io.c, 7.3): somebody else has dropped the folio that was written back.
 */
static noinline void judge_uninvalidated(struct diolate_invalidation *inv)
{
	struct diolate_invalidation *last;

	inv->dio = NULL;
	inv->number = diolate_writeback_now();
	inv->seen = DIOLATE_NOT_SEEN_YET;
	preempt_disable_notrace();
	judge_next(inv, 0, DIOLATE_MET_AT_END);
	/* What this task has invalidated for may have been another write, in the same memory. */
	last = diolate_current_hold();
	if (last && last->iocb == inv->iocb)
		diolate_current_ended(last);
	diolate_current_release();
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(judge_uninvalidated);

/* ssize_t iomap_dio_complete(struct iomap_dio *dio), fs/iomap/direct-io.c, 7.3. */
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

/*
 * ssize_t dio_complete(struct dio *dio, ssize_t ret, unsigned int flags), fs/direct-io.c, 5.10 to
 * 7.3.
 */
int diolate_dio_uninvalidated(struct kprobe *p, struct pt_regs *regs)
{
	unsigned int flags = regs_get_kernel_argument(regs, 2);
	struct diolate_invalidation inv;

	if (likely(diolate_overtaken_none()) ||
	    !(flags & DIOLATE_DIO_COMPLETE_ASYNC) || (flags & DIOLATE_DIO_COMPLETE_INVALIDATE) ||
	    !diolate_scope_of_dio(&inv, (void *)regs_get_kernel_argument(regs, 0), NULL))
		return 0;
	judge_uninvalidated(&inv);
	return 0;
}
NOKPROBE_SYMBOL(diolate_dio_uninvalidated);

/* It has invalidated the page cache, and for what was then under writeback it has waited. */
static void judge_again(struct diolate_invalidation *inv)
{
	s64 before = inv->number;

	if (inv->seen)
		return;
	inv->number = diolate_writeback_now();
	if (before < 0)
		inv->number = -inv->number;
	judge_next(inv, abs(before), DIOLATE_MET_IN_PASSING);
}
NOKPROBE_SYMBOL(judge_again);

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: its caller has yet to complete the write, and to move it on in its file.
 */
int diolate_enter_invalidated(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct kiocb **)ri->data = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_invalidated);

int diolate_invalidated(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct kiocb *iocb = *(struct kiocb **)ri->data;
	struct diolate_invalidation *inv;

	preempt_disable_notrace();
	inv = diolate_current_hold();
	if (inv && inv->iocb == iocb) {
		judge_again(inv);
		diolate_current_ended(inv);
	}
	diolate_current_release();
	preempt_enable_notrace();
	return 0;
}
NOKPROBE_SYMBOL(diolate_invalidated);

/**
 * diolate_judge_completed() - judge a write once more that was completed by the worker which has
 *                             invalidated the page cache for it
 * @iocb: of what its consumer receives the result
 * @ret:  its result
 *
 * Where that function was not seen to return. It is this write's invalidation if the worker has
 * begun it in the very work in which it completes the write: that work cannot have completed
 * another in the same memory. If the write is late it waits for its result afterwards.
 *
 * Context: any, the entry of its consumer's function.
 */
void diolate_judge_completed(struct kiocb *iocb, long ret)
{
	u32 work = diolate_current_work();
	struct diolate_invalidation *inv;

	if (ret <= 0 || !work)
		return;
	preempt_disable_notrace();
	inv = diolate_current_hold();
	if (inv && inv->work == work && (!inv->iocb || inv->iocb == iocb) &&
	    (iocb->ki_flags & IOCB_WRITE)) {
		/* It has moved on by what it has written. */
		iocb->ki_pos -= ret;
		inv->iocb = iocb;
		inv->dio = NULL;
		inv->length = ret;
		judge_again(inv);
		iocb->ki_pos += ret;
		diolate_current_ended(inv);
	}
	diolate_current_release();
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(diolate_judge_completed);
