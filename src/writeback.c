// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was written back of files with direct I/O in flight. This is always there, and costs
 * writeback a few instructions a folio. The first such folio has direct writes followed
 * (src/track.c); until they are, src/sentinel.c keeps the folios.
 *
 * A folio is noted as its writeback starts and as it ends, while direct I/O to its file is in
 * flight (i_dio_count; raised before the first bio is submitted and lowered after the last has
 * ended and the cache was invalidated, fs/iomap and fs/direct-io.c, 5.10 to 7.3). So a writeback
 * that was on its way to the disk together with a write has either started or ended since the write
 * began, and was noted; one that ended before is under it.
 *
 * What came first is told by a number that grows with every note, and by no clock, which might step
 * back between processors. Notes are such numbers, in a table of fixed size without a lock. Two
 * that meet in one place can only make a write unknown that is not. It is asked only where nothing
 * better is known.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/pagemap.h>

#include "diolate.h"

/*
 * How many notes of writeback there were, and one, since 0 is before all; no cache line that a
 * machine without any would share.
 */
atomic64_t diolate_writeback_number = ATOMIC64_INIT(1);

/*
 * Notes of writeback: the number of the last, by file and by 16 KiB of it (with pages of 4 KiB),
 * which a database writes at a time: a write is not to be unknown for what belongs to its
 * neighbour.
 */
#define CHUNK_PAGES_SHIFT 2
#define NOTES_BITS 15
static atomic64_t notes[1 << NOTES_BITS];

/* Of a range of more, all are looked at: 131072 loads for the longest write, of 2 GiB. */
static atomic64_t *note(const struct address_space *mapping, pgoff_t chunk)
{
	return &notes[hash_64((unsigned long)mapping + chunk * GOLDEN_RATIO_64, NOTES_BITS)];
}
NOKPROBE_SYMBOL(note);

/* Never back: whoever was held up on his way here must not hide a later one. */
static void advance(atomic64_t *to, s64 number)
{
	s64 old = atomic64_read(to);

	while (old < number && !atomic64_try_cmpxchg(to, &old, number))
		;
}
NOKPROBE_SYMBOL(advance);

/**
 * diolate_writeback_next() - the next point in that order
 *
 * Context: any, also inside a probe handler.
 * Return: it; nobody else's.
 */
s64 diolate_writeback_next(void)
{
	return atomic64_inc_return(&diolate_writeback_number);
}
NOKPROBE_SYMBOL(diolate_writeback_next);

/* A direct write is in flight. */
static noinline void note_writeback(struct folio *folio, struct address_space *mapping, bool starts)
{
	loff_t end = folio_pos(folio) + folio_size(folio) - 1;
	pgoff_t chunk = folio_pos(folio) >> PAGE_SHIFT >> CHUNK_PAGES_SHIFT;
	pgoff_t last = end >> PAGE_SHIFT >> CHUNK_PAGES_SHIFT;
	s64 number;

	if (!diolate_may_be_overtaken(mapping->host))
		return;
	preempt_disable_notrace();
	number = diolate_writeback_next();
	for (; chunk <= last; chunk++)
		advance(note(mapping, chunk), number);
	/* After them: who finds nothing there looks at these. */
	if (starts)
		diolate_sentinel_note(folio, mapping, number);
	diolate_track_written();
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(note_writeback);

/**
 * diolate_note_writeback() - writeback of a folio starts, or ends
 * @folio:  it, locked or under writeback, so that it stays in its file
 * @starts: which
 *
 * Context: any, also inside a probe handler, in an interrupt too.
 */
void diolate_note_writeback(struct folio *folio, bool starts)
{
	struct address_space *mapping = folio_mapping(folio);

	/* Nobody's, or anonymous memory on its way to swap. */
	if (!mapping || !mapping->host)
		return;
	/* What was written back so far is under a write that raises the count after this. */
	smp_mb();
	if (unlikely(atomic_read(&mapping->host->i_dio_count)))
		note_writeback(folio, mapping, starts);
}
NOKPROBE_SYMBOL(diolate_note_writeback);

/**
 * diolate_written_back() - whether something of a range was written back
 * @mapping: the file
 * @first:   page, of it
 * @last:    page, of it
 * @since:   of diolate_writeback_now()
 *
 * Context: any.
 * Return: false only if nothing was.
 */
bool diolate_written_back(const struct address_space *mapping, pgoff_t first, pgoff_t last,
			  s64 since)
{
	pgoff_t chunk;

	for (chunk = first >> CHUNK_PAGES_SHIFT; chunk <= last >> CHUNK_PAGES_SHIFT; chunk++)
		if (atomic64_read(note(mapping, chunk)) > since)
			return true;
	return false;
}
NOKPROBE_SYMBOL(diolate_written_back);
