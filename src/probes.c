// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe sites, one row each, in the order in which they are armed: what a late error needs is
 * there before the first one can be seen. Disarmed in the opposite order, with a wait between those
 * that mark writes and those that settle them.
 *
 * Handlers run with preemption off, some in interrupts. They look and mark; they never sleep,
 * allocate, print, wait for a lock or resolve a name.
 */
#include <linux/kprobes.h>
#include <linux/seq_file.h>

#include "diolate.h"

/**
 * struct site - a probe site
 * @calls:    the probe: a kretprobe if it has an entry handler, else the plain kprobe in it
 * @purpose:  what it is for, for the administrator
 * @required: without it the main job cannot be done
 * @stand_in: of no use where kiocb_invalidate_post_direct_write() is
 * @distance: completion works only: see diolate_scope_of_work()
 * @missed:   hits it did not see when it was armed before
 * @err:      how arming ended
 * @armed:    whether it is to be disarmed
 */
struct site {
	struct diolate_calls calls;
	const char *purpose;
	bool required;
	bool stand_in;
	unsigned int distance;
	unsigned long missed;
	int err;
	bool armed;
};

/* What @err is when a site is of no use on this kernel, or under this policy. */
#define NOT_NEEDED 1

static int invalidate_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int iomap_complete_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int dio_complete_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int direct_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int uring_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int uring_write_return(struct kretprobe_instance *ri, struct pt_regs *regs);
static int completion_work(struct kprobe *p, struct pt_regs *regs);
static int late_error(struct kprobe *p, struct pt_regs *regs);
static int submission_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int submission(struct kprobe *p, struct pt_regs *regs);
static int flushed(struct kprobe *p, struct pt_regs *regs);
static int inlined_late_error(struct kprobe *p, struct pt_regs *regs);

enum {
	INVALIDATE, IOMAP_COMPLETE, DIO_COMPLETE, DIRECT_WRITE, URING_WRITE,
	IOMAP_WORK, DIO_WORK, LATE_ERROR, INLINED_LATE_ERROR,
	IOMAP_SUBMIT, OTHER_IOMAP_SUBMIT, FLUSHED, DIO_SUBMIT,
	SITES
};

/* From here on, sites that mark writes; and those that are armed under policy repair alone. */
#define FIRST_MARKING IOMAP_WORK
#define FIRST_REPAIR IOMAP_SUBMIT

static struct site sites[SITES] = {
	[INVALIDATE] = {
		.calls.rp.kp.symbol_name = "kiocb_invalidate_post_direct_write",
		.calls.rp.entry_handler = invalidate_entry,
		.calls.rp.data_size = sizeof(struct diolate_invalidation),
		.purpose = "which write the cache is invalidated for",
	},
	[IOMAP_COMPLETE] = {
		.calls.rp.kp.symbol_name = "iomap_dio_complete",
		.calls.rp.entry_handler = iomap_complete_entry,
		.calls.rp.data_size = sizeof(struct diolate_invalidation),
		.purpose = "which write the cache is invalidated for, iomap file systems",
		.required = true,
		.stand_in = true,
	},
	[DIO_COMPLETE] = {
		.calls.rp.kp.symbol_name = "dio_complete",
		.calls.rp.entry_handler = dio_complete_entry,
		.calls.rp.data_size = sizeof(struct diolate_dio_complete),
		.purpose = "which write the cache is invalidated for, fs/direct-io.c file systems",
		.stand_in = true,
	},
	[DIRECT_WRITE] = {
		.calls.rp.kp.symbol_name = "generic_file_direct_write",
		.calls.rp.entry_handler = direct_write_entry,
		.calls.rp.data_size = sizeof(struct diolate_direct_write),
		.purpose = "a write that is invalidated twice is counted once",
		.required = true,
	},
	[URING_WRITE] = {
		.calls.rp.kp.symbol_name = "io_write",
		.calls.rp.entry_handler = uring_write_entry,
		.calls.rp.handler = uring_write_return,
		.calls.rp.data_size = sizeof(struct diolate_uring_write),
		.purpose = "delivery to io_uring writes that finish while they are submitted",
	},
	[IOMAP_WORK] = {
		.calls.rp.kp.symbol_name = "iomap_dio_complete_work",
		.calls.rp.kp.pre_handler = completion_work,
		.purpose = "delivery to asynchronous writes of iomap file systems (ext4, xfs)",
		.required = true,
	},
	[DIO_WORK] = {
		.calls.rp.kp.symbol_name = "dio_aio_complete_work",
		.calls.rp.kp.pre_handler = completion_work,
		.purpose = "delivery to asynchronous writes of fs/direct-io.c file systems (vfat)",
	},
	[LATE_ERROR] = {
		.calls.rp.kp.symbol_name = DIOLATE_LATE_ERROR_SYMBOL,
		.calls.rp.kp.pre_handler = late_error,
		.purpose = "the late error itself",
		.required = true,
	},
	[INLINED_LATE_ERROR] = {
		.calls.rp.kp.symbol_name = "errseq_set",
		.calls.rp.kp.pre_handler = inlined_late_error,
		.purpose = "the late error of a write that was waited for, inlined",
		.stand_in = true,
	},
	[IOMAP_SUBMIT] = {
		.calls.rp.kp.symbol_name = "iomap_dio_rw",
		.calls.rp.entry_handler = submission_entry,
		.calls.rp.data_size = sizeof(struct kiocb *),
		.purpose = "repair on iomap file systems (ext4, xfs)",
		.err = NOT_NEEDED,
	},
	[OTHER_IOMAP_SUBMIT] = {
		.calls.rp.kp.symbol_name = "__iomap_dio_rw",
		.calls.rp.entry_handler = submission_entry,
		.calls.rp.data_size = sizeof(struct kiocb *),
		.purpose = "repair on other iomap file systems (f2fs)",
		.err = NOT_NEEDED,
	},
	[FLUSHED] = {
		.calls.rp.kp.symbol_name = "invalidate_inode_pages2_range",
		.calls.rp.kp.pre_handler = flushed,
		.purpose = "repair of what was dirty before the write began",
		.err = NOT_NEEDED,
	},
	[DIO_SUBMIT] = {
		.calls.rp.kp.symbol_name = "__blockdev_direct_IO",
		.calls.rp.kp.pre_handler = submission,
		.purpose = "repair on fs/direct-io.c file systems (vfat)",
		.err = NOT_NEEDED,
	},
};

/* generic_file_direct_write(), where its calls of errseq_set() come from; written once at load. */
static unsigned long direct_write_start, direct_write_size;

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: the instance is always taken, as pages may come after it was entered with none.
 */
static int invalidate_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = (void *)ri->data;

	inv->iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	inv->length = regs_get_kernel_argument(regs, 1);
	inv->seen = false;
	return 0;
}
NOKPROBE_SYMBOL(invalidate_entry);

/*
 * ssize_t iomap_dio_complete(struct iomap_dio *dio), fs/iomap/direct-io.c, 5.4 to 7.3: where there
 * is no function of its own for it, this invalidates.
 */
static int iomap_complete_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return !diolate_scope_of_iomap_dio((void *)ri->data,
					   (void *)regs_get_kernel_argument(regs, 0));
}
NOKPROBE_SYMBOL(iomap_complete_entry);

/* ssize_t dio_complete(struct dio *dio, ...), fs/direct-io.c, 5.4 to 7.3: so does this. */
static int dio_complete_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_dio_complete *complete = (void *)ri->data;

	complete->dio = (void *)regs_get_kernel_argument(regs, 0);
	complete->inv.seen = false;
	return 0;
}
NOKPROBE_SYMBOL(dio_complete_entry);

/*
 * ssize_t generic_file_direct_write(struct kiocb *iocb, struct iov_iter *from), mm/filemap.c, 5.10
 * to 7.3: after a write on a fs/direct-io.c file system was waited for and dio_complete() has
 * invalidated, this invalidates once more.
 */
static int direct_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_direct_write *write = (void *)ri->data;

	write->inv.iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	write->inv.length = iov_iter_count((void *)regs_get_kernel_argument(regs, 1));
	write->inv.seen = false;
	write->reported = false;
	return 0;
}
NOKPROBE_SYMBOL(direct_write_entry);

/*
 * int io_write(struct io_kiocb *req, unsigned int issue_flags), io_uring/rw.c, 6.1 to 7.3, and
 * io_uring/io_uring.c, 5.10.262: what io_uring calls to submit a write.
 */
static int uring_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return !diolate_uring_enter((void *)ri->data, (void *)regs_get_kernel_argument(regs, 0));
}
NOKPROBE_SYMBOL(uring_write_entry);

static int uring_write_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	diolate_uring_returns((void *)ri->data, (int)regs_return_value(regs));
	return 0;
}
NOKPROBE_SYMBOL(uring_write_return);

/*
 * void iomap_dio_complete_work(struct work_struct *work), fs/iomap/direct-io.c, and
 * void dio_aio_complete_work(struct work_struct *work), fs/direct-io.c, both 5.10 to 7.3. Every
 * write is watched, not only one whose mapping has pages: end_io may sleep, and pages come
 * meanwhile.
 */
static int completion_work(struct kprobe *p, struct pt_regs *regs)
{
	struct site *site = container_of(p, struct site, calls.rp.kp);
	struct kiocb *iocb;

	if (READ_ONCE(diolate_policy) == DIOLATE_OBSERVE)
		return 0;
	iocb = diolate_scope_of_work((void *)regs_get_kernel_argument(regs, 0), &site->distance);
	if (iocb)
		diolate_watch(iocb);
	return 0;
}
NOKPROBE_SYMBOL(completion_work);

/* The innermost call of a site's function that matches; none of one that is not followed. */
static void *innermost(int site, bool (*match)(void *data, void *arg), void *arg)
{
	return sites[site].armed ? diolate_calls_innermost(&sites[site].calls, match, arg) : NULL;
}
NOKPROBE_SYMBOL(innermost);

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

	if (sites[INVALIDATE].armed)
		return innermost(INVALIDATE, invalidates, file);
	inv = innermost(IOMAP_COMPLETE, invalidates, file);
	if (inv)
		return inv;
	complete = innermost(DIO_COMPLETE, completes, file);
	if (complete)
		return &complete->inv;
	write = innermost(DIRECT_WRITE, writes_to, file);
	return write ? &write->inv : NULL;
}
NOKPROBE_SYMBOL(invalidation);

/* Whether this write was reported before; remembers that it is now. */
static bool reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write;
	bool before;

	write = innermost(DIRECT_WRITE, writes, iocb);
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
	return innermost(URING_WRITE, submits, (void *)iocb);
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
static int late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = invalidation((void *)regs_get_kernel_argument(regs, 0));

	if (inv)
		late(inv);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(late_error);

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

/*
 * ssize_t iomap_dio_rw(struct kiocb *iocb, ...) and struct iomap_dio *__iomap_dio_rw(struct kiocb
 * *iocb, ...), fs/iomap/direct-io.c, 5.10 to 7.3. Where the second is inlined in the first, it is
 * called from elsewhere.
 */
static int submission_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct kiocb *iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);

	/* No instance for what has no completion to repair. */
	if (!(iocb->ki_flags & IOCB_WRITE) || !READ_ONCE(iocb->ki_complete))
		return 1;
	*(struct kiocb **)ri->data = iocb;
	diolate_note_submission(iocb);
	return 0;
}
NOKPROBE_SYMBOL(submission_entry);

static bool submits_to(void *data, void *mapping)
{
	const struct kiocb *iocb = *(struct kiocb **)data;

	return iocb && iocb->ki_filp->f_mapping == mapping;
}
NOKPROBE_SYMBOL(submits_to);

static struct kiocb **submitting(void *mapping)
{
	return innermost(OTHER_IOMAP_SUBMIT, submits_to, mapping) ?:
	       innermost(IOMAP_SUBMIT, submits_to, mapping);
}
NOKPROBE_SYMBOL(submitting);

/*
 * int invalidate_inode_pages2_range(struct address_space *mapping, ...), mm/truncate.c, 5.10 to
 * 7.3: before __iomap_dio_rw() submits anything it writes back what is dirty of the range, and then
 * invalidates it. So the write begins anew, once: what was written back by then is under it.
 */
static int flushed(struct kprobe *p, struct pt_regs *regs)
{
	struct address_space *mapping = (void *)regs_get_kernel_argument(regs, 0);
	struct kiocb **iocb;

	/* Nothing that was cached, so nothing that was written back. */
	if (!READ_ONCE(mapping->nrpages))
		return 0;
	while ((iocb = submitting(mapping))) {
		diolate_note_submission(*iocb);
		*iocb = NULL;
	}
	return 0;
}
NOKPROBE_SYMBOL(flushed);

/*
 * ssize_t __blockdev_direct_IO(struct kiocb *iocb, ...), fs/direct-io.c, 5.10 to 7.3. Its caller,
 * generic_file_direct_write(), has written back before.
 */
static int submission(struct kprobe *p, struct pt_regs *regs)
{
	diolate_note_submission((void *)regs_get_kernel_argument(regs, 0));
	return 0;
}
NOKPROBE_SYMBOL(submission);

/*
 * errseq_t errseq_set(errseq_t *eseq, int err), lib/errseq.c: before 6.5 the compiler may inline
 * dio_warn_stale_pagecache() in generic_file_direct_write(), which then calls this itself, and does
 * so for nothing else (disassembled, 5.10). If it does not inline, the caller is the function that
 * is probed above. A kretprobe that somebody has set on errseq_set() later hides the caller.
 */
static int inlined_late_error(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_direct_write *write;

	if (diolate_caller(regs) - direct_write_start >= direct_write_size)
		return 0;
	write = innermost(DIRECT_WRITE, writes_with_errors_in,
			  (void *)regs_get_kernel_argument(regs, 0));
	if (write)
		late(&write->inv);
	else
		diolate_account_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(inlined_late_error);

static bool is_kretprobe(const struct site *site)
{
	return site->calls.rp.entry_handler;
}

static const char *symbol(const struct site *site)
{
	return site->calls.rp.kp.symbol_name;
}

static const char *trouble(const struct site *site)
{
	return site->err == -ENOENT ? "is absent" : "cannot be probed";
}

static int arm(struct site *site)
{
	int err = 0;

	if (site->stand_in && sites[INVALIDATE].armed)
		return NOT_NEEDED;
	if (site == &sites[INLINED_LATE_ERROR])
		err = diolate_symbol_address(symbol(&sites[DIRECT_WRITE]), &direct_write_start,
					     &direct_write_size);
	if (err)
		return err;
	/* What registering it leaves there, which it does not take a second time. */
	site->calls.rp.kp.addr = NULL;
	site->calls.rp.kp.flags = 0;
	if (!is_kretprobe(site))
		return register_kprobe(&site->calls.rp.kp);
	site->calls.rp.maxactive = diolate_maxactive;
	return diolate_calls_arm(&site->calls);
}

/**
 * diolate_probes_arm() - arm every probe site
 *
 * Context: process, may sleep.
 * Return: 0; or, with one sentence in the kernel log, the error of the first required site that
 *         could not be armed: the caller disarms those before it. An optional one costs its path.
 */
int diolate_probes_arm(void)
{
	size_t i;

	for (i = 0; i < FIRST_REPAIR; i++) {
		struct site *site = &sites[i];

		site->err = arm(site);
		site->armed = !site->err;
		if (site->armed || site->err == NOT_NEEDED)
			continue;
		if (site->required) {
			pr_err("not loaded: %s %s on this kernel (error %d), which is needed for: %s\n",
			       symbol(site), trouble(site), site->err, site->purpose);
			return diolate_symbol_errno(site->err);
		}
		if (i == INVALIDATE) {
			/* It has stand-ins, the first of which is required. */
			if (site->err != -ENOENT)
				pr_notice("%s %s on this kernel (error %d); others stand in for it\n",
					  symbol(site), trouble(site), site->err);
			continue;
		}
		pr_notice("%s %s on this kernel (error %d), which costs: %s\n",
			  symbol(site), trouble(site), site->err, site->purpose);
	}
	return 0;
}

/* Hits a site did not see: no free instance, or another kprobe was running on that CPU. */
static unsigned long missed(const struct site *site)
{
	return site->missed + READ_ONCE(site->calls.rp.kp.nmissed) +
	       READ_ONCE(site->calls.rp.nmissed);
}
NOKPROBE_SYMBOL(missed);

/* When it returns no handler of these sites runs or will: unregistering waits for those that do. */
static void disarm(size_t first, size_t behind)
{
	while (behind-- > first) {
		struct site *site = &sites[behind];

		if (!site->armed)
			continue;
		if (is_kretprobe(site))
			diolate_calls_disarm(&site->calls);
		else
			unregister_kprobe(&site->calls.rp.kp);
		site->armed = false;
		site->missed = missed(site);
		site->calls.rp.kp.nmissed = 0;
		site->calls.rp.nmissed = 0;
	}
}

/**
 * diolate_probes_stop() - disarm the sites that mark writes, the late error first
 *
 * Context: process, sleeps.
 */
void diolate_probes_stop(void)
{
	disarm(FIRST_MARKING, FIRST_REPAIR);
}

/**
 * diolate_probes_disarm() - disarm the rest
 *
 * Context: process, sleeps; after diolate_probes_stop(), and when no mark is left to settle.
 */
void diolate_probes_disarm(void)
{
	disarm(0, FIRST_MARKING);
}

/**
 * diolate_probes_arm_repair() - arm the sites that policy repair needs
 *
 * Each of them costs its path only: what it would have noted is not repaired.
 *
 * Context: process, may sleep.
 */
void diolate_probes_arm_repair(void)
{
	size_t i;

	for (i = FIRST_REPAIR; i < SITES; i++) {
		struct site *site = &sites[i];

		site->err = arm(site);
		site->armed = !site->err;
		if (site->err)
			pr_notice("%s %s on this kernel (error %d), which costs: %s\n",
				  symbol(site), trouble(site), site->err, site->purpose);
	}
}

/**
 * diolate_probes_disarm_repair() - disarm them
 *
 * Context: process, sleeps; nothing is being repaired.
 */
void diolate_probes_disarm_repair(void)
{
	size_t i;

	disarm(FIRST_REPAIR, SITES);
	for (i = FIRST_REPAIR; i < SITES; i++)
		sites[i].err = NOT_NEEDED;
}

/**
 * diolate_probes_missed() - hits that all sites together did not see, since load
 *
 * Context: any.
 */
unsigned long diolate_probes_missed(void)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++)
		sum += missed(&sites[i]);
	return sum;
}

static const char *state(const struct site *site, bool off)
{
	if (site->err)
		return site->err == -ENOENT ? "absent" : "refused";
	return off ? "disarmed" : "armed";
}

/**
 * diolate_probes_show() - print the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each site
 *
 * Context: process, may sleep.
 */
void diolate_probes_show(struct seq_file *m)
{
	bool off = diolate_selftest_off();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *site = &sites[i];

		if (site->err == NOT_NEEDED)
			continue;
		seq_printf(m, "%s %s %lu %s\n", symbol(site),
			   state(site, off), missed(site), site->purpose);
	}
	diolate_ftrace_show(m);
}
