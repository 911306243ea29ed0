// SPDX-License-Identifier: GPL-2.0-only
/*
 * A note keeps a folio that was written back before direct writes were followed
 * (src/entry/bios.c), of a file with direct I/O in flight, to judge the writes in flight by then.
 *
 * The first writeback that could overtake a direct write arms following. Until following is armed,
 * and for TRANSITION longer, each folio of such a writeback gets a note with a reference. A direct
 * write drops the folios of its range before it sends a bio (__iomap_dio_rw(),
 * generic_file_direct_write(), 5.10 to 7.3). So if the folio is in the file when a bio ends, the
 * write began before the folio came; the reference excludes another folio in the same memory. If no
 * task was submitting to the file when writeback started, which the inode's lock shows on all file
 * systems whose writes are told, the bio was on its way by then.
 *
 * A file gets at most half of what other files of its owner have left, and an owner at most half of
 * what other owners have left. A folio with too many pages is noted without a reference. A folio
 * without a note is known only by its number (src/flight/order.c).
 */
#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "flight/dirtied.h"
#include "flight/folio_part.h"
#include "flight/following.h"
#include "flight/order.h"
#include "flight/sentinel.h"

#define NOTES 1024
#define CHAINS_BITS 8
/* As many as notes, so that files that are noted at a time hardly share an account. */
#define TAKEN_BITS 10

/* Notes are made until direct writes have been followed for so long; jiffies. */
#define TRANSITION (10 * HZ)

/* Notes keep no more pages than this from the shrinker, and a folio no longer; jiffies. */
#define MOST_PAGES (16 << (20 - PAGE_SHIFT))
#define LONGEST (10 * HZ)

/**
 * struct note - a folio that was written back
 * @used:    the note is in use
 * @next:    of its chain, or of those that are free; or NULL
 * @folio:   the folio, with a reference; NULL if too many pages are kept
 * @mapping: its file; compared, and dereferenced only while @folio is in it and locked
 * @pages:   how many pages @folio has; 0 if NULL
 * @written: which part of the folio was written
 * @started: whenever writeback started, no task was submitting to the file
 * @owner:   user who owns the file, in the initial user namespace
 * @number:  when the note was made or renewed, of diolate_order_note()
 * @made:    the same, jiffies
 * @dirtied: the note of how the folio became dirty (dirtied.h), or 0
 */
struct note {
	bool used;
	struct note *next;
	struct folio *folio;
	const struct address_space *mapping;
	unsigned int pages;
	struct diolate_written written;
	bool started;
	u32 owner;
	s64 number;
	unsigned long made;
	u64 dirtied;
};

static struct note notes[NOTES];
static DEFINE_RAW_SPINLOCK(lock);

/* The notes in use of the folios that have one hash. */
static struct note *chains[1 << CHAINS_BITS];
/* The notes that are free again, and how many others have ever been used. */
static struct note *freed;
static unsigned int touched;

/**
 * struct taken - what notes take
 * @notes: how many they are
 * @pages: how many pages they keep
 */
struct taken {
	unsigned int notes, pages;
};

/* By all; by owners, and by files, that have one hash, and share what one of them may have. */
static struct taken everybody, owners[1 << TAKEN_BITS], files[1 << TAKEN_BITS];

/* A folio written back after number @since has no note. */
static bool lost;
static s64 since;
/* It has none though a write may have needed one that is not followed, and may be in flight yet. */
static bool needed;

static struct taken *sentinel_owner(u32 owner)
{
	return &owners[hash_32(owner, TAKEN_BITS)];
}
NOKPROBE_SYMBOL(sentinel_owner);

static struct taken *sentinel_file(const struct address_space *mapping)
{
	return &files[hash_ptr((void *)mapping, TAKEN_BITS)];
}
NOKPROBE_SYMBOL(sentinel_file);

/* A note begins to be used, or ends. */
static void sentinel_take(const struct note *note, int many)
{
	struct taken *taken[] = {
		&everybody, sentinel_owner(note->owner), sentinel_file(note->mapping)
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		WRITE_ONCE(taken[i]->notes, taken[i]->notes + many);
		taken[i]->pages += many * (int)note->pages;
	}
}
NOKPROBE_SYMBOL(sentinel_take);

/* How many more of @most a file may take; others, its owner and itself have taken some. */
static unsigned int sentinel_share(unsigned int most, unsigned int taken, unsigned int owner,
				   unsigned int file)
{
	unsigned int left = most - taken;

	left = left > owner ? (left - owner) / 2 : 0;
	return left > file ? (left - file) / 2 : 0;
}
NOKPROBE_SYMBOL(sentinel_share);

static struct note **sentinel_chain(const struct address_space *mapping, loff_t pos)
{
	return &chains[hash_ptr((char *)mapping + (pos >> PAGE_SHIFT), CHAINS_BITS)];
}
NOKPROBE_SYMBOL(sentinel_chain);

static struct note *sentinel_find(struct folio *folio, const struct address_space *mapping)
{
	struct note *note = *sentinel_chain(mapping, folio_pos(folio));

	for (; note; note = note->next)
		if (note->mapping == mapping && note->written.part.start == folio_pos(folio) &&
		    (!note->folio || note->folio == folio))
			return note;
	return NULL;
}
NOKPROBE_SYMBOL(sentinel_find);

/* The folio is written back again, perhaps other blocks, of somebody else. */
static void sentinel_add(struct note *note, const struct diolate_written *written, bool started,
			 u64 dirtied)
{
	struct diolate_written *w = &note->written;

	note->started &= started;
	if (note->dirtied != dirtied)
		note->dirtied = 0;
	if (w->kind != written->kind)
		w->kind = DIOLATE_WRITTEN_PERHAPS;
	w->part.end = max(w->part.end, written->part.end);
	if (w->blocks && written->blocks && w->unit_bits == written->unit_bits)
		bitmap_or(w->units, w->units, written->units, DIOLATE_WRITTEN_UNITS);
	else
		w->blocks = 0;
}
NOKPROBE_SYMBOL(sentinel_add);

/* A note that is not in use has no folio: see sentinel_let_go(). */
static struct note *sentinel_make(struct folio *folio, const struct address_space *mapping,
				  u32 owner, const struct diolate_written *written)
{
	const struct taken *o = sentinel_owner(owner), *f = sentinel_file(mapping);
	struct note **chain = sentinel_chain(mapping, folio_pos(folio));
	unsigned int pages = folio_size(folio) >> PAGE_SHIFT;
	struct note *note = freed;

	if (!sentinel_share(NOTES, everybody.notes, o->notes, f->notes))
		return NULL;
	if (note)
		freed = note->next;
	else
		note = &notes[touched++];
	WRITE_ONCE(note->used, true);
	WRITE_ONCE(note->mapping, mapping);
	note->written = *written;
	note->owner = owner;
	note->pages = 0;
	if (sentinel_share(MOST_PAGES, everybody.pages, o->pages, f->pages) >= pages) {
		folio_get(folio);
		WRITE_ONCE(note->folio, folio);
		note->pages = pages;
	}
	sentinel_take(note, 1);
	note->next = *chain;
	*chain = note;
	return note;
}
NOKPROBE_SYMBOL(sentinel_make);

/**
 * diolate_sentinel_note() - note that writeback of a folio starts
 * @folio:   the folio, locked
 * @mapping: its file, to which a direct write may be in flight
 * @number:  of diolate_order_note()
 *
 * Context: any, also inside an ftrace callback.
 */
void diolate_sentinel_note(struct folio *folio, const struct address_space *mapping, s64 number)
{
	struct inode *host = mapping->host;
	u32 owner = from_kuid(&init_user_ns, host->i_uid);
	struct diolate_written written;
	unsigned long flags;
	struct note *note;
	bool started;
	u64 dirtied;

	if (diolate_following_is_live(TRANSITION)) {
		if (!READ_ONCE(lost))
			WRITE_ONCE(lost, true);
		return;
	}
	diolate_folio_part_written(folio, &written);
	started = !rwsem_is_locked(&host->i_rwsem);
	/* The folio is tagged as dirty until its writeback has started. */
	dirtied = diolate_dirtied_find(mapping, folio_pos(folio) >> PAGE_SHIFT, false, NULL);
	raw_spin_lock_irqsave(&lock, flags);
	note = sentinel_find(folio, mapping);
	if (note) {
		sentinel_add(note, &written, started, dirtied);
	} else {
		note = sentinel_make(folio, mapping, owner, &written);
		if (note) {
			note->started = started;
			note->dirtied = dirtied;
		}
	}
	if (note) {
		WRITE_ONCE(note->number, number);
		WRITE_ONCE(note->made, jiffies);
	} else {
		WRITE_ONCE(lost, true);
		WRITE_ONCE(needed, true);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}
NOKPROBE_SYMBOL(diolate_sentinel_note);

/*
 * Whether a note proves that the write was overtaken. A folio written as a whole must lie in the
 * write's range, because the store that dirtied the folio may lie beside the write.
 */
static bool sentinel_is_certain(const struct note *note, const struct diolate_part *part,
				s64 before)
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
NOKPROBE_SYMBOL(sentinel_is_certain);

/**
 * diolate_sentinel_judge() - whether a direct write that began before following was overtaken
 * @mapping: the file of the write
 * @part:    the bytes written
 * @before:  of diolate_order_now(); later notes prove nothing
 * @dirtied: if overtaken, set to the note of how what overtook it became dirty (dirtied.h), or 0
 *
 * Context: any, also inside a probe handler.
 * Return: DIOLATE_IS_OVERTAKEN only if so, provided that no bio of the write had ended at @before
 *         and all have ended now.
 */
enum diolate_verdict diolate_sentinel_judge(const struct address_space *mapping,
					    const struct diolate_part *part, s64 before,
					    u64 *dirtied)
{
	enum diolate_verdict verdict = DIOLATE_IS_NOT;
	unsigned long flags;
	unsigned int i;

	*dirtied = 0;
	if (part->start >= part->end)
		return DIOLATE_IS_NOT;
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; everybody.notes && i < touched; i++) {
		const struct note *note = &notes[i];

		if (!note->used || note->mapping != mapping ||
		    !diolate_folio_part_meets(&note->written, part))
			continue;
		if (sentinel_is_certain(note, part, before)) {
			verdict = DIOLATE_IS_OVERTAKEN;
			*dirtied = note->dirtied;
		} else if (verdict == DIOLATE_IS_NOT) {
			verdict = DIOLATE_NOT_JUDGED;
		}
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	if (verdict != DIOLATE_IS_NOT || !READ_ONCE(lost))
		return verdict;
	return diolate_order_written_back(mapping, part->start >> PAGE_SHIFT,
				    (part->end - 1) >> PAGE_SHIFT, READ_ONCE(since)) ?
		       DIOLATE_NOT_JUDGED : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(diolate_sentinel_judge);

static bool sentinel_is_old(const struct note *note)
{
	return time_after_eq(jiffies, READ_ONCE(note->made) + LONGEST);
}

/*
 * Whether the note is useless, because no direct write to the file is in flight. The note may just
 * be in the making, by sentinel_make(): then its file may be found to be none, or that of the note
 * before, in which its folio never is. Its number changes, so it is not freed.
 */
static bool sentinel_is_done(const struct note *note)
{
	struct folio *folio = READ_ONCE(note->folio);
	const struct address_space *mapping = READ_ONCE(note->mapping);
	bool over = false;

	/* A folio that was dropped from its file has none, either. */
	if (!folio || !mapping)
		return false;
	/* A locked folio stays in its file, which keeps the file alive. */
	if (READ_ONCE(folio->mapping) == mapping && folio_trylock(folio)) {
		if (folio->mapping == mapping)
			over = !atomic_read(&mapping->host->i_dio_count);
		folio_unlock(folio);
	}
	return over;
}

static void sentinel_unlink(struct note *note)
{
	struct note **link = sentinel_chain(note->mapping, note->written.part.start);

	while (*link != note)
		link = &(*link)->next;
	*link = note->next;
	note->next = freed;
	freed = note;
}

/*
 * Free a note that is useless or old, unless it was renewed after @number; return its folio. Only
 * under the lock it is certain that it is old: its number may be new and the rest not yet.
 */
static struct folio *sentinel_let_go(struct note *note, s64 number, bool useless)
{
	struct folio *folio = NULL;
	unsigned long flags;
	bool old;

	raw_spin_lock_irqsave(&lock, flags);
	old = sentinel_is_old(note);
	if (note->number == number && (useless || old)) {
		if (old)
			WRITE_ONCE(lost, true);
		if (!useless)
			WRITE_ONCE(needed, true);
		sentinel_take(note, -1);
		sentinel_unlink(note);
		folio = note->folio;
		note->folio = NULL;
		WRITE_ONCE(note->used, false);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return folio;
}

/**
 * diolate_sentinel_release() - free the notes that no write needs
 * @all: free all notes
 *
 * Context: process, sleeps; one caller at a time.
 * Return: whether notes are left.
 */
bool diolate_sentinel_release(bool all)
{
	unsigned int i;

	for (i = 0; i < NOTES; i++) {
		struct note *note = &notes[i];
		s64 number = READ_ONCE(note->number);
		struct folio *folio = NULL;
		bool useless;

		/* No other function frees a note. */
		if (!READ_ONCE(note->used))
			continue;
		useless = all || sentinel_is_done(note);
		if (useless || sentinel_is_old(note))
			folio = sentinel_let_go(note, number, useless);
		if (folio)
			folio_put(folio);
	}
	return READ_ONCE(everybody.notes);
}

/**
 * diolate_sentinel_was_needed() - whether a write may be in flight yet that is not followed, and
 *                                 over whose range a folio was written back
 *
 * It is not said of a folio that was written back for the first time TRANSITION after following was
 * armed.
 *
 * Context: any.
 * Return: true if so, since diolate_sentinel_begin().
 */
bool diolate_sentinel_was_needed(void)
{
	return READ_ONCE(needed);
}

/**
 * diolate_sentinel_begin() - begin anew, because direct writes cease to be followed
 *
 * What is not known of a write is forgotten that began before they were followed, and is in flight
 * yet: see diolate_sentinel_was_needed().
 *
 * Context: any; before the first write begins that is not followed.
 */
void diolate_sentinel_begin(void)
{
	WRITE_ONCE(since, diolate_order_next());
	WRITE_ONCE(lost, false);
	WRITE_ONCE(needed, false);
}
