// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe sites, one row each, in the order in which they are armed: what a late error needs is
 * there before the first one can be seen. Disarmed in the opposite order.
 *
 * Handlers run with preemption off, some in interrupts. They look and mark; they never sleep,
 * allocate, print, take a lock or resolve a name.
 */
#include <linux/kallsyms.h>
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
static int completion_work(struct kprobe *p, struct pt_regs *regs);
static int late_error(struct kprobe *p, struct pt_regs *regs);

enum { INVALIDATE, DIRECT_WRITE, IOMAP_WORK, DIO_WORK, LATE_ERROR };

static struct site sites[] = {
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

/*
 * File systems where the folio in the way is certain to have been dirtied: for these, dropping a
 * clean one never fails (6.1 to 7.3: ext4_release_folio() and fat use try_to_free_buffers(), which
 * refuses dirty buffers and those under I/O, whose folio is locked; iomap_release_folio(), of xfs,
 * refuses dirty folios and those under writeback). Elsewhere a mere reader may be in the way: btrfs
 * refuses a clean folio while a reader holds its extent locked (try_release_extent_state(), 6.1).
 */
static const char *const proven[] = { "ext2", "ext3", "ext4", "vfat", "xfs" };

static bool only_a_writer_is_in_the_way(const struct kiocb *iocb)
{
	const char *name = file_inode(iocb->ki_filp)->i_sb->s_type->name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(proven); i++)
		if (!strcmp(name, proven[i]))
			return true;
	return false;
}
NOKPROBE_SYMBOL(only_a_writer_is_in_the_way);

/*
 * How the result of a libaio write can still be reached. It is submitted by a task of user space,
 * never by a worker, so in a worker this is its asynchronous completion, and too late for a
 * callback that was not put in place on entry: the policy was observe then, or the probe missed it.
 */
static enum diolate_way way_to(const struct kiocb *iocb, enum diolate_mark mark)
{
	if (!only_a_writer_is_in_the_way(iocb))
		return DIOLATE_WAY_NONE;
	if (mark != DIOLATE_UNMARKED)
		return DIOLATE_WAY_WATCHED;
	if (in_task() && !(current->flags & PF_WQ_WORKER))
		return DIOLATE_WAY_WAITED_FOR;
	return DIOLATE_WAY_NONE;
}
NOKPROBE_SYMBOL(way_to);

/*
 * void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 6.1 to 7.3; called from
 * kiocb_invalidate_post_direct_write() alone, so the innermost call of that is the one.
 */
static int late_error(struct kprobe *p, struct pt_regs *regs)
{
	void *file = (void *)regs_get_kernel_argument(regs, 0);
	struct diolate_invalidation *inv;
	enum diolate_outcome outcome;
	struct diolate_late late;
	enum diolate_mark mark;

	inv = diolate_scope_innermost(&sites[INVALIDATE].rp, invalidates, file);
	if (!inv) {
		diolate_account_unattributed();
		return 0;
	}
	late.consumer = diolate_consumer_of(READ_ONCE(inv->iocb->ki_complete), &mark);
	late.way = way_to(inv->iocb, mark);
	late.policy = READ_ONCE(diolate_policy);
	late.repeat = reported(inv->iocb) || mark == DIOLATE_LATE;

	outcome = diolate_decide(&late);
	if (outcome == DIOLATE_PENDING)
		diolate_mark_late(inv->iocb);
	diolate_account_late(outcome);
	return 0;
}
NOKPROBE_SYMBOL(late_error);

static bool is_kretprobe(const struct site *site)
{
	return site->rp.entry_handler;
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
 * Return: 0; or, with nothing armed and one sentence in the kernel log, the error of the first
 *         required site that could not be armed. An optional one costs its path only.
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
			pr_err("not loaded: %s cannot be probed on this kernel (error %d), which is needed for: %s\n",
			       site->rp.kp.symbol_name, site->err, site->purpose);
			diolate_probes_disarm();
			return site->err;
		}
		pr_notice("%s cannot be probed on this kernel (error %d), which costs: %s\n",
			  site->rp.kp.symbol_name, site->err, site->purpose);
	}
	return 0;
}

/**
 * diolate_probes_disarm() - disarm every armed probe site, the late error first
 *
 * When it returns no handler of the module runs or will run: unregister_kprobe() and
 * unregister_kretprobe() wait for those that do.
 *
 * Context: process, sleeps.
 */
void diolate_probes_disarm(void)
{
	size_t i = ARRAY_SIZE(sites);

	while (i--) {
		struct site *site = &sites[i];

		if (!site->armed)
			continue;
		if (is_kretprobe(site))
			unregister_kretprobe(&site->rp);
		else
			unregister_kprobe(&site->rp.kp);
		site->armed = false;
	}
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

/**
 * diolate_probes_show() - print the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each site
 *
 * Context: process, may sleep.
 */
void diolate_probes_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *site = &sites[i];

		seq_printf(m, "%s %s %lu %s\n", site->rp.kp.symbol_name,
			   !site->err ? "armed" : site->err == -ENOENT ? "absent" : "refused",
			   missed(site), site->purpose);
	}
}

/**
 * diolate_probe_address() - the address of a function of the kernel
 * @symbol:  its name
 * @address: set to its first instruction, which a pointer to it holds
 *
 * kallsyms is not exported; a kprobe that is registered disarmed tells. Its address is past the
 * ENDBR of the function where there is one (arch_adjust_kprobe_addr(), x86, since 5.18), by the
 * offset that sprint_symbol() prints.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_probe_address(const char *symbol, unsigned long *address)
{
	struct kprobe kp = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };
	char name[KSYM_SYMBOL_LEN];
	unsigned long offset;
	const char *plus;
	int err;

	err = register_kprobe(&kp);
	if (err)
		return err;
	*address = (unsigned long)kp.addr;
	unregister_kprobe(&kp);

	sprint_symbol(name, *address);
	plus = strrchr(name, '+');
	if (!plus || sscanf(plus, "+0x%lx/", &offset) != 1)
		return -EINVAL;
	*address -= offset;
	return 0;
}
