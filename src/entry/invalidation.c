// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel begins to invalidate the page cache for a direct write, or enters a function that may
 * do so. The handlers note whose write it is, and judge the write, unless it is judged where it is
 * answered.
 *
 * Some handlers run in interrupts. None sleeps, allocates, prints, resolves a name, or waits for a
 * lock, except the spinlocks of src/flight/.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/uio.h>

#include "entry/invalidation.h"
#include "flight/dirtied.h"
#include "flight/following.h"
#include "flight/track.h"
#include "outcome/judge.h"
#include "outcome/late.h"
#include "write/identify.h"
#include "write/inside.h"
#include "write/iomap_dio.h"
#include "write/task.h"

/* Two flags of dio_complete(), fs/direct-io.c, 5.10 to 7.3. */
#define DIO_COMPLETE_ASYNC BIT(0)
#define DIO_COMPLETE_INVALIDATE BIT(1)

/* Count an overtaken write. A late error that the kernel reports for it later is a repeat. */
static void invalidation_count_overtaken(struct kiocb *iocb, const struct diolate_flown *flown,
					 size_t length)
{
	struct diolate_invalidation *inv;

	diolate_late_overtaken(iocb, flown, iocb->ki_pos, length, true);
	diolate_inside_was_reported(iocb);
	inv = diolate_task_hold();
	if (inv)
		inv->counted = true;
	diolate_task_release();
}
NOKPROBE_SYMBOL(invalidation_count_overtaken);

/*
 * Judge a write that is about to invalidate, unless it is judged where it is answered. @mapped:
 * what it has written is the file's. Return: whether it was overtaken.
 */
static noinline bool invalidation_overtaken_slow(struct kiocb *iocb, size_t length, bool mapped)
{
	struct diolate_flown flown;
	bool found;

	preempt_disable_notrace();
	found = !diolate_inside_was_judged(iocb) &&
		diolate_judge_passing(iocb, length, mapped, &flown);
	if (found)
		invalidation_count_overtaken(iocb, &flown, length);
	preempt_enable_notrace();
	return found;
}
NOKPROBE_SYMBOL(invalidation_overtaken_slow);

/* The same; most writes of user space need no look. */
static noinline void invalidation_begins_slow(struct kiocb *iocb, size_t length, bool mapped)
{
	if (!diolate_judge_leaves(iocb, length))
		invalidation_overtaken_slow(iocb, length, mapped);
}
NOKPROBE_SYMBOL(invalidation_begins_slow);

/* What became dirty until now may be in the way of a write; -1 if nobody knows of anything. */
static __always_inline s64 invalidation_dirtied(const struct kiocb *iocb)
{
	return unlikely(diolate_dirtied_is_live()) ?
		       diolate_dirtied_now(iocb->ki_filp->f_mapping) : -1;
}

static void invalidation_date(struct diolate_invalidation *inv, const struct kiocb *iocb)
{
	inv->dated = true;
	inv->dirtied = diolate_dirtied_now(iocb->ki_filp->f_mapping);
}
NOKPROBE_SYMBOL(invalidation_date);

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: the call is noted even if nothing is cached, because pages may come after its entry.
 */
static __always_inline void invalidation_invalidate(unsigned long argument, unsigned long count)
{
	struct kiocb *iocb = (struct kiocb *)argument;
	bool judged = diolate_task_begins(iocb, iocb->ki_pos, NULL, count,
					  invalidation_dirtied(iocb));

	if (unlikely(diolate_track_suspects()) && !judged)
		invalidation_begins_slow(iocb, count, true);
}

DIOLATE_HOOKED(diolate_invalidation_enter_invalidate, invalidation_invalidate);
NOKPROBE_SYMBOL(diolate_invalidation_enter_invalidate);

/*
 * ssize_t iomap_dio_complete(struct iomap_dio *dio), fs/iomap/direct-io.c, 5.4 to 7.3: it
 * invalidates where there is no kiocb_invalidate_post_direct_write(). A read is not noted: its task
 * may be about to invalidate for a write. If the kiocb is not known, what this task has begun last
 * is over.
 */
static __always_inline void invalidation_iomap_complete(unsigned long dio, unsigned long unused)
{
	struct kiocb *iocb = diolate_iomap_dio_kiocb((void *)dio);

	if (iocb && diolate_identify_is_read(iocb))
		return;
	if (!iocb) {
		diolate_task_begins(NULL, 0, NULL, 0, -1);
		return;
	}
	diolate_task_begins(iocb, iocb->ki_pos, (void *)dio, 0, invalidation_dirtied(iocb));
	if (unlikely(diolate_track_suspects()))
		invalidation_begins_slow(iocb, diolate_iomap_dio_written((void *)dio), false);
}

DIOLATE_HOOKED(diolate_invalidation_enter_iomap_complete, invalidation_iomap_complete);
NOKPROBE_SYMBOL(diolate_invalidation_enter_iomap_complete);

/*
 * The same for a write of fs/direct-io.c. When generic_file_direct_write() invalidates once more,
 * nothing that became dirty since is in its way.
 */
static noinline void invalidation_dio_dirtied_slow(struct diolate_dio_complete *complete,
						   bool async)
{
	struct diolate_direct_write *write = async ? NULL : diolate_inside_direct_write_of(NULL);
	struct diolate_invalidation inv;

	if (write) {
		invalidation_date(&write->inv, write->inv.iocb);
		invalidation_date(&complete->inv, write->inv.iocb);
	} else if (async && diolate_identify_dio(&inv, complete->dio, NULL)) {
		invalidation_date(&complete->inv, inv.iocb);
	}
}
NOKPROBE_SYMBOL(invalidation_dio_dirtied_slow);

/*
 * Judge a write of fs/direct-io.c: one that this task waits for, or an asynchronous one of user
 * space.
 */
static noinline void invalidation_dio_slow(struct diolate_dio_complete *complete, bool async)
{
	struct diolate_direct_write *write = async ? NULL : diolate_inside_direct_write_of(NULL);
	struct file *file = write ? write->inv.iocb->ki_filp : NULL;

	if ((async || write) && diolate_identify_dio(&complete->inv, complete->dio, file) &&
	    (async || complete->inv.iocb == write->inv.iocb))
		invalidation_begins_slow(complete->inv.iocb, complete->inv.length, true);
}
NOKPROBE_SYMBOL(invalidation_dio_slow);

/**
 * diolate_invalidation_completes() - judge a write that completes and may invalidate nothing
 * @dio: the argument of iomap_dio_complete()
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_invalidation_completes(const unsigned long *dio)
{
	struct kiocb *iocb = diolate_iomap_dio_kiocb(dio);
	bool looks, found = false;
	size_t written;

	/* A read is not noted: its task may be about to invalidate for a write. */
	if (!iocb || diolate_identify_is_read(iocb))
		return;
	written = diolate_iomap_dio_written(dio);
	if (diolate_judge_leaves(iocb, written))
		return;
	looks = written && !READ_ONCE(iocb->ki_filp->f_mapping->nrpages);
	if (looks)
		found = invalidation_overtaken_slow(iocb, written, false);
	/* It may invalidate all the same: a write that is waited for always does. */
	diolate_task_judged(looks ? iocb : NULL, iocb->ki_pos, found);
}
NOKPROBE_SYMBOL(diolate_invalidation_completes);

/*
 * ssize_t dio_complete(struct dio *dio, ssize_t ret, unsigned int flags), fs/direct-io.c, 5.4 to
 * 7.3: invalidates, too. An asynchronous write is looked up only when it reports a late error, or
 * while writes may be overtaken; but what this task has begun last is over.
 */
int diolate_invalidation_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_dio_complete *complete = (void *)ri->data;
	unsigned int flags = regs_get_kernel_argument(regs, 2);

	complete->dio = (void *)regs_get_kernel_argument(regs, 0);
	complete->inv.seen = false;
	complete->inv.counted = false;
	complete->inv.whole = false;
	complete->inv.again = false;
	complete->inv.dated = false;
	complete->inv.ended = NULL;
	if (flags & DIO_COMPLETE_ASYNC)
		diolate_task_begins(NULL, 0, NULL, 0, -1);
	if (unlikely(diolate_dirtied_is_live()) && (flags & DIO_COMPLETE_INVALIDATE))
		invalidation_dio_dirtied_slow(complete, flags & DIO_COMPLETE_ASYNC);
	if (unlikely(diolate_track_suspects()) && (flags & DIO_COMPLETE_INVALIDATE))
		invalidation_dio_slow(complete, flags & DIO_COMPLETE_ASYNC);
	return 0;
}
NOKPROBE_SYMBOL(diolate_invalidation_enter_dio_complete);

/*
 * ssize_t generic_file_direct_write(struct kiocb *iocb, struct iov_iter *from), mm/filemap.c, 5.10
 * to 7.3: invalidates once more, after a write on a fs/direct-io.c file system was waited for and
 * dio_complete() has invalidated.
 */
int diolate_invalidation_enter_direct_write(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_direct_write *write = (void *)ri->data;

	write->inv.iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	write->inv.start = write->inv.iocb->ki_pos;
	write->inv.length = iov_iter_count((void *)regs_get_kernel_argument(regs, 1));
	write->inv.seen = false;
	write->inv.counted = false;
	write->inv.whole = false;
	write->inv.again = false;
	write->inv.dated = false;
	write->inv.ended = NULL;
	write->reported = false;
	write->judged = false;
	/* What this task has begun last is over: the invalidation that comes is the first one. */
	diolate_task_begins(NULL, 0, NULL, 0, -1);
	if (unlikely(diolate_track_suspects()))
		diolate_judge_begins_slow(write->inv.iocb, write->inv.length, NULL,
					  diolate_following_sees_dio);
	return 0;
}
NOKPROBE_SYMBOL(diolate_invalidation_enter_direct_write);
