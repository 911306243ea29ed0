// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a write for which the page cache could not be invalidated has lost anything. What is in
 * the way is a folio, and what is dirty of it may be nothing of the write: a neighbour in the same
 * page, or in the same large folio, which some reader has brought in. Then the disk holds the
 * write, and only what is cached of it is stale. -EIO would be false, and a program can come to it
 * that uses direct I/O alone:
 * - A write that goes through the page cache dirties its own blocks and waits for nobody: past what
 *   is initialized (fat_direct_IO() and cont_expand_zero(), 6.1 to 7.3; exfat_extend_valid_size(),
 *   6.12), into a hole (ext2_dio_write_iter()), not aligned, in a file that was once shared with
 *   another, which takes no more than to read it (xfs_file_dio_write_unaligned(), 6.1 to 7.3).
 * - A file that becomes longer has the rest of its last block zeroed (ext4_setattr(), 7.3).
 *
 * A dirty folio that lies inside the write settles that where the late error is met. Else the
 * folios at its ends have to be locked, for which the kernel's own record is replaced, and a look
 * is taken in its place (src/late.c), or where the write is put right (src/repair.c). The write is
 * spared if by then
 * - nothing of it is dirty in a folio, and
 * - it was not overtaken until then (src/judge.c). What was dirty when the kernel failed to
 *   invalidate is so still, or was written back, and that is seen: the write is counted
 *   in i_dio_count until it has invalidated. (Not so where generic_file_direct_write() does that
 *   once more, after dio_complete() could: what is cached there was read after that, and is no
 *   older than the write. If dio_complete() could not, that is what was looked at.)
 * Nor may the stale folio stay: who next stores into it would undo the write. What is dirty beside
 * the write is written back, as it was before the write began, and the cache invalidated once more.
 * Then there is nothing to record either.
 *
 * What cannot be told is not told: the result is left alone, and the write is undeliverable.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

#include "diolate.h"

static bool is_inside(loff_t start, loff_t end, const struct diolate_part *part)
{
	return start >= part->start && end <= part->end;
}
NOKPROBE_SYMBOL(is_inside);

/* By its tags, and by where it is in the page cache: a folio itself may be freed by now. */
static bool has_inside(struct address_space *mapping, const struct diolate_part *part,
		       xa_mark_t mark)
{
	XA_STATE(xas, &mapping->i_pages, part->start >> PAGE_SHIFT);
	pgoff_t last = (part->end - 1) >> PAGE_SHIFT;
	void *entry;

	/* Of those that are not, there is one at each end. */
	xas_for_each_marked(&xas, entry, last, mark) {
		pgoff_t pages, first;

		if (xas_retry(&xas, entry))
			continue;
		pages = 1UL << xa_get_order(&mapping->i_pages, xas.xa_index);
		first = round_down(xas.xa_index, pages);
		if (is_inside((loff_t)first << PAGE_SHIFT, (loff_t)(first + pages) << PAGE_SHIFT,
			      part))
			return true;
	}
	return false;
}
NOKPROBE_SYMBOL(has_inside);

/**
 * diolate_spared_is_open() - whether a write may be spared, as nothing that is dirty or is written
 *                            back lies inside of it
 * @mapping: its file, which could not be invalidated
 * @part:    what it has written
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_spared_is_open(struct address_space *mapping, const struct diolate_part *part)
{
	bool open;

	rcu_read_lock();
	open = part->start >= part->end || (!has_inside(mapping, part, PAGECACHE_TAG_DIRTY) &&
					    !has_inside(mapping, part, PAGECACHE_TAG_WRITEBACK));
	rcu_read_unlock();
	return open;
}
NOKPROBE_SYMBOL(diolate_spared_is_open);

/**
 * diolate_lock_until() - lock a folio, if that can be done in time
 * @folio:    it
 * @deadline: until when it is tried
 *
 * Context: process, sleeps until @deadline at the most.
 * Return: whether it is locked.
 */
bool diolate_lock_until(struct folio *folio, ktime_t deadline)
{
	while (!folio_trylock(folio)) {
		if (ktime_after(ktime_get(), deadline))
			return false;
		usleep_range(100, 500);
	}
	return true;
}

/* Whether something of the part is dirty in a folio; *@reason is set if that cannot be seen. */
static enum diolate_dirt look_at(struct folio *folio, struct address_space *mapping,
				 const struct diolate_part *part, ktime_t deadline,
				 enum diolate_reason *reason)
{
	enum diolate_dirt dirt = DIOLATE_CLEAN;

	if (!diolate_lock_until(folio, deadline)) {
		*reason = DIOLATE_BUSY;
		return DIOLATE_DIRTY_PERHAPS;
	}
	if (folio->mapping == mapping)
		dirt = diolate_part_dirty(folio, part);
	if (dirt == DIOLATE_DIRTY_PERHAPS)
		*reason = DIOLATE_PARTIAL;
	folio_unlock(folio);
	return dirt;
}

static enum diolate_dirt look_at_all(struct address_space *mapping,
				     const struct diolate_part *part, ktime_t deadline,
				     enum diolate_reason *reason)
{
	enum diolate_dirt dirt = DIOLATE_CLEAN;
	unsigned long index = part->start >> PAGE_SHIFT;
	unsigned long last = (part->end - 1) >> PAGE_SHIFT;

	for (; dirt != DIOLATE_DIRTY && index <= last; index++) {
		struct folio *folio;

		if (!xa_find(&mapping->i_pages, &index, last, PAGECACHE_TAG_DIRTY))
			break;
		folio = diolate_get_folio(mapping, index);
		if (!folio)
			continue;
		dirt = max(dirt, look_at(folio, mapping, part, deadline, reason));
		/* A large one is met once. */
		index = (folio_pos(folio) + folio_size(folio) - 1) >> PAGE_SHIFT;
		folio_put(folio);
	}
	return dirt;
}

static enum diolate_outcome outcome_of(enum diolate_verdict verdict, enum diolate_reason *reason)
{
	switch (verdict) {
	case DIOLATE_IS_OVERTAKEN:
		*reason = DIOLATE_NO_REASON;
		return DIOLATE_PENDING;
	case DIOLATE_NOT_JUDGED:
		*reason = *reason ?: DIOLATE_NOT_SEEN;
		break;
	case DIOLATE_IS_NOT:
		break;
	}
	return *reason ? DIOLATE_UNDELIVERABLE : DIOLATE_SPARED;
}

/* What is found out by one look. */
static enum diolate_outcome look(const struct kiocb *iocb, struct address_space *mapping,
				 const struct diolate_part *part, ktime_t deadline,
				 enum diolate_reason *reason)
{
	*reason = DIOLATE_NO_REASON;
	if (look_at_all(mapping, part, deadline, reason) == DIOLATE_DIRTY) {
		*reason = DIOLATE_NO_REASON;
		return DIOLATE_PENDING;
	}
	/* Writeback is noted before its folio is seen clean, which then nobody had to lock here. */
	smp_rmb();
	return outcome_of(diolate_judge_now(iocb, mapping, part), reason);
}

/* Whether what is cached of it is dropped, and what is dirty beside it on the disk. */
static bool drop_stale(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	return !filemap_write_and_wait_range(mapping, (loff_t)first << PAGE_SHIFT,
					     ((loff_t)last << PAGE_SHIFT) + PAGE_SIZE - 1) &&
	       !invalidate_inode_pages2_range(mapping, first, last);
}

/**
 * diolate_spared() - whether a write is spared, and the page cache put right
 * @iocb:    that its consumer is going to be called with
 * @mapping: its file
 * @part:    what it has written, and could not be invalidated
 * @reason:  set to why that is not known, if it is not
 *
 * Context: process, sleeps no longer than the parameter repair_ms says, and what it takes to write
 *          back what is dirty beside the write, and to invalidate. The kernel does both itself in
 *          this context, or that of the submitter; but writes back only while the write is not
 *          counted in i_dio_count. Whoever waits for that holds locks of the inode, and no
 *          writeback waits for those (ext2, ext4, xfs, fat and exfat; 7.3).
 * Return: DIOLATE_SPARED; DIOLATE_PENDING if it has lost something, or is going to;
 *         DIOLATE_UNDELIVERABLE if that is not known, or the page cache could not be put right.
 */
enum diolate_outcome diolate_spared(const struct kiocb *iocb, struct address_space *mapping,
				    const struct diolate_part *part, enum diolate_reason *reason)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(diolate_repair_ms));
	pgoff_t first = part->start >> PAGE_SHIFT, last = (part->end - 1) >> PAGE_SHIFT;
	enum diolate_outcome outcome;

	if (part->start >= part->end) {
		*reason = DIOLATE_NOT_SEEN;
		return DIOLATE_UNDELIVERABLE;
	}
	for (;;) {
		outcome = look(iocb, mapping, part, deadline, reason);
		if (outcome != DIOLATE_SPARED)
			return outcome;
		/*
		 * Somebody may have stored into it just before it was written back, by us. What is
		 * cached now was read afterwards, and is nobody's loss.
		 */
		if (drop_stale(mapping, first, last))
			return outcome_of(diolate_judge_now(iocb, mapping, part), reason);
		if (ktime_after(ktime_get(), deadline)) {
			*reason = DIOLATE_BUSY;
			return DIOLATE_UNDELIVERABLE;
		}
		usleep_range(100, 500);
	}
}
