// SPDX-License-Identifier: GPL-2.0-only
/*
 * A note says when a chunk of a file was last written back with direct I/O to the file in flight:
 * by a number that grows with every note, and by no clock, which might step back between
 * processors. The table of notes has a fixed size and no lock. Two chunks that share a note can
 * only make a write unknown that is not. It is asked only where nothing better is known.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/kprobes.h>

#include "flight/order.h"

/*
 * The number of the last note; 1 before the first, since 0 is before all. Without notes nobody
 * writes to its cache line.
 */
atomic64_t diolate_order_number = ATOMIC64_INIT(1);

/*
 * The last note of each chunk of a file. A chunk is 16 KiB (with pages of 4 KiB), which a database
 * writes at a time: writeback beside a write must not make the write unknown.
 */
#define CHUNK_PAGES_SHIFT 2
#define NOTES_BITS 15
static atomic64_t notes[1 << NOTES_BITS];

/* All chunks of a range are looked at: 131072 loads for the longest write, of 2 GiB. */
static atomic64_t *order_note(const struct address_space *mapping, pgoff_t chunk)
{
	return &notes[hash_64((unsigned long)mapping + chunk * GOLDEN_RATIO_64, NOTES_BITS)];
}
NOKPROBE_SYMBOL(order_note);

/* A note never goes back: a processor that was held up must not hide a later note. */
static void order_advance(atomic64_t *to, s64 number)
{
	s64 old = atomic64_read(to);

	while (old < number && !atomic64_try_cmpxchg(to, &old, number))
		;
}
NOKPROBE_SYMBOL(order_advance);

/**
 * diolate_order_next() - take the next number of a note
 *
 * Context: any, also inside a probe handler.
 * Return: the number, which nobody else gets.
 */
s64 diolate_order_next(void)
{
	return atomic64_inc_return(&diolate_order_number);
}
NOKPROBE_SYMBOL(diolate_order_next);

/**
 * diolate_order_note() - pages of a file are written back
 * @mapping: the file
 * @first:   the first page
 * @last:    the last page
 *
 * Context: any, also inside a probe handler.
 * Return: the number of the note.
 */
s64 diolate_order_note(const struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	s64 number = diolate_order_next();
	pgoff_t chunk;

	for (chunk = first >> CHUNK_PAGES_SHIFT; chunk <= last >> CHUNK_PAGES_SHIFT; chunk++)
		order_advance(order_note(mapping, chunk), number);
	return number;
}
NOKPROBE_SYMBOL(diolate_order_note);

/**
 * diolate_order_written_back() - whether some page of a range was written back
 * @mapping: the file
 * @first:   the first page
 * @last:    the last page
 * @since:   of diolate_order_now()
 *
 * Context: any.
 * Return: false only if none was.
 */
bool diolate_order_written_back(const struct address_space *mapping, pgoff_t first, pgoff_t last,
				s64 since)
{
	pgoff_t chunk;

	for (chunk = first >> CHUNK_PAGES_SHIFT; chunk <= last >> CHUNK_PAGES_SHIFT; chunk++)
		if (atomic64_read(order_note(mapping, chunk)) > since)
			return true;
	return false;
}
NOKPROBE_SYMBOL(diolate_order_written_back);
