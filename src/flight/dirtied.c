// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who made which folio dirty, of files with direct I/O in flight: a ring of the newest for each
 * group of files.
 *
 * The name that is found must be right. So the newest that covers a page counts, and none is
 * missing between that and the time of which is asked:
 * - All of one file are noted in their order, because the caller holds the lock of its page cache.
 * - A file is watched for DIOLATE_WATCH after a folio of it became dirty while direct I/O to it was
 *   in flight, and each note says until when its file was watched by then. An older note is not
 *   believed.
 * - A handler that finds its place in use by another loses its note. Then no note of the ring
 *   before that one is believed.
 * - What became dirty while the folio was under writeback is not what is being written.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>

#include "flight/dirtied.h"

#define RINGS_BITS 4
#define NOTES 256

/* A note that is being written. */
#define BUSY (~0ULL)

/**
 * struct dirtied - a folio that became dirty
 * @number:    which note of its ring this is, from 1; 0 for none, or BUSY
 * @mapping:   its file; compared
 * @first:     its first page
 * @last:      its last page
 * @writeback: it was under writeback
 * @until:     until when its file was watched; jiffies
 * @who:       who made it dirty
 */
struct dirtied {
	u64 number;
	const struct address_space *mapping;
	pgoff_t first, last;
	bool writeback;
	unsigned long until;
	struct diolate_dirtier who;
};

static struct ring {
	atomic64_t newest ____cacheline_aligned;
	/* No note before this one is believed. */
	atomic64_t sound;
	struct dirtied notes[NOTES];
} rings[1 << RINGS_BITS];

/* Until when the files of a hash are watched, and until when any file is; jiffies. */
unsigned long diolate_dirtied_watches[1 << DIOLATE_WATCHES_BITS];
unsigned long diolate_dirtied_until;

static struct ring *dirtied_ring_of(const struct address_space *mapping)
{
	return &rings[hash_ptr((void *)mapping, RINGS_BITS)];
}
NOKPROBE_SYMBOL(dirtied_ring_of);

static unsigned long *dirtied_watch_of(const struct address_space *mapping)
{
	return &diolate_dirtied_watches[hash_ptr((void *)mapping, DIOLATE_WATCHES_BITS)];
}
NOKPROBE_SYMBOL(dirtied_watch_of);

/**
 * diolate_dirtied_init() - watch no file
 *
 * Context: any; before anything else here.
 */
void diolate_dirtied_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(diolate_dirtied_watches); i++)
		diolate_dirtied_watches[i] = jiffies;
	diolate_dirtied_until = jiffies;
}

static void dirtied_prolong(unsigned long *watch, unsigned long until)
{
	unsigned long old = READ_ONCE(*watch);

	/* Another file may be watched for longer. */
	while (time_before(old, until)) {
		unsigned long found = cmpxchg(watch, old, until);

		if (found == old)
			break;
		old = found;
	}
}
NOKPROBE_SYMBOL(dirtied_prolong);

/**
 * diolate_dirtied_watch() - watch a file, because direct I/O to it is in flight
 * @mapping: the file
 *
 * Context: any.
 */
void diolate_dirtied_watch(const struct address_space *mapping)
{
	unsigned long until = jiffies + DIOLATE_WATCH;

	dirtied_prolong(dirtied_watch_of(mapping), until);
	dirtied_prolong(&diolate_dirtied_until, until);
}
NOKPROBE_SYMBOL(diolate_dirtied_watch);

/* A note is lost, so that those before it may be out of date. */
static void dirtied_lose(struct ring *ring, u64 number)
{
	s64 old = atomic64_read(&ring->sound);

	while (old < (s64)number) {
		s64 found = atomic64_cmpxchg(&ring->sound, old, number);

		if (found == old)
			break;
		old = found;
	}
	/*
	 * Another may have stored a later number, so that this stores none: who finds the tag of
	 * the folio has to find that one. Paired with the barrier in diolate_dirtied_find().
	 */
	smp_mb();
}
NOKPROBE_SYMBOL(dirtied_lose);

/**
 * diolate_dirtied_note() - note that a folio became dirty
 * @mapping:   its file, which diolate_dirtied_is_watched()
 * @first:     its first page
 * @last:      its last page
 * @writeback: it is tagged in the page cache as under writeback
 * @who:       who made it dirty, or nobody if that is not known
 *
 * Context: any; one caller at a time for a file.
 */
void diolate_dirtied_note(const struct address_space *mapping, pgoff_t first, pgoff_t last,
			  bool writeback, const struct diolate_dirtier *who)
{
	struct ring *ring = dirtied_ring_of(mapping);
	u64 number = atomic64_inc_return(&ring->newest);
	struct dirtied *note = &ring->notes[number % NOTES];
	u64 old = READ_ONCE(note->number);

	if (old == BUSY || old > number || cmpxchg(&note->number, old, BUSY) != old) {
		dirtied_lose(ring, number);
		return;
	}
	WRITE_ONCE(note->mapping, mapping);
	WRITE_ONCE(note->first, first);
	WRITE_ONCE(note->last, last);
	WRITE_ONCE(note->writeback, writeback);
	WRITE_ONCE(note->until, READ_ONCE(*dirtied_watch_of(mapping)));
	note->who = *who;
	/* Paired with the acquire in dirtied_is_it(): who finds the number finds the note whole. */
	smp_store_release(&note->number, number);
	/* Paired with that in diolate_dirtied_find(): who finds the tag of the folio finds this. */
	smp_wmb();
}
NOKPROBE_SYMBOL(diolate_dirtied_note);

/* Whether a note covers a page; one that is written anew meanwhile is found out by the caller. */
static bool dirtied_is_it(const struct dirtied *note, u64 number,
			  const struct address_space *mapping, pgoff_t index)
{
	/* Paired with the release in diolate_dirtied_note(). */
	return smp_load_acquire(&note->number) == number && READ_ONCE(note->mapping) == mapping &&
	       READ_ONCE(note->first) <= index && READ_ONCE(note->last) >= index;
}
NOKPROBE_SYMBOL(dirtied_is_it);

/* A note by its number and its ring. */
static u64 dirtied_handle(const struct ring *ring, u64 number)
{
	return number << RINGS_BITS | (ring - rings);
}
NOKPROBE_SYMBOL(dirtied_handle);

/**
 * diolate_dirtied_now() - which note is the newest now, for diolate_dirtied_find()
 * @mapping: a file
 *
 * Context: any, also inside a probe handler.
 * Return: the lower half of its number, to be compared with others of this file.
 */
u32 diolate_dirtied_now(const struct address_space *mapping)
{
	return atomic64_read(&dirtied_ring_of(mapping)->newest);
}
NOKPROBE_SYMBOL(diolate_dirtied_now);

/* Whether a note is of the time of which is asked, and no newer one of its folio was lost. */
static bool dirtied_is_believed(const struct ring *ring, u64 number, bool writeback)
{
	const struct dirtied *note = &ring->notes[number % NOTES];

	return (u64)atomic64_read(&ring->sound) <= number &&
	       time_before(jiffies, READ_ONCE(note->until)) &&
	       !(writeback && READ_ONCE(note->writeback));
}
NOKPROBE_SYMBOL(dirtied_is_believed);

/**
 * diolate_dirtied_find() - how the folio of a page became dirty
 * @mapping:   its file; compared
 * @index:     the page, which was just found with the tag of a dirty folio, or under writeback
 * @writeback: it is under writeback: who made dirty what is being written counts
 * @latest:    of diolate_dirtied_now(), at the time of which is asked, if the page may have become
 *             dirty since; else NULL
 *
 * Context: any, also inside a probe handler.
 * Return: a note for diolate_dirtied_who(); 0 if there is none, or none that is certain.
 */
u64 diolate_dirtied_find(const struct address_space *mapping, pgoff_t index, bool writeback,
			 const u32 *latest)
{
	const struct ring *ring = dirtied_ring_of(mapping);
	u64 number, newest;

	/* After the tag; paired with that in diolate_dirtied_note(). */
	smp_rmb();
	newest = atomic64_read(&ring->newest);
	/* What is in the making is of other folios, or of a time after the tag was found. */
	for (number = newest; number && number + NOTES > newest; number--)
		if (dirtied_is_it(&ring->notes[number % NOTES], number, mapping, index))
			break;
	if (!number || number + NOTES <= newest)
		return 0;
	if (latest && (s32)((u32)number - *latest) > 0)
		return 0;
	/* If the note is written anew just now, diolate_dirtied_who() finds that out. */
	return dirtied_is_believed(ring, number, writeback) ? dirtied_handle(ring, number) : 0;
}
NOKPROBE_SYMBOL(diolate_dirtied_find);

/**
 * diolate_dirtied_who() - who made a folio dirty
 * @note: of diolate_dirtied_find(), or 0
 * @who:  set to who did
 *
 * Context: any, also inside a probe handler.
 * Return: whether it is known yet.
 */
bool diolate_dirtied_who(u64 note, struct diolate_dirtier *who)
{
	const struct ring *ring = &rings[note % ARRAY_SIZE(rings)];
	u64 number = note >> RINGS_BITS;

	/* Perhaps it is written anew just now: see below. */
	data_race(*who = ring->notes[number % NOTES].who);
	/*
	 * Whoever writes this note anew has taken its number before. Paired with the cmpxchg() in
	 * diolate_dirtied_note().
	 */
	smp_rmb();
	return number && (u64)atomic64_read(&ring->newest) < number + NOTES &&
	       who->by != DIOLATE_BY_NOBODY;
}
NOKPROBE_SYMBOL(diolate_dirtied_who);
