// SPDX-License-Identifier: GPL-2.0-only
/*
 * A write whose post-write invalidation failed may have lost nothing. The folio in the way may be
 * dirty only beside the write: in the same page, or in the same large folio, which a reader may
 * have brought in. Then the disk holds the write, and only its cached copy is stale. -EIO would be
 * false, and a program that uses only direct I/O could get it:
 * - A write that goes through the page cache dirties its own blocks and waits for nobody: past the
 *   initialized part (fat_direct_IO() and cont_expand_zero(), 6.1 to 7.3;
 *   exfat_extend_valid_size(), 6.12), into a hole (ext2_dio_write_iter()), or unaligned in a file
 *   that was once shared with another, which takes only a reader
 *   (xfs_file_dio_write_unaligned(), 6.1 to 7.3).
 * - Extending a file zeroes the rest of its last block (ext4_setattr(), 7.3).
 * Or the folio in the way was read, and stored into, when the data of the write were on the disk
 * already. The folio holds them, and if it was written back since, so does the disk.
 *
 * A dirty folio inside the write shows, where the late error is met, that the write has lost
 * something. Otherwise diolate_spared_look() has to lock the folios at the ends of the write, in
 * the place of the kernel's own record (src/outcome/instead.c). The write is spared if at that time
 * - no folio is dirty within the write, and
 * - the write was not overtaken (src/outcome/judge.c). What was dirty when the invalidation failed
 *   is still dirty, or its writeback was noted, because i_dio_count counts the write until it has
 *   invalidated. (It does not when generic_file_direct_write() invalidates again after
 *   dio_complete(). If dio_complete() succeeded, what is cached was read since, and is no older
 *   than the write. If dio_complete() failed, the look was at that failure.)
 * The stale folio must not stay, because the next store into it would undo the write. So the dirty
 * bytes beside the write are written back, as before the write began, and the page cache is
 * invalidated again. Then there is nothing to record.
 *
 * If nobody can know whether the write lost something, it is undeliverable: its result stays.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>
#include <linux/kprobes.h>

#include "flight/folio_part.h"
#include "model/params.h"
#include "outcome/judge.h"
#include "outcome/spared.h"

static bool spared_is_inside(loff_t start, loff_t end, const struct diolate_part *part)
{
	return start >= part->start && end <= part->end;
}
NOKPROBE_SYMBOL(spared_is_inside);

/* Whether a folio with a mark lies inside. Tags and indices only: a folio may be freed by now. */
static bool spared_has_inside(struct address_space *mapping, const struct diolate_part *part,
			      xa_mark_t mark)
{
	XA_STATE(xas, &mapping->i_pages, part->start >> PAGE_SHIFT);
	pgoff_t last = (part->end - 1) >> PAGE_SHIFT;
	void *entry;

	/* At most one folio at each end of the part is not inside. */
	xas_for_each_marked(&xas, entry, last, mark) {
		pgoff_t pages, first;

		if (xas_retry(&xas, entry))
			continue;
		pages = 1UL << xa_get_order(&mapping->i_pages, xas.xa_index);
		first = round_down(xas.xa_index, pages);
		if (spared_is_inside((loff_t)first << PAGE_SHIFT,
				     (loff_t)(first + pages) << PAGE_SHIFT, part))
			return true;
	}
	return false;
}
NOKPROBE_SYMBOL(spared_has_inside);

/**
 * diolate_spared_is_open() - whether a write may be spared: no folio that is dirty or under
 *                            writeback lies inside the write
 * @mapping: the mapping whose invalidation failed
 * @part:    what the write has written
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_spared_is_open(struct address_space *mapping, const struct diolate_part *part)
{
	bool open;

	rcu_read_lock();
	open = part->start >= part->end ||
	       (!spared_has_inside(mapping, part, PAGECACHE_TAG_DIRTY) &&
		!spared_has_inside(mapping, part, PAGECACHE_TAG_WRITEBACK));
	rcu_read_unlock();
	return open;
}
NOKPROBE_SYMBOL(diolate_spared_is_open);

/**
 * diolate_spared_lock() - whether a folio could be locked in time; locks the folio
 * @folio:    the folio
 * @deadline: until when locking is tried
 *
 * Context: process, sleeps until @deadline at the most.
 * Return: true if @folio is locked.
 */
bool diolate_spared_lock(struct folio *folio, ktime_t deadline)
{
	while (!folio_trylock(folio)) {
		if (ktime_after(ktime_get(), deadline))
			return false;
		usleep_range(100, 500);
	}
	return true;
}

/* Whether a folio is dirty within the part; sets *reason if nobody can see that. */
static enum diolate_dirt spared_look_at(struct folio *folio, struct address_space *mapping,
					const struct diolate_part *part, ktime_t deadline,
					enum diolate_reason *reason)
{
	enum diolate_dirt dirt = DIOLATE_CLEAN;

	if (!diolate_spared_lock(folio, deadline)) {
		*reason = DIOLATE_BUSY;
		return DIOLATE_DIRTY_PERHAPS;
	}
	if (folio->mapping == mapping)
		dirt = diolate_folio_part_dirty(folio, part);
	if (dirt == DIOLATE_DIRTY_PERHAPS)
		*reason = DIOLATE_PARTIAL;
	folio_unlock(folio);
	return dirt;
}

static enum diolate_dirt spared_look_at_all(struct address_space *mapping,
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
		dirt = max(dirt, spared_look_at(folio, mapping, part, deadline, reason));
		/* Go on behind the folio, which may be large. */
		index = (folio_pos(folio) + folio_size(folio) - 1) >> PAGE_SHIFT;
		folio_put(folio);
	}
	return dirt;
}

static enum diolate_outcome spared_outcome_of(enum diolate_verdict verdict,
					      enum diolate_reason *reason)
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

/* The outcome as of one look. */
static enum diolate_outcome spared_look(const struct kiocb *iocb, struct address_space *mapping,
					const struct diolate_part *part, ktime_t deadline,
					enum diolate_reason *reason)
{
	*reason = DIOLATE_NO_REASON;
	if (spared_look_at_all(mapping, part, deadline, reason) == DIOLATE_DIRTY) {
		*reason = DIOLATE_NO_REASON;
		return DIOLATE_PENDING;
	}
	/* Writeback is noted before its folio is seen clean, and a clean folio was not locked. */
	smp_rmb();
	return spared_outcome_of(diolate_judge_now(iocb, mapping, part), reason);
}

/* Whether the dirty bytes beside a write could be written back, and the page cache dropped. */
static bool spared_drop_stale(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	return !filemap_write_and_wait_range(mapping, (loff_t)first << PAGE_SHIFT,
					     ((loff_t)last << PAGE_SHIFT) + PAGE_SIZE - 1) &&
	       !invalidate_inode_pages2_range(mapping, first, last);
}

/**
 * diolate_spared_look() - look whether a write is spared; if so, put the page cache right
 * @iocb:    the kiocb that its consumer is going to be called with
 * @mapping: the mapping of the file written
 * @part:    what the write has written, and could not invalidate
 * @reason:  set to why the write is undeliverable, or to DIOLATE_NO_REASON
 *
 * Context: process, sleeps for repair_ms at the most, plus the time to write back the dirty bytes
 *          beside the write and to invalidate. The kernel does both itself in this context or in
 *          the submitter's, but it writes back only while i_dio_count does not count the write. A
 *          task that waits for i_dio_count holds locks of the inode, but no writeback waits for
 *          those locks (ext2, ext4, xfs, fat and exfat; 7.3).
 * Return: DIOLATE_SPARED; DIOLATE_PENDING if the write has lost something, or is going to;
 *         DIOLATE_UNDELIVERABLE if that is not known, or the page cache could not be put right.
 */
enum diolate_outcome diolate_spared_look(const struct kiocb *iocb, struct address_space *mapping,
					 const struct diolate_part *part,
					 enum diolate_reason *reason)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(diolate_params_repair_ms));
	pgoff_t first = part->start >> PAGE_SHIFT, last = (part->end - 1) >> PAGE_SHIFT;
	enum diolate_outcome outcome;

	if (part->start >= part->end) {
		*reason = DIOLATE_NOT_SEEN;
		return DIOLATE_UNDELIVERABLE;
	}
	for (;;) {
		outcome = spared_look(iocb, mapping, part, deadline, reason);
		if (outcome != DIOLATE_SPARED)
			return outcome;
		/*
		 * Somebody may have stored into the write just before we wrote the folio back. What
		 * is cached now was read afterwards, and loses nothing.
		 */
		if (spared_drop_stale(mapping, first, last))
			return spared_outcome_of(diolate_judge_now(iocb, mapping, part), reason);
		if (ktime_after(ktime_get(), deadline)) {
			*reason = DIOLATE_BUSY;
			return DIOLATE_UNDELIVERABLE;
		}
		usleep_range(100, 500);
	}
}
