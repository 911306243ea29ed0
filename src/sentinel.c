// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was written back before direct writes were followed (src/follow.c), of files with one in
 * flight: for those that were in flight by then.
 *
 * Following them is armed by the first writeback that could overtake one. Until then, and for a
 * while longer, each folio of such a writeback is kept here with a reference. If it is still in the
 * file when a bio of a direct write ends, that write began before the folio came, since a direct
 * write drops what is cached of its range before it sends anything (__iomap_dio_rw(),
 * generic_file_direct_write(), 5.10 to 7.3); because of the reference it is no other folio in the
 * same memory. And if nobody was submitting to the file when its writeback started, which the lock
 * of the inode tells on all file systems whose writes are told, the bio was on its way by then.
 *
 * Nobody's share is all of it: a file gets no more than half of what others of its owner have left,
 * and an owner no more than half of what others have left. Of folios that would be too many pages
 * only what was written is kept; and what finds no place is only known by number (src/writeback.c).
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "diolate.h"

#define NOTES 1024

/* For so long after direct writes began to be followed it is done here, too; jiffies. */
#define TRANSITION (10 * HZ)

/* No more pages than this are kept from the shrinker, nor a folio for longer; jiffies. */
#define MOST_PAGES (16 << (20 - PAGE_SHIFT))
#define LONGEST (10 * HZ)

/**
 * struct note - a folio that was written back
 * @used:    the place is not free
 * @folio:   that, with a reference; NULL if too many are kept, and it may be gone
 * @mapping: its file; compared, and followed only through the folio while that is locked
 * @pages:   how many the folio has that is kept
 * @written: what was written of it
 * @started: its writeback did, while nobody was submitting to the file
 * @owner:   whose file it is
 * @number:  when it was made or renewed, of diolate_writeback_next()
 * @made:    the same, jiffies
 */
struct note {
	bool used;
	struct folio *folio;
	const struct address_space *mapping;
	unsigned int pages;
	struct diolate_written written;
	bool started;
	u32 owner;
	s64 number;
	unsigned long made;
};

static struct note notes[NOTES];
static DEFINE_RAW_SPINLOCK(lock);

/* How many places are used. */
static unsigned int used;
/* Something was written back since @since that is not here. */
static bool lost;
static s64 since;

/* Of other owners, of other files of the owner, of the file. */
enum { OTHERS, OWNER, FILE, WHOSE };

/**
 * struct census - what is noted by now
 * @same:  the folio
 * @free:  a place that is
 * @notes: how many places are used, by whom
 * @pages: the same
 */
struct census {
	struct note *same, *free;
	unsigned int notes[WHOSE], pages[WHOSE];
};

/* How many more of @all a file may take, beside what it, its owner and others have. */
static unsigned int share(unsigned int all, const unsigned int *has)
{
	unsigned int owner = (all - has[OTHERS]) / 2, file;

	if (owner < has[OWNER])
		return 0;
	file = (owner - has[OWNER]) / 2;
	return file > has[FILE] ? file - has[FILE] : 0;
}
NOKPROBE_SYMBOL(share);

static bool is_of(const struct note *note, struct folio *folio,
		  const struct address_space *mapping)
{
	return note->folio ? note->folio == folio :
			     note->mapping == mapping &&
			     note->written.part.start == folio_pos(folio);
}
NOKPROBE_SYMBOL(is_of);

static void count(struct census *c, struct folio *folio, const struct address_space *mapping,
		  u32 owner)
{
	unsigned int i;

	*c = (struct census){};
	for (i = 0; i < NOTES; i++) {
		struct note *note = &notes[i];
		unsigned int whose = note->owner != owner ? OTHERS :
				     note->mapping != mapping ? OWNER : FILE;

		if (!note->used) {
			c->free = note;
			continue;
		}
		if (is_of(note, folio, mapping))
			c->same = note;
		c->notes[whose]++;
		c->pages[whose] += note->pages;
	}
}
NOKPROBE_SYMBOL(count);

/* It is written back once more, and something else of it may be. */
static void add(struct note *note, const struct diolate_written *written, bool started)
{
	struct diolate_written *w = &note->written;

	note->started &= started;
	if (w->kind != written->kind)
		w->kind = DIOLATE_WRITTEN_PERHAPS;
	w->part.end = max(w->part.end, written->part.end);
	if (w->blocks && written->blocks && w->unit_bits == written->unit_bits)
		bitmap_or(w->units, w->units, written->units, DIOLATE_WRITTEN_UNITS);
	else
		w->blocks = 0;
}
NOKPROBE_SYMBOL(add);

static struct note *make(const struct census *c, struct folio *folio,
			 const struct address_space *mapping, u32 owner)
{
	unsigned int pages = folio_size(folio) >> PAGE_SHIFT;
	struct note *note = c->free;

	if (share(NOTES, c->notes) < 1)
		return NULL;
	WRITE_ONCE(used, used + 1);
	WRITE_ONCE(note->used, true);
	note->mapping = mapping;
	note->owner = owner;
	note->folio = NULL;
	note->pages = 0;
	if (share(MOST_PAGES, c->pages) >= pages) {
		folio_get(folio);
		note->folio = folio;
		note->pages = pages;
	}
	return note;
}
NOKPROBE_SYMBOL(make);

/**
 * diolate_sentinel_note() - note that writeback of a folio starts
 * @folio:   it, locked
 * @mapping: its file, to which a direct write may be in flight
 * @number:  of diolate_writeback_next()
 *
 * Context: any, also inside an ftrace callback.
 */
void diolate_sentinel_note(struct folio *folio, const struct address_space *mapping, s64 number)
{
	struct inode *host = mapping->host;
	u32 owner = from_kuid(&init_user_ns, host->i_uid);
	struct diolate_written written;
	struct census census;
	unsigned long flags;
	struct note *note;
	bool started;

	if (diolate_follow_is_live(TRANSITION)) {
		if (!READ_ONCE(lost))
			WRITE_ONCE(lost, true);
		return;
	}
	diolate_part_written(folio, &written);
	started = !rwsem_is_locked(&host->i_rwsem);
	raw_spin_lock_irqsave(&lock, flags);
	count(&census, folio, mapping, owner);
	note = census.same;
	if (note) {
		add(note, &written, started);
	} else {
		note = make(&census, folio, mapping, owner);
		if (note) {
			note->written = written;
			note->started = started;
		}
	}
	if (note) {
		WRITE_ONCE(note->number, number);
		WRITE_ONCE(note->made, jiffies);
	} else {
		WRITE_ONCE(lost, true);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(diolate_sentinel_note);

/*
 * Whether the blocks written back are certain to lie in the write's range: a folio dirtied as a
 * whole may have been stored into beside it.
 */
static bool is_certain(const struct note *note, const struct diolate_part *part, s64 before)
{
	if (!note->started || note->number > before || !note->folio ||
	    READ_ONCE(note->folio->mapping) != note->mapping)
		return false;
	switch (note->written.kind) {
	case DIOLATE_WRITTEN:
		return true;
	case DIOLATE_WRITTEN_WHOLE:
		return note->written.part.start >= part->start &&
		       note->written.part.end <= part->end;
	case DIOLATE_WRITTEN_PERHAPS:
		break;
	}
	return false;
}
NOKPROBE_SYMBOL(is_certain);

/**
 * diolate_sentinel_judge() - whether a direct write was overtaken that was in flight before it was
 *                            followed
 * @mapping: its file
 * @part:    what it has written
 * @before:  only what was noted before this number is certain, of diolate_writeback_now()
 *
 * Context: any, also inside a probe handler.
 * Return: DIOLATE_IS_OVERTAKEN only if it was, if no bio of it had ended at @before, and none is in
 *         flight any more.
 */
enum diolate_verdict diolate_sentinel_judge(const struct address_space *mapping,
					    const struct diolate_part *part, s64 before)
{
	enum diolate_verdict verdict = DIOLATE_IS_NOT;
	unsigned long flags;
	unsigned int i;

	if (part->start >= part->end)
		return DIOLATE_IS_NOT;
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; used && i < NOTES; i++) {
		const struct note *note = &notes[i];

		if (!note->used || note->mapping != mapping ||
		    !diolate_part_meets(&note->written, part))
			continue;
		verdict = max(verdict, is_certain(note, part, before) ? DIOLATE_IS_OVERTAKEN :
								DIOLATE_NOT_JUDGED);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	if (verdict != DIOLATE_IS_NOT || !READ_ONCE(lost))
		return verdict;
	return diolate_written_back(mapping, part->start >> PAGE_SHIFT,
				    (part->end - 1) >> PAGE_SHIFT, READ_ONCE(since)) ?
		       DIOLATE_NOT_JUDGED : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(diolate_sentinel_judge);

static bool is_old(const struct note *note)
{
	return time_after_eq(jiffies, READ_ONCE(note->made) + LONGEST);
}

/* Whether it is of no more use: no direct write to the file is in flight any more. */
static bool is_done(const struct note *note)
{
	struct folio *folio = note->folio;
	bool over = false;

	if (!folio)
		return false;
	/* Its file is alive as long as it is in it, which its lock sees to. */
	if (READ_ONCE(folio->mapping) == note->mapping && folio_trylock(folio)) {
		if (folio->mapping == note->mapping)
			over = !atomic_read(&note->mapping->host->i_dio_count);
		folio_unlock(folio);
	}
	return over;
}

/* The last word is said under the lock: it may have been renewed. */
static struct folio *let_go(struct note *note, s64 number)
{
	struct folio *folio = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (note->number == number) {
		if (is_old(note))
			WRITE_ONCE(lost, true);
		folio = note->folio;
		note->folio = NULL;
		WRITE_ONCE(note->used, false);
		WRITE_ONCE(used, used - 1);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return folio;
}

/**
 * diolate_sentinel_release() - let go of what is of no more use
 * @all: or of everything
 *
 * Context: process, sleeps; by one at a time.
 * Return: whether something is left.
 */
bool diolate_sentinel_release(bool all)
{
	unsigned int i;

	for (i = 0; i < NOTES; i++) {
		struct note *note = &notes[i];
		s64 number = READ_ONCE(note->number);

		/* Only here it goes. */
		if (READ_ONCE(note->used) && (all || is_old(note) || is_done(note))) {
			struct folio *folio = let_go(note, number);

			if (folio)
				folio_put(folio);
		}
	}
	return READ_ONCE(used);
}

/**
 * diolate_sentinel_begin() - note what is written back, as direct writes are not followed
 *
 * Context: any; before the first that is not followed begins.
 */
void diolate_sentinel_begin(void)
{
	WRITE_ONCE(since, diolate_writeback_next());
	WRITE_ONCE(lost, false);
}
