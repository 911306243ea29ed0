// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a write for which the page cache could not be invalidated has lost anything. What is in
 * the way is a folio, and what is dirty of it may be nothing of the write: a neighbour in the same
 * page, or in the same large folio, which some reader has brought in. Then the disk holds the write
 * and goes on to, and only what is cached of it is stale. Of that the kernel makes its record, and
 * fsync() fails; but -EIO for the write would be false, and a program can come to it that uses
 * direct I/O alone:
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
 * - nothing of it was written back since it began (src/overtaken.c). What was dirty when the kernel
 *   failed to invalidate is so still, or was written back, and that is noted: the write is counted
 *   in i_dio_count until it has invalidated.
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

/* Whether something of the part is dirty in a folio; DIOLATE_BUSY if it cannot be looked at. */
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

/**
 * diolate_spared() - whether a write is spared
 * @mapping:  its file
 * @part:     what it has written, and could not be invalidated
 * @since:    when it began, of diolate_submission(); NULL if that is not known
 * @deadline: until when a folio is waited for
 * @reason:   set to why that is not known, if it is not
 *
 * Context: process, sleeps; the write is counted in i_dio_count.
 * Return: DIOLATE_SPARED; DIOLATE_PENDING if it has lost something, or is going to;
 *         DIOLATE_UNDELIVERABLE if that is not known.
 */
enum diolate_outcome diolate_spared(struct address_space *mapping, const struct diolate_part *part,
				    const s64 *since, ktime_t deadline,
				    enum diolate_reason *reason)
{
	enum diolate_verdict verdict;
	enum diolate_dirt dirt;

	*reason = DIOLATE_NO_REASON;
	if (part->start >= part->end) {
		*reason = DIOLATE_NOT_SEEN;
		return DIOLATE_UNDELIVERABLE;
	}
	dirt = look_at_all(mapping, part, deadline, reason);
	/* Writeback is noted before its folio is seen clean, which then nobody had to lock here. */
	smp_rmb();
	preempt_disable();
	verdict = diolate_overtaken(mapping, part, since, false);
	preempt_enable();
	if (dirt == DIOLATE_DIRTY || verdict == DIOLATE_IS_OVERTAKEN) {
		*reason = DIOLATE_NO_REASON;
		return DIOLATE_PENDING;
	}
	/* Asked last: all until now was noted. */
	if (!*reason && (verdict == DIOLATE_NOT_JUDGED || !diolate_ftrace_follows()))
		*reason = DIOLATE_NOT_SEEN;
	return *reason ? DIOLATE_UNDELIVERABLE : DIOLATE_SPARED;
}
