// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting the page cache right, so that no error is needed: what is cached of the written range is
 * dropped, dirty as it is, before the write completes. The direct write is the last writer then; a
 * store through mmap while it was in flight counts as made before it.
 *
 * What must be true, or the write fails as under policy propagate:
 * - The disk holds what was written. Nothing of the range was written back since the write began
 *   (src/judge.c), and nothing will be: a folio is dropped under its lock, without which no
 *   writeback starts.
 * - The page cache holds nothing else. What comes into it afterwards is read from the disk.
 * - Nothing outside the range is lost. A folio that reaches beyond it is dropped only if it is
 *   clean.
 *
 * From the late error to the end of it:
 * - The handler notes the write, which waits for its result (src/waiting.c), and raises
 *   i_dio_count, so that truncate, hole punching and all else that waits for the write itself waits
 *   for this, too (inode_dio_wait()). It is raised already: the kernel lowers it after the
 *   invalidation. What takes a file's blocks away and waits for no write loses them on stock Linux
 *   as well (see src/filesystem.c).
 * - The kernel's own record, in mapping->wb_err and in its log, is held back (src/ftrace.c).
 * - What is called in the place of its consumer's function (src/consumer.c), in the worker that
 *   completes the write, drops what is to be dropped, lowers i_dio_count and, if it did not
 *   succeed, makes that record itself. Nobody can have seen it missing: the write was not complete.
 *
 * It takes no lock but that of a folio, which it tries for until a deadline and never waits for,
 * and what dropping a folio takes below that, as truncation does and the kernel's own invalidation
 * did just before, in the same worker. Whoever waits for i_dio_count may hold the inode's lock;
 * that is not needed here. No memory is allocated and nothing is written, so it makes no difference
 * whether memory is short, the disk full, or the file system frozen, read-only or shut down. It
 * cannot recurse: dropping a folio invalidates nothing for a direct write. (But a write that may
 * have lost nothing is looked at first, see src/spared.c.)
 *
 * The inode is alive: the write holds its file open. Overlayfs may have closed the file below by
 * now, but its own file, which is open, holds the inode of that (ovl_inode_upper(), fs/overlayfs).
 */
#include <linux/fs.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "diolate.h"

/* How many writes are to be put right, or are being. */
static atomic_t in_use;
static DECLARE_WAIT_QUEUE_HEAD(none_in_use);

/**
 * diolate_repair_begin() - note a write whose range is to be put right when it completes
 * @r:      filled in
 * @inv:    its invalidation, which failed
 * @iocb:   the write of user space it is for, whose file system does not wait for it
 * @proven: it may be failed
 *
 * Context: any, also inside a probe handler; the late error is being reported.
 * Return: DIOLATE_NO_REASON if it is; else why it is not.
 */
enum diolate_reason diolate_repair_begin(struct diolate_repair *r,
					 const struct diolate_invalidation *inv,
					 const struct kiocb *iocb, bool proven)
{
	struct inode *inode = file_inode(inv->iocb->ki_filp);

	/* Else its consumer may not sleep. That there is no other case is gcc's inlining. */
	if (!in_task() || !(current->flags & PF_WQ_WORKER))
		return DIOLATE_NOT_ASYNC;
	/* This worker writes back what is dirty, before its consumer: see iocb_is_dsync(). */
	if (((inv->iocb->ki_flags | iocb->ki_flags) & IOCB_DSYNC) || IS_SYNC(inode))
		return DIOLATE_DSYNC;
	if (!diolate_discard_is_proven(inode))
		return DIOLATE_FILESYSTEM;
	if (!inv->length)
		return DIOLATE_NOT_SEEN;
	atomic_inc(&in_use);
	r->inode = inode;
	r->pos = inv->iocb->ki_pos;
	r->length = inv->length;
	r->proven = proven;
	r->held_back = false;
	inode_dio_begin(inode);
	return DIOLATE_NO_REASON;
}
NOKPROBE_SYMBOL(diolate_repair_begin);

static struct address_space *mapping_of(const struct diolate_repair *r)
{
	return r->inode->i_mapping;
}

static pgoff_t first_page(const struct diolate_repair *r)
{
	return r->pos >> PAGE_SHIFT;
}

static pgoff_t last_page(const struct diolate_repair *r)
{
	return (r->pos + r->length - 1) >> PAGE_SHIFT;
}

/*
 * Whether a folio, locked, has nothing that lies outside the range. What a buffered write adds past
 * end of file it copies, and says so in i_size, under the folio's lock (fs/buffer.c,
 * generic_write_end(); fs/ext4/inode.c, ext4_write_end(); fs/iomap/buffered-io.c,
 * iomap_write_end(); 5.10 to 7.3).
 */
static bool is_inside(const struct diolate_repair *r, struct folio *folio)
{
	loff_t start = folio_pos(folio), end = start + folio_size(folio);
	loff_t written = r->pos + r->length;

	return start >= r->pos && (end <= written || i_size_read(r->inode) <= written);
}

static struct diolate_part part_of(const struct diolate_repair *r)
{
	return (struct diolate_part){ .start = r->pos, .end = r->pos + r->length };
}

/* Or may have been. */
static bool is_overtaken(const struct diolate_waiting *w)
{
	struct diolate_part part = part_of(&w->repair);

	return diolate_judge_now(w->iocb, mapping_of(&w->repair), &part) != DIOLATE_IS_NOT;
}

/*
 * Drop a folio, locked. A clean one that reaches beyond the range loses nothing; nor can a store
 * make it dirty meanwhile: where file systems want to know of the first (all proven ones do,
 * ->page_mkwrite()) a clean folio is mapped read-only, and the fault takes its lock.
 */
static enum diolate_reason drop(const struct diolate_repair *r, struct folio *folio)
{
	if (folio->mapping != mapping_of(r))
		return DIOLATE_NO_REASON;
	if (folio_test_writeback(folio))
		return DIOLATE_WRITTEN_BACK;
	if (folio_test_dirty(folio) && !is_inside(r, folio))
		return DIOLATE_PARTIAL;
	/* A device may be writing to it, whose bytes are nobody's before they are all there. */
	if (folio_test_dirty(folio) && folio_maybe_dma_pinned(folio))
		return DIOLATE_BUSY;
	return diolate_drop_folio(mapping_of(r), folio) ? DIOLATE_FILESYSTEM : DIOLATE_NO_REASON;
}

/*
 * Whether the folio of this page, at an end of the range, has what would be lost: found out before
 * anything is dropped, so that if it has all is left as it was.
 */
static bool has_more(const struct diolate_repair *r, pgoff_t index)
{
	struct folio *folio = diolate_get_folio(mapping_of(r), index);
	bool more;

	if (!folio)
		return false;
	more = folio_test_dirty(folio) && !is_inside(r, folio);
	folio_put(folio);
	return more;
}

static enum diolate_reason drop_all(const struct diolate_repair *r, ktime_t deadline)
{
	enum diolate_reason reason = DIOLATE_NO_REASON;
	unsigned long index = first_page(r);
	unsigned long last = last_page(r);
	struct folio *folio;

	if (has_more(r, index) || has_more(r, last))
		return DIOLATE_PARTIAL;
	while (!reason && xa_find(&mapping_of(r)->i_pages, &index, last, XA_PRESENT)) {
		/* Not for what was dropped before, of which the page cache keeps a shadow. */
		folio = diolate_get_folio(mapping_of(r), index);
		if (folio) {
			if (diolate_lock_until(folio, deadline)) {
				reason = drop(r, folio);
				folio_unlock(folio);
			} else {
				reason = DIOLATE_BUSY;
			}
			folio_put(folio);
		}
		if (index++ == last)
			break;
		if (!reason && ktime_after(ktime_get(), deadline))
			reason = DIOLATE_BUSY;
		cond_resched();
	}
	return reason;
}

static enum diolate_reason put_right(const struct diolate_waiting *w)
{
	const struct diolate_repair *r = &w->repair;
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(diolate_repair_ms));
	enum diolate_reason reason;

	if (!r->held_back)
		return DIOLATE_NOT_HELD_BACK;
	if (is_overtaken(w))
		return DIOLATE_WRITTEN_BACK;
	reason = drop_all(r, deadline);
	if (reason)
		return reason;
	/* Writeback is noted before its folio is seen clean, which then nobody had to lock here. */
	smp_rmb();
	return is_overtaken(w) ? DIOLATE_WRITTEN_BACK : DIOLATE_NO_REASON;
}

/**
 * diolate_repair_record() - make the kernel's own record of a late error, in its place
 * @inode: the file
 * @why:   what comes of it, or why nothing did
 *
 * As often as dio_warn_stale_pagecache() says it (mm/filemap.c, 5.10 to 7.3).
 *
 * Context: process.
 */
void diolate_repair_record(struct inode *inode, const char *why)
{
	static DEFINE_RATELIMIT_STATE(limit, 86400 * HZ, DEFAULT_RATELIMIT_BURST);

	errseq_set(&inode->i_mapping->wb_err, -EIO);
	if (__ratelimit(&limit))
		pr_crit("the page cache and the disk disagree after a direct write to inode %llu of %s: %s\n",
			(u64)inode->i_ino, inode->i_sb->s_id, why);
}

/* What is known of it before anything is put right. */
static enum diolate_outcome look(const struct diolate_waiting *w, enum diolate_reason *reason)
{
	const struct diolate_repair *r = &w->repair;
	struct diolate_part part = part_of(r);

	return w->outcome == DIOLATE_PENDING || !r->proven ? DIOLATE_PENDING :
	       diolate_spared(w->iocb, mapping_of(r), &part, reason);
}

/**
 * diolate_repair() - the last word on a late error under policy repair
 * @w:      it, with what diolate_repair_begin() noted
 * @ret:    in: the result the kernel completes it with; out: that its submitter is to get
 * @reason: set to why it was not repaired, DIOLATE_NO_REASON if it was or failed before
 *
 * Context: process, sleeps no longer than the parameter repair_ms says, and what dropping a folio
 *          takes; before that as long as diolate_spared() does, if the write may have lost nothing.
 * Return: DIOLATE_REPAIRED, DIOLATE_SPARED, DIOLATE_DELIVERED, DIOLATE_ALREADY_FAILED or
 *         DIOLATE_UNDELIVERABLE.
 */
enum diolate_outcome diolate_repair(const struct diolate_waiting *w, long *ret,
				    enum diolate_reason *reason)
{
	enum diolate_outcome outcome = DIOLATE_ALREADY_FAILED;
	const struct diolate_repair *r = &w->repair;

	*reason = DIOLATE_NO_REASON;
	if (*ret >= 0)
		outcome = look(w, reason);
	if (outcome == DIOLATE_PENDING) {
		*reason = put_right(w);
		if (!*reason)
			outcome = DIOLATE_REPAIRED;
		else if (r->proven)
			outcome = diolate_settle(ret);
		else
			outcome = DIOLATE_UNDELIVERABLE;
	}
	if (outcome != DIOLATE_REPAIRED && outcome != DIOLATE_SPARED && r->held_back)
		diolate_repair_record(r->inode, diolate_reason_names[*reason]);
	inode_dio_end(r->inode);
	if (atomic_dec_and_test(&in_use))
		wake_up(&none_in_use);
	return outcome;
}

/**
 * diolate_repair_wait() - wait until nothing is being put right
 *
 * Context: process, sleeps; no handler notes another.
 */
void diolate_repair_wait(void)
{
	wait_event(none_in_use, !atomic_read(&in_use));
}
