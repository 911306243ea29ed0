// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folio becomes dirty: while direct I/O to its file is in flight it is noted who did that. A file
 * without costs the look whether there is any.
 *
 * A folio that is tagged as dirty already was only taken up to be written back, and is put down
 * again (folio_redirty_for_writepage()). Who writes back is not who made it dirty.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/xarray.h>

#include "entry/dirties.h"
#include "flight/dirtied.h"
#include "kernel/compat/context.h"
#include "kernel/compat/dirty.h"

static_assert(DIOLATE_COMM == TASK_COMM_LEN);

/* By what the current task makes a folio of a file dirty. */
static enum diolate_by dirties_by(const struct inode *inode)
{
	bool locked = diolate_inode_is_locked_by_me(inode);

	if (!diolate_in_task())
		return DIOLATE_BY_NOBODY;
	if (current->flags & PF_KTHREAD)
		return locked ? DIOLATE_BY_KERNEL : DIOLATE_BY_NOBODY;
	/* The threads that io_uring makes seem to be in a call of who made them, on x86. */
	if (current->flags & DIOLATE_OF_KERNEL)
		return locked ? DIOLATE_BY_WRITE : DIOLATE_BY_NOBODY;
	/* A direct read may lock the file, too. */
	if (diolate_is_in_read())
		return DIOLATE_BY_GUP;
	if (locked)
		return DIOLATE_BY_WRITE;
	/* A task that ends is in no call. */
	if (current->flags & PF_EXITING)
		return DIOLATE_BY_NOBODY;
	if (diolate_is_in_fault())
		return DIOLATE_BY_MMAP;
	return diolate_is_in_submission() ? DIOLATE_BY_GUP : DIOLATE_BY_NOBODY;
}
NOKPROBE_SYMBOL(dirties_by);

static noinline void dirties_slow(struct folio *folio, struct address_space *mapping, bool direct)
{
	pgoff_t first = folio_pos(folio) >> PAGE_SHIFT;
	struct diolate_dirtier who = {};

	/* The folios of a block device are its file system's, too. */
	if (!S_ISREG(mapping->host->i_mode))
		return;
	preempt_disable_notrace();
	if (direct)
		diolate_dirtied_watch(mapping);
	if (!xa_get_mark(&mapping->i_pages, first, PAGECACHE_TAG_DIRTY))
		who.by = dirties_by(mapping->host);
	if (who.by != DIOLATE_BY_NOBODY) {
		who.pid = current->tgid;
		strscpy(who.comm, current->group_leader->comm, sizeof(who.comm));
	}
	diolate_dirtied_note(mapping, first, first + (folio_size(folio) >> PAGE_SHIFT) - 1,
			     xa_get_mark(&mapping->i_pages, first, PAGECACHE_TAG_WRITEBACK), &who);
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(dirties_slow);

/* The lock of the page cache is held. */
static void dirties_folio(void *data, struct folio *folio, struct address_space *mapping)
{
	const struct inode *inode = mapping ? mapping->host : NULL;
	bool direct;

	if (!inode)
		return;
	direct = atomic_read(&inode->i_dio_count);
	if (unlikely(direct) ||
	    unlikely(diolate_dirtied_is_live() && diolate_dirtied_is_watched(mapping)))
		dirties_slow(folio, mapping, direct);
}
NOKPROBE_SYMBOL(dirties_folio);

static struct tracepoint *tracepoint;
static bool followed;

static void dirties_look_for(struct tracepoint *candidate, void *unused)
{
	if (!strcmp(candidate->name, DIOLATE_DIRTY_FOLIO))
		tracepoint = candidate;
}

/**
 * diolate_dirties_follow() - note who makes a folio dirty from now on
 *
 * Without it all else works, and nobody is named.
 *
 * Context: process, may sleep.
 * Return: 0.
 */
int diolate_dirties_follow(void)
{
	int err = -ENOENT;

	diolate_dirtied_init();
	for_each_kernel_tracepoint(dirties_look_for, NULL);
	if (tracepoint)
		err = tracepoint_probe_register(tracepoint, dirties_folio, NULL);
	followed = !err;
	if (err)
		pr_notice("%s cannot be followed on this kernel (error %d), which costs: who made a folio dirty\n",
			  DIOLATE_DIRTY_FOLIO, err);
	return 0;
}

/**
 * diolate_dirties_no_more() - undo diolate_dirties_follow()
 *
 * Context: process, sleeps. When it returns, no handler of this file runs.
 */
void diolate_dirties_no_more(void)
{
	if (!followed)
		return;
	tracepoint_probe_unregister(tracepoint, dirties_folio, NULL);
	tracepoint_synchronize_unregister();
	followed = false;
}

/**
 * diolate_dirties_show() - print the tracepoint in the file `sites`
 * @m: the file; a line `symbol state missed purpose`
 *
 * Context: process, may sleep.
 */
void diolate_dirties_show(struct seq_file *m)
{
	seq_printf(m, "%s %s 0 who made a folio dirty\n", DIOLATE_DIRTY_FOLIO,
		   followed ? "armed" : tracepoint ? "refused" : "absent");
}
