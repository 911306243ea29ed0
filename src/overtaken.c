// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a direct write was overtaken: a folio of its range was written back while it was in
 * flight, so that older bytes may have landed on top of it, and nothing tells.
 *
 * Each folio that goes to writeback, or ends it, while a direct write to its file is in flight
 * (src/writeback.c) is kept in a table of fixed size, with a reference. A write that completes, and
 * has not yet invalidated the page cache, is judged by the notes that meet its range:
 * - The folio is still in the file. A direct write drops what is cached of its range before it
 *   begins (__iomap_dio_rw(), generic_file_direct_write(), 5.10 to 7.3), or it is none; so this one
 *   began before the folio came, and was in flight since: it is overtaken. Because of the reference
 *   nobody else drops a clean folio meanwhile (the shrinker, drop_caches, fadvise()), and a file
 *   that has pages cached is completed where it is judged (iomap_dio_done(), 7.3;
 *   dio_bio_end_aio(), 5.10 to 7.3); nor can the folio's memory come back as another.
 * - It is not. Then a write dropped it, that completed, or that began after its writeback; what was
 *   written back after the one judged here began (src/submission.c) overtook it.
 * - When that write began is not known: it cannot be judged, and is counted as such.
 * When writes begin is noted from soon after the first note on, until there was none for a minute:
 * that costs each write something, and few machines ever do what makes it needed.
 *
 * Whoever is completing a write invalidates after this, and waits for what is then under writeback.
 * What was noted meanwhile is seen by a second look, behind that.
 */
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "diolate.h"

/*
 * Notes are found by the file and a region of it, which tell some groups of places, each a word of
 * the bitmap below. A folio larger than a region has a note for each that it lies in.
 */
#define REGION_SHIFT (PAGE_SHIFT + 5)
#define GROUPS_BITS 7
#define GROUPS_OF_A_REGION 4
#define PLACES_OF_A_REGION (GROUPS_OF_A_REGION * BITS_PER_LONG)
#define NOTES (BITS_PER_LONG << GROUPS_BITS)

/* No more pages than this are kept from the shrinker. */
#define MOST_PAGES (64 << (20 - PAGE_SHIFT))

/* The number of a note while it has none. */
#define BEING_MADE S64_MAX

/**
 * struct note - what was written back of a file, while a direct write to it was in flight
 * @folio:   that, with a reference; NULL while the note comes or goes
 * @mapping: the file; compared, and followed only through the folio while that is locked
 * @extent:  of it, bytes; perhaps of more regions than this
 * @kind:    what is known of @extent
 * @ended:   this writeback of it did
 * @going:   it is being taken away
 * @made:    when, or renewed, jiffies
 * @number:  of the last start or end of its writeback, in the order of src/writeback.c
 */
struct note {
	struct folio *folio;
	const struct address_space *mapping;
	struct diolate_part extent;
	enum diolate_written kind;
	bool ended;
	bool going;
	unsigned long made;
	atomic64_t number;
};

static struct note notes[NOTES];
static DECLARE_BITMAP(used, NOTES);

static u32 hash_of(const struct address_space *mapping, u64 region)
{
	return hash_64((unsigned long)mapping + region * GOLDEN_RATIO_64, 32);
}
NOKPROBE_SYMBOL(hash_of);

/* Where the nth place of the region with this hash is; its groups are not the same few's next. */
static unsigned int nth_place(u32 hash, unsigned int n)
{
	u32 group = hash + n / BITS_PER_LONG * (hash >> GROUPS_BITS | 1);

	return (group * BITS_PER_LONG + n % BITS_PER_LONG) % NOTES;
}
NOKPROBE_SYMBOL(nth_place);

/* The next note of a region from its *@nth place on, which is moved behind it, or NULL. */
static struct note *next_note(u32 hash, unsigned int *nth)
{
	unsigned int place;
	unsigned long rest;

	while (*nth < PLACES_OF_A_REGION) {
		place = nth_place(hash, *nth);
		rest = READ_ONCE(used[BIT_WORD(place)]) >> place % BITS_PER_LONG;
		if (rest) {
			*nth += __ffs(rest) + 1;
			return &notes[place + __ffs(rest)];
		}
		*nth = round_down(*nth, BITS_PER_LONG) + BITS_PER_LONG;
	}
	return NULL;
}
NOKPROBE_SYMBOL(next_note);

/* How many are used, or are about to be; and the pages of their folios. */
atomic_t diolate_overtaken_notes;
static atomic_t pages;

/* The number of the newest note for which there was no place, or which was given up. */
static atomic64_t given_up;

/*
 * A note is given up after so long, although a write that it meets may still be in flight; if its
 * folio is not in the file any more.
 */
#define LONGEST (10 * HZ)
#define LONGEST_WITHOUT_FOLIO (2 * HZ)

/* When writes begin is noted for so long after the last note. */
#define QUIET (60 * HZ)

static void attend(struct work_struct *work);
static DECLARE_DELAYED_WORK(attending, attend);
atomic_t diolate_overtaken_attended;

/* Nothing calls for attention any more. */
static bool stopped = true;

static void call(void)
{
	if (!READ_ONCE(stopped) && !atomic_read(&diolate_overtaken_attended) &&
	    !atomic_xchg(&diolate_overtaken_attended, 1))
		schedule_delayed_work(&attending, 0);
}
NOKPROBE_SYMBOL(call);

static bool same_part(const struct diolate_part *a, const struct diolate_part *b)
{
	return a->start == b->start && a->end == b->end;
}
NOKPROBE_SYMBOL(same_part);

static int folio_pages(struct folio *folio)
{
	return folio_size(folio) >> PAGE_SHIFT;
}
NOKPROBE_SYMBOL(folio_pages);

/* The note of a folio, whose writeback ends that had started, or starts with this part of it. */
static struct note *find_own(u32 hash, const struct folio *folio, const struct diolate_part *extent)
{
	unsigned int nth = 0;
	struct note *n;

	while ((n = next_note(hash, &nth)))
		if (READ_ONCE(n->folio) == folio && !READ_ONCE(n->going) &&
		    (extent ? same_part(extent, &n->extent) : !n->ended))
			return n;
	return NULL;
}
NOKPROBE_SYMBOL(find_own);

static struct note *claim(u32 hash)
{
	unsigned int nth, place;

	for (nth = 0; nth < PLACES_OF_A_REGION; nth++) {
		place = nth_place(hash, nth);
		if (!test_bit(place, used) && !test_and_set_bit(place, used))
			return &notes[place];
	}
	return NULL;
}
NOKPROBE_SYMBOL(claim);

/* Put a note where nobody else does. It can be seen before it has a number: see below. */
static struct note *put_note(u32 hash, struct folio *folio,
			     const struct diolate_part *extent, enum diolate_written kind)
{
	struct note *n;

	if (atomic_read(&pages) > MOST_PAGES)
		return NULL;
	atomic_inc(&diolate_overtaken_notes);
	n = claim(hash);
	if (!n) {
		atomic_dec(&diolate_overtaken_notes);
		return NULL;
	}
	atomic_add(folio_pages(folio), &pages);
	folio_get(folio);
	n->mapping = folio_mapping(folio);
	n->extent = *extent;
	n->kind = kind;
	n->going = false;
	n->made = jiffies;
	atomic64_set(&n->number, BEING_MADE);
	/* Paired with the load in diolate_overtaken(). */
	smp_store_release(&n->folio, folio);
	return n;
}
NOKPROBE_SYMBOL(put_note);

/* In one region. Whether there was a place for it. */
static bool note_region(u32 hash, struct folio *folio, bool starts,
			const struct diolate_part *extent, enum diolate_written kind)
{
	struct note *n = find_own(hash, folio, starts ? extent : NULL);

	if (n) {
		n->ended = !starts;
		WRITE_ONCE(n->made, jiffies);
		atomic64_set(&n->number, diolate_writeback_next());
		/* Paired with that in take(): it sees the number, or this that it goes. */
		smp_mb();
		if (!READ_ONCE(n->going))
			return true;
	}
	n = put_note(hash, folio, extent, kind);
	if (!n)
		return false;
	n->ended = !starts;
	atomic64_set(&n->number, diolate_writeback_next());
	return true;
}
NOKPROBE_SYMBOL(note_region);

/**
 * diolate_overtaken_note() - note that writeback of a folio starts, or ends
 * @folio:  it, locked or under writeback, of a file with a direct write in flight
 * @starts: which
 *
 * The note is there before its number is given: who has read a number as high or higher, and looks
 * then, sees it.
 *
 * Context: any, also inside an ftrace callback, in an interrupt too; with preemption off.
 * Return: whether all is noted; else diolate_overtaken_lost() has to follow.
 */
bool diolate_overtaken_note(struct folio *folio, bool starts)
{
	const struct address_space *mapping = folio_mapping(folio);
	enum diolate_written kind = DIOLATE_WRITTEN_PERHAPS;
	struct diolate_part extent;
	bool all = true;
	u64 region;

	if (starts) {
		kind = diolate_part_written(folio, &extent);
	} else {
		/* If its start was not noted: it is in the file yet, but may be dirty again. */
		extent.start = folio_pos(folio);
		extent.end = diolate_end_of(folio);
		if (folio_size(folio) <= i_blocksize(mapping->host))
			kind = DIOLATE_WRITTEN;
	}
	for (region = extent.start >> REGION_SHIFT; region << REGION_SHIFT < extent.end; region++)
		all &= note_region(hash_of(mapping, region), folio, starts, &extent, kind);
	call();
	return all;
}
NOKPROBE_SYMBOL(diolate_overtaken_note);

/**
 * diolate_overtaken_lost() - there was no place for a note
 * @number: as high as its own or higher
 *
 * Context: any, also inside an ftrace callback.
 */
void diolate_overtaken_lost(s64 number)
{
	diolate_advance(&given_up, number);
}
NOKPROBE_SYMBOL(diolate_overtaken_lost);

static bool meets(const struct diolate_part *a, const struct diolate_part *b)
{
	return a->start < b->end && b->start < a->end;
}
NOKPROBE_SYMBOL(meets);

/*
 * Whether what was written back of this part, or dirtied, is certain to be of the write's range. If
 * a folio of many blocks was dirtied as a whole that may have been done beside it.
 */
static bool is_certain(const struct note *n, const struct diolate_part *part)
{
	switch (n->kind) {
	case DIOLATE_WRITTEN:
		return true;
	case DIOLATE_WRITTEN_WHOLE:
		return n->extent.start >= part->start && n->extent.end <= part->end;
	case DIOLATE_WRITTEN_PERHAPS:
		break;
	}
	return false;
}
NOKPROBE_SYMBOL(is_certain);

/* By one note that meets the write. */
static enum diolate_verdict judge(const struct note *n, const struct folio *folio,
				  const struct diolate_part *part, const s64 *since, bool again)
{
	bool stays = READ_ONCE(folio->mapping) == n->mapping;

	/* The second look is behind the invalidation: what stays came after that. */
	if (stays && again)
		return DIOLATE_IS_NOT;
	if (!stays && since && atomic64_read(&n->number) <= *since)
		return DIOLATE_IS_NOT;
	if (!stays && !since)
		return DIOLATE_NOT_JUDGED;
	return is_certain(n, part) ? DIOLATE_IS_OVERTAKEN : DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(judge);

/**
 * diolate_overtaken() - judge a direct write that completes
 * @mapping: its file
 * @part:    what it has written, bytes
 * @since:   when it began, or was judged before, of diolate_writeback_now(); NULL if that is not
 *           known
 * @again:   it was judged before, and has invalidated the page cache since
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 * Return: whether it was overtaken.
 */
enum diolate_verdict diolate_overtaken(const struct address_space *mapping,
				       const struct diolate_part *part, const s64 *since,
				       bool again)
{
	enum diolate_verdict verdict = DIOLATE_IS_NOT;
	s64 begun = since ? *since : 0;
	u64 region;

	for (region = part->start >> REGION_SHIFT; region << REGION_SHIFT < part->end; region++) {
		u32 hash = hash_of(mapping, region);
		unsigned int nth = 0;
		struct note *n;

		while ((n = next_note(hash, &nth))) {
			/* Paired with the release in put_note(). */
			struct folio *folio = smp_load_acquire(&n->folio);

			if (folio && n->mapping == mapping && meets(&n->extent, part))
				verdict = max(verdict, judge(n, folio, part, since, again));
		}
	}
	if (verdict != DIOLATE_IS_NOT)
		return verdict;
	if (begun >= atomic64_read(&given_up))
		return DIOLATE_IS_NOT;
	/* Paired with the full barrier of diolate_advance(), in note_writeback(). */
	smp_rmb();
	return diolate_written_back(mapping, part->start >> PAGE_SHIFT,
				    (part->end - 1) >> PAGE_SHIFT, begun) ?
		       DIOLATE_NOT_JUDGED : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(diolate_overtaken);

/* Whether no direct write is in flight that was when a note was made, or it is to be given up. */
static bool is_over(const struct note *n, struct folio *folio)
{
	unsigned long longest = LONGEST_WITHOUT_FOLIO;
	bool over = false;

	if (READ_ONCE(folio->mapping) == n->mapping) {
		longest = LONGEST;
		/* Its file is alive as long as it is in it, which its lock sees to. */
		if (folio_trylock(folio)) {
			if (folio->mapping == n->mapping)
				over = !atomic_read(&n->mapping->host->i_dio_count);
			folio_unlock(folio);
		}
	}
	if (over || time_before(jiffies, READ_ONCE(n->made) + longest))
		return over;
	diolate_advance(&given_up, atomic64_read(&n->number));
	return true;
}

/* Take a note away, unless its folio was written back once more just now. */
static bool take(struct note *n, s64 number)
{
	WRITE_ONCE(n->going, true);
	/* Paired with that in note_region(). */
	smp_mb();
	if (atomic64_read(&n->number) == number) {
		WRITE_ONCE(n->folio, NULL);
		return true;
	}
	WRITE_ONCE(n->going, false);
	return false;
}

static void release(bool all)
{
	static struct folio *going[NOTES];
	bool some = false;
	unsigned int i;

	for_each_set_bit(i, used, NOTES) {
		struct note *n = &notes[i];
		/* Paired with the release in put_note(). */
		struct folio *folio = smp_load_acquire(&n->folio);
		s64 number = atomic64_read(&n->number);

		if (!folio || number == BEING_MADE || !(all || is_over(n, folio)) ||
		    !take(n, number))
			continue;
		going[i] = folio;
		some = true;
	}
	if (!some)
		return;
	/* Who has seen one of them looks at it with preemption off. */
	synchronize_rcu();
	for (i = 0; i < NOTES; i++) {
		if (!going[i])
			continue;
		atomic_sub(folio_pages(going[i]), &pages);
		folio_put(going[i]);
		going[i] = NULL;
		clear_bit(i, used);
		atomic_dec(&diolate_overtaken_notes);
	}
}

/* As long as there are notes, and for a while longer. */
static void attend(struct work_struct *work)
{
	static unsigned long last;

	if (atomic_read(&diolate_overtaken_notes)) {
		last = jiffies;
		diolate_track(true);
		release(false);
	}
	if (atomic_read(&diolate_overtaken_notes) || time_before(jiffies, last + QUIET)) {
		schedule_delayed_work(&attending, HZ / 10);
		return;
	}
	diolate_track(false);
	atomic_set(&diolate_overtaken_attended, 0);
	/* A note that was made meanwhile has not called. Paired with the xchg in call(). */
	smp_mb();
	if (atomic_read(&diolate_overtaken_notes))
		call();
}

/**
 * diolate_overtaken_start() - begin to look after what is going to be noted
 *
 * Context: process; before writeback is followed.
 */
void diolate_overtaken_start(void)
{
	WRITE_ONCE(stopped, false);
}

/**
 * diolate_overtaken_stop() - look after it no longer
 *
 * Context: process, sleeps; when writeback is not followed any more.
 */
void diolate_overtaken_stop(void)
{
	WRITE_ONCE(stopped, true);
	cancel_delayed_work_sync(&attending);
	diolate_track(false);
}

/**
 * diolate_overtaken_exit() - give back what was noted
 *
 * Context: process, sleeps; after diolate_overtaken_stop(), and when nothing is judged any more.
 */
void diolate_overtaken_exit(void)
{
	release(true);
}
