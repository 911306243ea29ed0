// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy repair puts the page cache right, so that no error is needed: it drops what is cached of
 * the written range, dirty or not, before the write completes. Then the direct write is the last
 * writer. A store through mmap while the write was in flight counts as made before the write.
 *
 * Three conditions must hold, or the write fails as under policy propagate:
 * - The disk holds what was written. Nothing of the range was written back since the write began
 *   (src/outcome/judge.c), and nothing will be: a folio is dropped under its lock, without which no
 *   writeback starts.
 * - The page cache holds nothing else. What comes into it afterwards is read from the disk.
 * - Nothing outside the range is lost. A folio that reaches beyond the range is dropped only if it
 *   is clean.
 *
 * The steps of a repair:
 * - The handler notes the write, which waits for its result (src/write/waiting.c), and raises
 *   i_dio_count, so that truncate, hole punching and all else that waits for the write also waits
 *   for the repair (inode_dio_wait()). The count is not 0 then: the kernel lowers it after the
 *   invalidation. An operation that takes blocks away from a file and waits for no write loses
 *   writes on stock Linux as well (src/write/filesystem.c).
 * - src/entry/late_error.c holds back the kernel's own record, in mapping->wb_err and in its log.
 * - diolate_tell_repaired(), called in the place of the receiver by the worker that completes the
 *   write, drops the folios, lowers i_dio_count and, if the repair failed, makes that record.
 *   Nobody can have seen the record missing: the write was not complete.
 *
 * The repair tries folio locks until a deadline and never waits for one. It takes no other lock
 * except below the folio lock, to drop the folio, as truncation does, and as the kernel's own
 * invalidation did just before in the same worker. A task that waits for i_dio_count may hold the
 * inode's lock, which the repair does not need. No memory is allocated and nothing is written,
 * so memory may be short, the disk full, and the file system frozen, read-only or shut down. The
 * repair cannot recurse: dropping a folio invalidates nothing for a direct write. (Before a repair,
 * src/outcome/spared.c looks at a write that may have lost nothing.)
 *
 * The inode is alive, because the write holds its file open. Overlayfs may have closed the file
 * below by now, but the overlayfs file is open and holds that inode (ovl_inode_upper(),
 * fs/overlayfs).
 */
#include <linux/fs.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/kprobes.h>

#include "kernel/compat/folio.h"
#include "model/params.h"
#include "outcome/judge.h"
#include "outcome/repair.h"
#include "outcome/spared.h"
#include "write/filesystem.h"

/* The number of writes noted by diolate_repair_begin() and not finished. */
static atomic_t in_use;
static DECLARE_WAIT_QUEUE_HEAD(none_in_use);

/**
 * diolate_repair_begin() - note a write whose range is to be put right when it completes
 * @r:      filled in if the write is noted
 * @inv:    the invalidation that failed
 * @iocb:   the write of user space that @inv is for; its file system does not wait for it
 * @proven: the submitter may be told
 *
 * Context: any, also inside a probe handler; the late error is being reported.
 * Return: DIOLATE_NO_REASON if the write is noted; otherwise why it is not.
 */
enum diolate_reason diolate_repair_begin(struct diolate_repair *r,
					 const struct diolate_invalidation *inv,
					 const struct kiocb *iocb, bool proven)
{
	struct inode *inode = file_inode(inv->iocb->ki_filp);

	/* Elsewhere the consumer may not sleep. Only gcc's inlining rules that case out. */
	if (!in_task() || !(current->flags & PF_WQ_WORKER))
		return DIOLATE_NOT_ASYNC;
	/* This worker writes dirty folios back before it calls the receiver (iocb_is_dsync()). */
	if (((inv->iocb->ki_flags | iocb->ki_flags) & IOCB_DSYNC) || IS_SYNC(inode))
		return DIOLATE_DSYNC;
	if (!diolate_filesystem_discards(inode))
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

static struct address_space *repair_mapping_of(const struct diolate_repair *r)
{
	return r->inode->i_mapping;
}

static pgoff_t repair_first_page(const struct diolate_repair *r)
{
	return r->pos >> PAGE_SHIFT;
}

static pgoff_t repair_last_page(const struct diolate_repair *r)
{
	return (r->pos + r->length - 1) >> PAGE_SHIFT;
}

/*
 * Whether a locked folio has nothing outside the range. A buffered write past the end of the file
 * copies its bytes and raises i_size under the folio's lock (fs/buffer.c, generic_write_end();
 * fs/ext4/inode.c, ext4_write_end(); fs/iomap/buffered-io.c, iomap_write_end(); 5.10 to 7.3).
 */
static bool repair_is_inside(const struct diolate_repair *r, struct folio *folio)
{
	loff_t start = folio_pos(folio), end = start + folio_size(folio);
	loff_t written = r->pos + r->length;

	return start >= r->pos && (end <= written || i_size_read(r->inode) <= written);
}

static struct diolate_part repair_part_of(const struct diolate_repair *r)
{
	return (struct diolate_part){ .start = r->pos, .end = r->pos + r->length };
}

/* Whether a write was or may have been overtaken. */
static bool repair_is_overtaken(const struct diolate_waiting *w)
{
	struct diolate_part part = repair_part_of(&w->repair);

	return diolate_judge_now(w->iocb, repair_mapping_of(&w->repair), &part) != DIOLATE_IS_NOT;
}

/*
 * Drop a locked folio. A clean folio that reaches beyond the range loses nothing, and no store can
 * dirty it meanwhile: on file systems with ->page_mkwrite() (all proven ones) a clean folio is
 * mapped read-only, and the fault takes its lock.
 */
static enum diolate_reason repair_drop(const struct diolate_repair *r, struct folio *folio)
{
	if (folio->mapping != repair_mapping_of(r))
		return DIOLATE_NO_REASON;
	if (folio_test_writeback(folio))
		return DIOLATE_WRITTEN_BACK;
	if (folio_test_dirty(folio) && !repair_is_inside(r, folio))
		return DIOLATE_PARTIAL;
	/* A device may be writing to the folio: its bytes count only when all are there. */
	if (folio_test_dirty(folio) && folio_maybe_dma_pinned(folio))
		return DIOLATE_BUSY;
	return diolate_drop_folio(repair_mapping_of(r), folio) ? DIOLATE_FILESYSTEM :
								 DIOLATE_NO_REASON;
}

/*
 * Whether dropping the folio of a page at an end of the range would lose something. This is found
 * out before anything is dropped, so that the page cache is left as it was if so.
 */
static bool repair_has_more(const struct diolate_repair *r, pgoff_t index)
{
	struct folio *folio = diolate_get_folio(repair_mapping_of(r), index);
	bool more;

	if (!folio)
		return false;
	more = folio_test_dirty(folio) && !repair_is_inside(r, folio);
	folio_put(folio);
	return more;
}

static enum diolate_reason repair_drop_all(const struct diolate_repair *r, ktime_t deadline)
{
	enum diolate_reason reason = DIOLATE_NO_REASON;
	unsigned long index = repair_first_page(r);
	unsigned long last = repair_last_page(r);
	struct folio *folio;

	if (repair_has_more(r, index) || repair_has_more(r, last))
		return DIOLATE_PARTIAL;
	while (!reason && xa_find(&repair_mapping_of(r)->i_pages, &index, last, XA_PRESENT)) {
		/* NULL if the entry is the shadow of a folio that was dropped before. */
		folio = diolate_get_folio(repair_mapping_of(r), index);
		if (folio) {
			if (diolate_spared_lock(folio, deadline)) {
				reason = repair_drop(r, folio);
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

static enum diolate_reason repair_put_right(const struct diolate_waiting *w)
{
	const struct diolate_repair *r = &w->repair;
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(diolate_params_repair_ms));
	enum diolate_reason reason;

	if (!r->held_back)
		return DIOLATE_NOT_HELD_BACK;
	if (repair_is_overtaken(w))
		return DIOLATE_WRITTEN_BACK;
	reason = repair_drop_all(r, deadline);
	if (reason)
		return reason;
	/* Writeback is noted before its folio is seen clean, and a clean folio was not locked. */
	smp_rmb();
	return repair_is_overtaken(w) ? DIOLATE_WRITTEN_BACK : DIOLATE_NO_REASON;
}

/**
 * diolate_repair_record() - make the kernel's own record of a late error, in the kernel's place
 * @inode: the file
 * @why:   what becomes of the late error, or why it was not repaired
 *
 * The message is as rare as that of dio_warn_stale_pagecache() (mm/filemap.c, 5.10 to 7.3).
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

/* The outcome before anything is put right; DIOLATE_PENDING if something has to be. */
static enum diolate_outcome repair_look(const struct diolate_waiting *w,
					enum diolate_reason *reason)
{
	const struct diolate_repair *r = &w->repair;
	struct diolate_part part = repair_part_of(r);

	return w->outcome == DIOLATE_PENDING || !r->proven ?
		       DIOLATE_PENDING :
		       diolate_spared_look(w->iocb, repair_mapping_of(r), &part, reason);
}

/**
 * diolate_repair_finish() - settle a late error under policy repair
 * @w:      the late write, with what diolate_repair_begin() noted
 * @ret:    in: the kernel's result, bytes or a negative errno; out: the result for the submitter
 * @reason: set to why the write was not put right, or to DIOLATE_NO_REASON
 *
 * Context: process, sleeps for repair_ms at the most, plus the time to drop a folio; before that
 *          as long as diolate_spared_look() does, if the write may have lost nothing.
 * Return: DIOLATE_REPAIRED, DIOLATE_SPARED, DIOLATE_DELIVERED, DIOLATE_ALREADY_FAILED or
 *         DIOLATE_UNDELIVERABLE.
 */
enum diolate_outcome diolate_repair_finish(const struct diolate_waiting *w, long *ret,
					   enum diolate_reason *reason)
{
	enum diolate_outcome outcome = DIOLATE_ALREADY_FAILED;
	const struct diolate_repair *r = &w->repair;

	*reason = DIOLATE_NO_REASON;
	if (*ret >= 0)
		outcome = repair_look(w, reason);
	if (outcome == DIOLATE_PENDING) {
		*reason = repair_put_right(w);
		if (!*reason)
			outcome = DIOLATE_REPAIRED;
		else if (r->proven)
			outcome = diolate_policy_settle(ret);
		else
			outcome = DIOLATE_UNDELIVERABLE;
	}
	if (outcome != DIOLATE_REPAIRED && outcome != DIOLATE_SPARED && r->held_back)
		diolate_repair_record(r->inode, *reason ? diolate_reason_names[*reason] :
							  "its submitter is told another error");
	inode_dio_end(r->inode);
	if (atomic_dec_and_test(&in_use))
		wake_up(&none_in_use);
	return outcome;
}

/**
 * diolate_repair_wait() - wait until no noted write is left to put right
 *
 * Context: process, sleeps; when no handler notes another write.
 */
void diolate_repair_wait(void)
{
	wait_event(none_in_use, !atomic_read(&in_use));
}
