// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether something of a range was written back since a direct write to it began: then older bytes
 * may have landed on top of the write, and the page cache does not tell. Under policy repair alone.
 *
 * A write is noted before its first bio is submitted, and where it first writes back what is dirty of
 * its own range, again after that. A folio is noted as its writeback starts and as it ends,
 * while a direct write to its file is in flight (i_dio_count; raised before the first bio is
 * submitted and lowered after the last has ended and the cache was invalidated, fs/iomap and
 * fs/direct-io.c, 5.10 to 7.3). So a writeback that was on its way to the disk together with the
 * write has either started or ended meanwhile, and was noted; one that ended before the write began
 * is under it.
 *
 * What came first is told by a number that grows with every note of writeback, and by no clock, which
 * might step back between processors. Notes are such numbers, in tables of fixed size without a lock.
 * Two that meet in one place can only make a write look overtaken that is not, or not noted at all:
 * then it is not repaired.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/pagemap.h>

#include "diolate.h"

/* How many notes of writeback there were; no cache line that a machine without any would share. */
static atomic64_t written_back;

/*
 * Notes of writeback: the number of the last, by file and by 16 KiB of it (with pages of 4 KiB), which
 * a database writes at a time: a write is not to look overtaken for what belongs to its neighbour.
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

#define BUCKET_SIZE 4
#define BUCKETS_BITS 10

/**
 * struct bucket - places for the notes of direct writes
 * @busy:  somebody has them to himself
 * @iocb:  the writes
 * @since: how many notes there were when each began
 * @next:  the place that is taken next, of whoever has had it longest
 */
struct bucket {
	atomic_t busy;
	const struct kiocb *iocb[BUCKET_SIZE];
	s64 since[BUCKET_SIZE];
	unsigned int next;
};

static struct bucket buckets[1 << BUCKETS_BITS];

/* Since when all is noted. Nothing is while the probes are not armed. */
static s64 complete_since = S64_MAX;

static struct bucket *bucket_of(const struct kiocb *iocb)
{
	return &buckets[hash_ptr((void *)iocb, BUCKETS_BITS)];
}
NOKPROBE_SYMBOL(bucket_of);

static bool claim(struct bucket *b)
{
	return !atomic_cmpxchg(&b->busy, 0, 1);
}
NOKPROBE_SYMBOL(claim);

static void release(struct bucket *b)
{
	/* Paired with the cmpxchg of claim(). */
	atomic_set_release(&b->busy, 0);
}
NOKPROBE_SYMBOL(release);

/* The place of a write; BUCKET_SIZE if it has none. */
static unsigned int place_of(const struct bucket *b, const struct kiocb *iocb)
{
	unsigned int place = 0;

	while (place < BUCKET_SIZE && b->iocb[place] != iocb)
		place++;
	return place;
}
NOKPROBE_SYMBOL(place_of);

/**
 * diolate_note_submission() - a direct write begins
 * @iocb: it; its first bio is not yet submitted
 *
 * If somebody else is there, what is left of an earlier write with this kiocb is older.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_note_submission(const struct kiocb *iocb)
{
	struct bucket *b = bucket_of(iocb);
	unsigned int place;

	if (!(iocb->ki_flags & IOCB_WRITE) || !READ_ONCE(iocb->ki_complete) || !claim(b))
		return;
	place = place_of(b, iocb);
	if (place == BUCKET_SIZE)
		place = b->next++ % BUCKET_SIZE;
	b->iocb[place] = iocb;
	b->since[place] = atomic64_read(&written_back);
	release(b);
}
NOKPROBE_SYMBOL(diolate_note_submission);

/**
 * diolate_submission() - when a direct write began
 * @iocb:  it, in flight
 * @since: set to when, for diolate_written_back(), if it was noted
 *
 * Context: any, also inside a probe handler.
 * Return: whether that was noted, and all that was written back since.
 */
bool diolate_submission(const struct kiocb *iocb, s64 *since)
{
	struct bucket *b = bucket_of(iocb);
	unsigned int place;
	bool noted;

	if (!claim(b))
		return false;
	place = place_of(b, iocb);
	noted = place < BUCKET_SIZE;
	if (noted)
		*since = b->since[place];
	release(b);
	return noted && *since >= READ_ONCE(complete_since);
}
NOKPROBE_SYMBOL(diolate_submission);

/* Never back: whoever was held up before it came here must not hide a later one. */
static void advance(atomic64_t *note, s64 number)
{
	s64 old = atomic64_read(note);

	while (old < number && !atomic64_try_cmpxchg(note, &old, number))
		;
}
NOKPROBE_SYMBOL(advance);

/**
 * diolate_note_writeback() - writeback of a folio starts, or ends
 * @folio: it, locked or under writeback, so that it stays in its file
 *
 * Context: any, also inside a probe handler, in an interrupt too.
 */
void diolate_note_writeback(struct folio *folio)
{
	struct address_space *mapping = folio_mapping(folio);
	pgoff_t chunk, last;
	s64 number;

	/* Nobody's, or anonymous memory on its way to swap. */
	if (!mapping || !mapping->host || !atomic_read(&mapping->host->i_dio_count))
		return;
	number = atomic64_inc_return(&written_back);
	chunk = folio_pos(folio) >> PAGE_SHIFT >> CHUNK_PAGES_SHIFT;
	last = (folio_pos(folio) + folio_size(folio) - 1) >> PAGE_SHIFT >> CHUNK_PAGES_SHIFT;
	for (; chunk <= last; chunk++)
		advance(note(mapping, chunk), number);
}
NOKPROBE_SYMBOL(diolate_note_writeback);

/**
 * diolate_written_back() - whether something of a range was written back
 * @mapping: the file
 * @first:   page, of it
 * @last:    page, of it
 * @since:   of diolate_submission()
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

/**
 * diolate_notes_complete() - say whether from now on all is noted
 * @complete: all the probes that lead here are armed, until this is called again
 *
 * Context: any.
 */
void diolate_notes_complete(bool complete)
{
	/* Behind whatever was noted of a write that began before. */
	WRITE_ONCE(complete_since, complete ? atomic64_inc_return(&written_back) : S64_MAX);
}
