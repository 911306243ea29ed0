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
 * @rp:       the probe: a kretprobe if it has an entry handler, else a plain kprobe in @rp.kp
 * @purpose:  what it is for, for the administrator
 * @required: without it the main job cannot be done
 * @distance: completion works only: see diolate_scope_of_work()
 * @err:      how arming ended
 * @armed:    whether it is to be disarmed
 */
struct site {
	struct kretprobe rp;
	const char *purpose;
	bool required;
	unsigned int distance;
	int err;
	bool armed;
};

static int invalidate_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int direct_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int uring_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
static int uring_write_return(struct kretprobe_instance *ri, struct pt_regs *regs);
static int completion_work(struct kprobe *p, struct pt_regs *regs);
static int late_error(struct kprobe *p, struct pt_regs *regs);

enum { INVALIDATE, DIRECT_WRITE, URING_WRITE, IOMAP_WORK, DIO_WORK, LATE_ERROR, SITES };

/* From here on, sites that mark writes. */
#define FIRST_MARKING IOMAP_WORK

static struct site sites[SITES] = {
	[INVALIDATE] = {
		.rp.kp.symbol_name = "kiocb_invalidate_post_direct_write",
		.rp.entry_handler = invalidate_entry,
		.rp.data_size = sizeof(struct diolate_invalidation),
		.purpose = "which write the cache is invalidated for",
		.required = true,
	},
	[DIRECT_WRITE] = {
		.rp.kp.symbol_name = "generic_file_direct_write",
		.rp.entry_handler = direct_write_entry,
		.rp.data_size = sizeof(struct diolate_direct_write),
		.purpose = "a write that is invalidated twice is counted once",
		.required = true,
	},
	[URING_WRITE] = {
		.rp.kp.symbol_name = "io_write",
		.rp.entry_handler = uring_write_entry,
		.rp.handler = uring_write_return,
		.rp.data_size = sizeof(struct diolate_uring_write),
		.purpose = "delivery to io_uring writes that finish while they are submitted",
	},
	[IOMAP_WORK] = {
		.rp.kp.symbol_name = "iomap_dio_complete_work",
		.rp.kp.pre_handler = completion_work,
		.purpose = "delivery to asynchronous writes of iomap file systems (ext4, xfs)",
		.required = true,
	},
	[DIO_WORK] = {
		.rp.kp.symbol_name = "dio_aio_complete_work",
		.rp.kp.pre_handler = completion_work,
		.purpose = "delivery to asynchronous writes of fs/direct-io.c file systems (vfat)",
	},
	[LATE_ERROR] = {
		.rp.kp.symbol_name = "dio_warn_stale_pagecache",
		.rp.kp.pre_handler = late_error,
		.purpose = "the late error itself",
		.required = true,
	},
};

/*
 * void kiocb_invalidate_post_direct_write(struct kiocb *iocb, size_t count), mm/filemap.c, 6.1 to
 * 7.3: the instance is always taken, as pages may come after it was entered with none.
 */
static int invalidate_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_invalidation *inv = (void *)ri->data;

	inv->iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	inv->length = regs_get_kernel_argument(regs, 1);
	return 0;
}
NOKPROBE_SYMBOL(invalidate_entry);

/*
 * ssize_t generic_file_direct_write(struct kiocb *iocb, struct iov_iter *from), mm/filemap.c, 6.1
 * to 7.3: after a write on a fs/direct-io.c file system was waited for and dio_complete() has
 * invalidated, this invalidates once more.
 */
static int direct_write_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_direct_write *write = (void *)ri->data;

	write->iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);
	write->reported = false;
	return 0;
}
NOKPROBE_SYMBOL(direct_write_entry);

/*
 * int io_write(struct io_kiocb *req, unsigned int issue_flags), io_uring/rw.c, 6.1 to 7.3: what
 * io_uring calls to submit a write.
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
 * void dio_aio_complete_work(struct work_struct *work), fs/direct-io.c, both 6.1 to 7.3. Every
 * write is watched, not only one whose mapping has pages: end_io may sleep, and pages come
 * meanwhile.
 */
static int completion_work(struct kprobe *p, struct pt_regs *regs)
{
	struct site *site = container_of(p, struct site, rp.kp);
	struct kiocb *iocb;

	if (READ_ONCE(diolate_policy) == DIOLATE_OBSERVE)
		return 0;
	iocb = diolate_scope_of_work((void *)regs_get_kernel_argument(regs, 0), &site->distance);
	if (iocb)
		diolate_watch(iocb);
	return 0;
}
NOKPROBE_SYMBOL(completion_work);

static bool invalidates(void *data, void *file)
{
	const struct diolate_invalidation *inv = data;

	return inv->iocb->ki_filp == file;
}
NOKPROBE_SYMBOL(invalidates);

static bool writes(void *data, void *iocb)
{
	const struct diolate_direct_write *write = data;

	return write->iocb == iocb;
}
NOKPROBE_SYMBOL(writes);

/* Whether this write was reported before; remembers that it is now. */
static bool reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write;
	bool before;

	write = diolate_scope_innermost(&sites[DIRECT_WRITE].rp, writes, iocb);
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

	/* A request begins with its kiocb (struct io_rw, io_uring/rw.c, 6.1 to 7.3). */
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
	return diolate_scope_innermost(&sites[URING_WRITE].rp, submits, (void *)iocb);
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

/*
 * void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 6.1 to 7.3; called from
 * kiocb_invalidate_post_direct_write() alone, so the innermost call of that is the one.
 */
static int late_error(struct kprobe *p, struct pt_regs *regs)
{
	void *file = (void *)regs_get_kernel_argument(regs, 0);
	struct diolate_invalidation *inv;
	struct diolate_uring_write *uring;
	enum diolate_outcome outcome;
	struct diolate_late late;
	const void *marked = NULL;
	enum diolate_mark mark;
	struct kiocb *iocb;

	inv = diolate_scope_innermost(&sites[INVALIDATE].rp, invalidates, file);
	if (!inv) {
		diolate_account_unattributed();
		return 0;
	}
	iocb = diolate_scope_submitter(inv->iocb) ?: inv->iocb;
	late.consumer = diolate_consumer_of(READ_ONCE(iocb->ki_complete), &mark);
	uring = uring_write(iocb, late.consumer, mark);
	late.policy = READ_ONCE(diolate_policy);
	late.repeat = reported(inv->iocb) || mark == DIOLATE_LATE || (uring && uring->late);
	if (!diolate_only_a_writer_is_in_the_way(inv->iocb, inv->length))
		late.way = DIOLATE_WAY_UNPROVEN;
	else if (mark != DIOLATE_UNMARKED)
		late.way = DIOLATE_WAY_WATCHED;
	else if (uring || libaio_waits(late.consumer))
		late.way = DIOLATE_WAY_WAITED_FOR;
	else
		late.way = DIOLATE_WAY_MISSED;

	outcome = diolate_decide(&late);
	if (outcome == DIOLATE_PENDING && uring)
		diolate_mark_uring(uring);
	else if (outcome == DIOLATE_PENDING)
		diolate_mark_late(iocb);
	diolate_account_late(outcome);
	if (outcome == DIOLATE_REPEAT)
		return 0;
	if (outcome == DIOLATE_PENDING)
		marked = uring ?: (void *)iocb;
	diolate_log_late(inv, iocb, &late, outcome, marked);
	return 0;
}
NOKPROBE_SYMBOL(late_error);

static bool is_kretprobe(const struct site *site)
{
	return site->rp.entry_handler;
}

static const char *trouble(const struct site *site)
{
	return site->err == -ENOENT ? "is absent" : "cannot be probed";
}

static int arm(struct site *site)
{
	if (!is_kretprobe(site))
		return register_kprobe(&site->rp.kp);
	site->rp.maxactive = diolate_maxactive;
	return register_kretprobe(&site->rp);
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

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		struct site *site = &sites[i];

		site->err = arm(site);
		site->armed = !site->err;
		if (site->armed)
			continue;
		if (site->required) {
			pr_err("not loaded: %s %s on this kernel (error %d), which is needed for: %s\n",
			       site->rp.kp.symbol_name, trouble(site), site->err, site->purpose);
			return diolate_symbol_errno(site->err);
		}
		pr_notice("%s %s on this kernel (error %d), which costs: %s\n",
			  site->rp.kp.symbol_name, trouble(site), site->err, site->purpose);
	}
	return 0;
}

/* When it returns no handler of these sites runs or will: unregistering waits for those that do. */
static void disarm(size_t first, size_t behind)
{
	while (behind-- > first) {
		struct site *site = &sites[behind];

		if (!site->armed)
			continue;
		if (is_kretprobe(site))
			unregister_kretprobe(&site->rp);
		else
			unregister_kprobe(&site->rp.kp);
		site->armed = false;
	}
}

/**
 * diolate_probes_stop() - disarm the sites that mark writes, the late error first
 *
 * Context: process, sleeps.
 */
void diolate_probes_stop(void)
{
	disarm(FIRST_MARKING, SITES);
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

/* Hits a site did not see: no free instance, or another kprobe was running on that CPU. */
static unsigned long missed(const struct site *site)
{
	return READ_ONCE(site->rp.kp.nmissed) + READ_ONCE(site->rp.nmissed);
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

		seq_printf(m, "%s %s %lu %s\n", site->rp.kp.symbol_name,
			   state(site, off), missed(site), site->purpose);
	}
}
