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
 * This runs in the place of the kernel's own record of the late error (src/outcome/instead.c), in
 * mapping->wb_err and in its log, which is made only if the repair fails. The task is a worker that
 * completes the write, or the one that submits a write that is waited for. At that moment
 * - the data are on the disk, and the blocks are the file's: ->end_io() of the file system has
 *   succeeded, which src/entry/ends.c notes. What is written synchronously is yet to be synced
 *   (generic_write_sync()), and finds nothing old to write back;
 * - truncate, hole punching and all else that waits for the write still does: i_dio_count counts
 *   the write until it has invalidated (iomap_dio_complete(), fs/iomap/direct-io.c, 5.10 to 7.3;
 *   dio_complete(), fs/direct-io.c, 5.10 to 7.3). An operation that takes blocks away from a file
 *   and waits for no write loses writes on stock Linux as well (src/write/filesystem.c).
 *
 * The repair tries folio locks until a deadline and never waits for one. It takes no other lock
 * except below the folio lock, to unmap and drop the folio, as truncation does, and as the kernel's
 * own invalidation did just before in the same task, which may hold the inode's lock. No memory is
 * allocated and nothing is written, so memory may be short, the disk full, and the file system
 * frozen, read-only or shut down. The repair cannot recurse: dropping a folio invalidates nothing
 * for a direct write. (Before a repair, src/outcome/spared.c looks at a write that may have lost
 * nothing.)
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/xarray.h>
#include <linux/kprobes.h>

#include "flight/flight.h"
#include "kernel/compat/folio.h"
#include "model/params.h"
#include "outcome/judge.h"
#include "outcome/repair.h"
#include "outcome/spared.h"
#include "write/filesystem.h"
#include "write/inside.h"
#include "write/task.h"

/*
 * Whether a write of fs/direct-io.c invalidates for the first time. generic_file_direct_write()
 * does so once more, when i_dio_count does not count the write any more, and with the length that
 * was asked for (5.10, 6.1). The call is not known if the kretprobe has missed it; then the flight
 * may be that of an earlier write with the same kiocb.
 */
static bool repair_is_first(const struct diolate_invalidation *inv)
{
	const struct diolate_direct_write *write = diolate_inside_direct_write_of(inv->iocb);

	if (current->flags & PF_WQ_WORKER)
		return true;
	return write && inv != &write->inv && !inv->again;
}
NOKPROBE_SYMBOL(repair_is_first);

/**
 * diolate_repair_refuses() - why the range of a write is not going to be put right
 * @inv: the invalidation that failed
 *
 * Context: any, also inside a probe handler.
 * Return: the reason; DIOLATE_NO_REASON if diolate_repair() can be tried.
 */
enum diolate_reason diolate_repair_refuses(const struct diolate_invalidation *inv)
{
	const struct inode *inode = inv->iocb->ki_filp->f_mapping->host;

	if (!diolate_filesystem_discards(inode))
		return DIOLATE_FILESYSTEM;
	if (!inv->length)
		return DIOLATE_NOT_SEEN;
	if (diolate_filesystem_uses_dio(inode))
		return repair_is_first(inv) ? DIOLATE_NO_REASON : DIOLATE_NOT_SEEN;
	return diolate_task_has_ended(inv) ? DIOLATE_NO_REASON : DIOLATE_NOT_SEEN;
}
NOKPROBE_SYMBOL(diolate_repair_refuses);

/*
 * Whether a locked folio has nothing outside the range. A buffered write past the end of the file
 * copies its bytes and raises i_size under the folio's lock (fs/buffer.c, generic_write_end();
 * fs/ext4/inode.c, ext4_write_end(); fs/iomap/buffered-io.c, iomap_write_end(); 5.10 to 7.3).
 */
static bool repair_is_inside(const struct address_space *mapping, const struct diolate_part *part,
			     struct folio *folio)
{
	loff_t start = folio_pos(folio), end = start + folio_size(folio);

	return start >= part->start &&
	       (end <= part->end || i_size_read(mapping->host) <= part->end);
}

/*
 * Drop a locked folio. A clean folio that reaches beyond the range loses nothing.
 *
 * The folio is unmapped before anything is asked of it, as truncation does. From then on whoever
 * stores into it, or pins it, first has to take its lock (filemap_fault(), mm/filemap.c;
 * ->page_mkwrite() of all proven file systems; 5.10 to 7.3). Otherwise a store behind the end of
 * the file would be lost that comes when another has made the file longer: ext4 lets that happen
 * while a direct write is in flight (ext4_setattr(), seen with blocks of 1 KiB on 6.12). A store
 * that was made through the mapping marks the folio dirty.
 */
static enum diolate_reason repair_drop(struct address_space *mapping,
				       const struct diolate_part *part, struct folio *folio)
{
	if (folio->mapping != mapping)
		return DIOLATE_NO_REASON;
	unmap_mapping_range(mapping, folio_pos(folio), folio_size(folio), 0);
	if (folio_test_writeback(folio))
		return DIOLATE_WRITTEN_BACK;
	if (folio_test_dirty(folio) && !repair_is_inside(mapping, part, folio))
		return DIOLATE_PARTIAL;
	/* A device may be writing to the folio: its bytes count only when all are there. */
	if (folio_test_dirty(folio) && folio_maybe_dma_pinned(folio))
		return DIOLATE_BUSY;
	return diolate_drop_folio(mapping, folio) ? DIOLATE_FILESYSTEM : DIOLATE_NO_REASON;
}

/*
 * Whether dropping the folio of a page at an end of the range would lose something. This is found
 * out before anything is dropped, so that the page cache is left as it was if so.
 */
static bool repair_has_more(struct address_space *mapping, const struct diolate_part *part,
			    pgoff_t index)
{
	struct folio *folio = diolate_get_folio(mapping, index);
	bool more;

	if (!folio)
		return false;
	more = folio_test_dirty(folio) && !repair_is_inside(mapping, part, folio);
	folio_put(folio);
	return more;
}

/* The folio of an index was cached a moment ago. */
static enum diolate_reason repair_drop_at(struct address_space *mapping,
					  const struct diolate_part *part, pgoff_t index,
					  ktime_t deadline)
{
	/* NULL if the entry is the shadow of a folio that was dropped before. */
	struct folio *folio = diolate_get_folio(mapping, index);
	enum diolate_reason reason = DIOLATE_BUSY;

	if (!folio)
		return DIOLATE_NO_REASON;
	if (diolate_spared_lock(folio, deadline)) {
		reason = repair_drop(mapping, part, folio);
		folio_unlock(folio);
	}
	folio_put(folio);
	return reason;
}

static enum diolate_reason repair_drop_all(struct address_space *mapping,
					   const struct diolate_part *part, ktime_t deadline)
{
	enum diolate_reason reason = DIOLATE_NO_REASON;
	unsigned long index = part->start >> PAGE_SHIFT;
	unsigned long last = (part->end - 1) >> PAGE_SHIFT;

	if (repair_has_more(mapping, part, index) || repair_has_more(mapping, part, last))
		return DIOLATE_PARTIAL;
	while (!reason && xa_find(&mapping->i_pages, &index, last, XA_PRESENT)) {
		reason = repair_drop_at(mapping, part, index, deadline);
		if (index++ == last)
			break;
		if (!reason && ktime_after(ktime_get(), deadline))
			reason = DIOLATE_BUSY;
		cond_resched();
	}
	return reason;
}

/**
 * diolate_repair() - put the page cache right after a write
 * @iocb:    the kiocb that its consumer is going to be called with
 * @mapping: the mapping of the file written, whose invalidation has just failed
 * @part:    what the write has written, and could not invalidate
 *
 * Context: process, sleeps for repair_ms at the most, plus the time to drop a folio; in the place
 *          of the kernel's own record.
 * Return: DIOLATE_NO_REASON if the write is the last writer; what is written back over it from now
 *         on is no news. Otherwise why that cannot be.
 */
enum diolate_reason diolate_repair(const struct kiocb *iocb, struct address_space *mapping,
				   const struct diolate_part *part)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(diolate_params_repair_ms));
	enum diolate_reason reason;

	if (part->start >= part->end)
		return DIOLATE_NOT_SEEN;
	if (diolate_judge_now(iocb, mapping, part) != DIOLATE_IS_NOT)
		return DIOLATE_WRITTEN_BACK;
	reason = repair_drop_all(mapping, part, deadline);
	if (reason)
		return reason;
	/* Writeback is noted before its folio is seen clean, and a clean folio was not locked. */
	smp_rmb();
	if (diolate_judge_now(iocb, mapping, part) != DIOLATE_IS_NOT)
		return DIOLATE_WRITTEN_BACK;
	diolate_flight_settle(iocb, iocb->ki_filp, part->start);
	return DIOLATE_NO_REASON;
}

/**
 * diolate_repair_record() - make the kernel's own record of a late error, in the kernel's place
 * @inode: the file
 * @why:   what becomes of the late error
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
