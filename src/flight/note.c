// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folio is noted as its writeback starts and as it ends, while direct I/O to its file is in
 * flight (i_dio_count; raised before the first bio is submitted and lowered after the last has
 * ended and the cache was invalidated, fs/iomap and fs/direct-io.c, 5.10 to 7.3). So a writeback
 * that was on its way to the disk together with a write has either started or ended since the write
 * began, and was noted; one that ended before is under the write. Noting is always on, for a few
 * instructions a folio. The first note has direct writes followed (src/flight/track.c); until they
 * are, src/flight/sentinel.c keeps the folios.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>

#include "flight/note.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "flight/track.h"
#include "write/filesystem.h"

/* All writeback is noted. */
static bool all_noted;

/* Direct I/O to the file is in flight. */
static noinline void note_writeback_slow(struct folio *folio, struct address_space *mapping,
					 bool starts)
{
	loff_t last = folio_pos(folio) + folio_size(folio) - 1;
	s64 number;

	if (!diolate_filesystem_may_be_overtaken(mapping->host))
		return;
	preempt_disable_notrace();
	number = diolate_order_note(mapping, folio_pos(folio) >> PAGE_SHIFT, last >> PAGE_SHIFT);
	/* After the note, which diolate_sentinel_judge() asks where no folio was kept. */
	if (starts)
		diolate_sentinel_note(folio, mapping, number);
	/*
	 * Its full barrier orders the note before the tags that the kernel changes next. Paired
	 * with those in spared_look() and diolate_repair().
	 */
	diolate_track_written();
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(note_writeback_slow);

/**
 * diolate_note_writeback() - writeback of a folio starts, or ends
 * @folio:  locked or under writeback, so that it stays in its file
 * @starts: whether writeback starts
 *
 * Context: any, also inside a probe handler, in an interrupt too.
 */
void diolate_note_writeback(struct folio *folio, bool starts)
{
	struct address_space *mapping = diolate_file_of(folio);

	/* The folio is nobody's, or anonymous memory on its way to swap. */
	if (!mapping || !mapping->host)
		return;
	/* Writeback until now is under a write that raises the count after this. */
	smp_mb();
	if (unlikely(atomic_read(&mapping->host->i_dio_count)))
		note_writeback_slow(folio, mapping, starts);
}
NOKPROBE_SYMBOL(diolate_note_writeback);

/**
 * diolate_note_set_complete() - say whether all writeback is noted
 * @all: true if it is
 *
 * Context: process.
 */
void diolate_note_set_complete(bool all)
{
	WRITE_ONCE(all_noted, all);
}

/**
 * diolate_note_is_complete() - whether all writeback was noted until now
 *
 * Context: any, also inside a probe handler.
 * Return: true if it was.
 */
bool diolate_note_is_complete(void)
{
	/* Writeback that is not noted any more ends after all_noted was cleared. */
	smp_rmb();
	return READ_ONCE(all_noted);
}
