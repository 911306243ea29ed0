// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes see of a late error: which write the page cache is being invalidated for, that it
 * failed, and what is to come of it. The handlers of src/probes.c, in the order of its table.
 *
 * They run with preemption off, some in interrupts. They look and mark; they never sleep, allocate,
 * print, wait for a lock or resolve a name.
 */
#include <linux/kprobes.h>

#include "diolate.h"
#include "probes.h"

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: the instance is always taken, as pages may come after it was entered with none.
 */
int diolate_enter_invalidate(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = (void *)ri->data;

	inv->iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	inv->length = regs_get_kernel_argument(regs, 1);
	inv->seen = false;
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_invalidate);

/*
 * ssize_t iomap_dio_complete(struct iomap_dio *dio), fs/iomap/direct-io.c, 5.4 to 7.3: where there
 * is no function of its own for it, this invalidates.
 */
int diolate_enter_iomap_complete(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return !diolate_scope_of_iomap_dio((void *)ri->data,
					   (void *)regs_get_kernel_argument(regs, 0));
}
NOKPROBE_SYMBOL(diolate_enter_iomap_complete);

/* ssize_t dio_complete(struct dio *dio, ...), fs/direct-io.c, 5.4 to 7.3: so does this. */
int diolate_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_dio_complete *complete = (void *)ri->data;

	complete->dio = (void *)regs_get_kernel_argument(regs, 0);
	complete->inv.seen = false;
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
	write->reported = false;
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_direct_write);

/*
 * int io_write(struct io_kiocb *req, unsigned int issue_flags), io_uring/rw.c, 6.1 to 7.3, and
 * io_uring/io_uring.c, 5.10.262: what io_uring calls to submit a write.
 */
int diolate_enter_uring_write(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return !diolate_uring_enter((void *)ri->data, (void *)regs_get_kernel_argument(regs, 0));
}
NOKPROBE_SYMBOL(diolate_enter_uring_write);

int diolate_leave_uring_write(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	diolate_uring_returns((void *)ri->data, (int)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(diolate_leave_uring_write);

/*
 * void iomap_dio_complete_work(struct work_struct *work), fs/iomap/direct-io.c, and
 * void dio_aio_complete_work(struct work_struct *work), fs/direct-io.c, both 5.10 to 7.3. Every
 * write is watched, not only one whose mapping has pages: end_io may sleep, and pages come
 * meanwhile.
 */
static void completes_in_work(struct pt_regs *regs, unsigned int *distance)
{
	struct kiocb *iocb;

	if (READ_ONCE(diolate_policy) == DIOLATE_OBSERVE)
		return;
	iocb = diolate_scope_of_work((void *)regs_get_kernel_argument(regs, 0), distance);
	if (iocb)
		diolate_watch(iocb);
}
NOKPROBE_SYMBOL(completes_in_work);

int diolate_iomap_work(struct kprobe *p, struct pt_regs *regs)
{
	static unsigned int distance;

	completes_in_work(regs, &distance);
	return 0;
}
NOKPROBE_SYMBOL(diolate_iomap_work);

int diolate_dio_work(struct kprobe *p, struct pt_regs *regs)
{
	static unsigned int distance;

	completes_in_work(regs, &distance);
	return 0;
}
NOKPROBE_SYMBOL(diolate_dio_work);

static bool invalidates(void *data, void *file)
{
	const struct diolate_invalidation *inv = data;

	return inv->iocb->ki_filp == file;
}
NOKPROBE_SYMBOL(invalidates);

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
 * The call that has just failed to invalidate the cache of this file. It is the innermost, since
 * what invalidates calls dio_warn_stale_pagecache() itself.
 */
static struct diolate_invalidation *invalidation(void *file)
{
	struct diolate_dio_complete *complete;
	struct diolate_direct_write *write;
	struct diolate_invalidation *inv;

	if (diolate_probes_follow(DIOLATE_AT_INVALIDATE))
		return diolate_probes_innermost(DIOLATE_AT_INVALIDATE, invalidates, file);
	inv = diolate_probes_innermost(DIOLATE_AT_IOMAP_COMPLETE, invalidates, file);
	if (inv)
		return inv;
	complete = diolate_probes_innermost(DIOLATE_AT_DIO_COMPLETE, completes, file);
	if (complete)
		return &complete->inv;
	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes_to, file);
	return write ? &write->inv : NULL;
}
NOKPROBE_SYMBOL(invalidation);

/* Whether this write was reported before; remembers that it is now. */
static bool reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write;
	bool before;

	write = diolate_probes_innermost(DIOLATE_AT_DIRECT_WRITE, writes, iocb);
	if (!write)
		return false;
	before = write->reported;
	write->reported = true;
	return before;
}
NOKPROBE_SYMBOL(reported);

static bool submits(void *data, void *iocb)
{
	const struct diolate_uring_write *write = data;

	/* A request begins with its kiocb (struct io_rw, io_uring/rw.c, 5.10 to 7.3). */
	return (void *)write->req == iocb;
}
NOKPROBE_SYMBOL(submits);

/* The call of io_write() that submits this write now and will find it finished, if there is one. */
static struct diolate_uring_write *uring_write(const struct kiocb *iocb,
					       enum diolate_consumer consumer,
					       enum diolate_mark mark)
{
	if (consumer != DIOLATE_IO_URING || mark != DIOLATE_UNMARKED)
		return NULL;
	return diolate_probes_innermost(DIOLATE_AT_URING_WRITE, submits, (void *)iocb);
}
NOKPROBE_SYMBOL(uring_write);

/*
 * A libaio write is submitted by a task of user space, never by a worker, so in a worker this is
 * its asynchronous completion, and too late for a callback that was not put in place on entry: the
 * policy was observe then, or the probe missed it.
 */
static bool libaio_waits(enum diolate_consumer consumer)
{
	return consumer == DIOLATE_LIBAIO && in_task() && !(current->flags & PF_WQ_WORKER);
}
NOKPROBE_SYMBOL(libaio_waits);

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
	if (late->way == DIOLATE_WAY_WATCHED)
		late->unrepaired = diolate_repair_begin(inv, iocb, late->proven);
	else
		late->unrepaired = DIOLATE_NOT_ASYNC;
	return !late->unrepaired;
}
NOKPROBE_SYMBOL(is_to_be_repaired);

/* A late error is seen; under policy repair twice, by the probe and by who holds it back. */
static void late(struct diolate_invalidation *inv)
{
	struct diolate_uring_write *uring;
	enum diolate_outcome outcome;
	struct diolate_late late;
	const void *marked = NULL;
	enum diolate_mark mark;
	struct kiocb *iocb;

	if (inv->seen)
		return;
	inv->seen = true;
	iocb = told(inv);
	late.consumer = diolate_consumer_of(READ_ONCE(iocb->ki_complete), &mark);
	uring = uring_write(iocb, late.consumer, mark);
	late.policy = READ_ONCE(diolate_policy);
	late.repeat = reported(inv->iocb) || mark == DIOLATE_LATE || mark == DIOLATE_IN_REPAIR ||
		      (uring && uring->late);
	late.proven = diolate_only_a_writer_is_in_the_way(inv->iocb, inv->length);
	if (mark != DIOLATE_UNMARKED)
		late.way = DIOLATE_WAY_WATCHED;
	else if (uring || libaio_waits(late.consumer))
		late.way = DIOLATE_WAY_WAITED_FOR;
	else
		late.way = DIOLATE_WAY_MISSED;
	late.repair = is_to_be_repaired(&late, inv, iocb);

	outcome = diolate_decide(&late);
	if (outcome == DIOLATE_PENDING && uring) {
		marked = diolate_mark_uring(uring);
	} else if (outcome == DIOLATE_PENDING) {
		diolate_mark_late(iocb, late.repair);
		marked = iocb;
	}
	diolate_account_late(outcome);
	if (outcome == DIOLATE_REPEAT)
		return;
	diolate_log_late(inv, iocb, &late, outcome, marked);
}
NOKPROBE_SYMBOL(late);

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
int diolate_late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = invalidation((void *)regs_get_kernel_argument(regs, 0));

	if (inv)
		late(inv);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(diolate_late_error);

/**
 * diolate_late_error_is_held_back() - whether the kernel is not to record a late error itself
 * @filp: argument of dio_warn_stale_pagecache(), which is being called
 *
 * Context: any, also inside an ftrace callback, before or after the probe of that function.
 */
bool diolate_late_error_is_held_back(struct file *filp)
{
	struct diolate_invalidation *inv;
	bool held_back = false;

	preempt_disable_notrace();
	inv = invalidation(filp);
	if (inv) {
		late(inv);
		held_back = diolate_repair_hold_back(told(inv));
	}
	preempt_enable_notrace();
	return held_back;
}
NOKPROBE_SYMBOL(diolate_late_error_is_held_back);

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
		late(&write->inv);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(diolate_inlined_late_error);
