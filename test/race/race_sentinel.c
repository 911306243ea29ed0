// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of two files are written back while direct writes to them are in flight that are not followed. The notes of
 * that are renewed, looked at, and released, while following begins and ends and time goes by; folios are dropped,
 * and their memory is used again. Of each direct write:
 * - if a folio of its range was written back while it was in flight, nobody says that it was not overtaken;
 * - that it was is said only if a folio of its range was, after the write was sent, which who is named had dirtied;
 * and no folio is locked or put that is not kept.
 * With src/flight/sentinel.c src/flight/note.c src/flight/order.c src/flight/following.c
 * Smaller: src/flight/sentinel.c NOTES 24
 */
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "flight/dirtied.h"
#include "flight/folio_part.h"
#include "flight/following.h"
#include "flight/note.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "flight/track.h"
#include "race.h"
#include "write/filesystem.h"

/* As above; a note is taken from the end of the table. */
#define NOTES 24
/* Of src/flight/sentinel.c. */
#define LONGEST (10 * HZ)

#define FILES 2
#define PAGES 3
/* Few, so that memory is used again soon. */
#define FOLIOS 8
#define WRITES 8
#define TASKS 1024

/**
 * struct slot - a page of a file
 * @folio:   what is cached, or NULL
 * @order:   of who changes it; with the lock of @folio, or alone if that is NULL
 * @tagged:  of who has noted writeback, before the tags change
 * @dirty:   when it became dirty; 0 if it is not
 * @tag:     it is under writeback
 * @sent:    when writeback of it was sent last, after it was noted; ~0 if it is being noted
 * @noted:   when writeback of it has started last that is noted
 */
struct slot {
	struct folio *folio;
	struct race_order order, tagged;
	unsigned int dirty;
	bool tag;
	unsigned int sent, noted;
};

static struct file_of_race {
	struct address_space mapping;
	struct inode inode;
	struct slot slots[PAGES];
	/* The lock of the inode, and of who counts a direct write. */
	bool locked;
	struct race_order order, counted;
} files[FILES];

/**
 * struct write - a direct write in flight
 * @taken: it is one
 * @file:  that is written
 * @first: its first page
 * @end:   the page behind it
 * @sent:  it is on its way to the device; its end is anybody's
 * @old:   it began before following last did
 * @began: when it was counted
 * @left:  when it was sent
 */
static struct write {
	bool taken, sent, old;
	struct file_of_race *file;
	unsigned int first, end;
	unsigned int began, left;
	struct race_order order;
} writes[WRITES];

static struct folio folios[FOLIOS];
static unsigned int now, notes, wanted[TASKS];
static bool live, over;

unsigned long race_jiffies;

bool diolate_filesystem_may_be_overtaken(const struct inode *inode)
{
	(void)inode;
	return true;
}

void diolate_track_written(void)
{
	race_barrier();
}

static struct slot *slot_of(const struct folio *folio)
{
	return &((struct file_of_race *)folio->mapping)->slots[folio->pos >> PAGE_SHIFT];
}

/* Who has made the folio dirty is a moment here. */
u64 diolate_dirtied_find(const struct address_space *mapping, pgoff_t index, bool writeback,
			 const u32 *latest)
{
	const struct file_of_race *f = (const void *)mapping;

	(void)writeback;
	(void)latest;
	return f->slots[index].dirty;
}

void diolate_folio_part_written(struct folio *folio, struct diolate_written *w)
{
	*w = (struct diolate_written){
		.part = { .start = folio->pos, .end = folio->pos + PAGE_SIZE },
		.kind = DIOLATE_WRITTEN,
	};
}

bool diolate_folio_part_meets(const struct diolate_written *w, const struct diolate_part *part)
{
	return max(w->part.start, part->start) < min(w->part.end, part->end);
}

/* The page cache: a folio is kept by its file and by notes, and is used again when nobody keeps it. */

static unsigned int tick(void)
{
	return __atomic_add_fetch(&now, 1, __ATOMIC_SEQ_CST);
}

bool folio_trylock(struct folio *folio)
{
	bool locked;

	race_point();
	race_model_lock();
	if (!folio->references)
		race_wrong("a folio is locked that nobody keeps");
	locked = folio->locked;
	folio->locked = true;
	race_model_unlock();
	if (!locked)
		race_take(&folio->order);
	return !locked;
}

void folio_unlock(struct folio *folio)
{
	race_give(&folio->order);
	race_model_lock();
	folio->locked = false;
	race_model_unlock();
}

void folio_get(struct folio *folio)
{
	race_model_lock();
	if (!folio->references++)
		race_wrong("a folio is kept that was freed");
	race_model_unlock();
}

void folio_put(struct folio *folio)
{
	race_give(&folio->order);
	race_model_lock();
	if (--folio->references < 0)
		race_wrong("a folio is put that was freed");
	race_model_unlock();
}

/* Lock the folio of a page; NULL if there is none, or another has locked it. */
static struct folio *lock(const struct slot *s)
{
	struct folio *folio;

	race_model_lock();
	folio = s->folio && !s->folio->locked ? s->folio : NULL;
	if (folio)
		folio->locked = true;
	race_model_unlock();
	if (folio)
		race_take(&folio->order);
	return folio;
}

/* Another folio comes into the file, and is dirty soon. */
static void read_in(struct file_of_race *f, struct slot *s)
{
	struct folio *folio = &folios[race_any(FOLIOS)];

	race_model_lock();
	if (s->folio || folio->references) {
		race_model_unlock();
		return;
	}
	folio->references = 1;
	folio->locked = true;
	race_model_unlock();
	/* Whoever has had this memory has let it go, and whoever has dropped the page's folio, too. */
	race_take(&folio->order);
	race_take(&s->order);
	folio->pos = (loff_t)(s - f->slots) << PAGE_SHIFT;
	__atomic_store_n(&folio->mapping, &f->mapping, __ATOMIC_RELAXED);
	race_model_lock();
	/* Another was faster. */
	if (s->folio) {
		folio->mapping = NULL;
		folio->references = 0;
	} else {
		s->folio = folio;
		s->dirty = 0;
		s->tag = false;
	}
	race_model_unlock();
	folio_unlock(folio);
}

static void make_dirty(struct slot *s)
{
	struct folio *folio = lock(s);

	if (!folio)
		return;
	s->dirty = tick();
	folio_unlock(folio);
}

static void write_back(struct file_of_race *f, struct slot *s)
{
	struct folio *folio = lock(s);
	unsigned int started;

	if (!folio)
		return;
	if (s->dirty && !s->tag) {
		/* Who sees that a write is counted sees what that has seen: memory is the same for all. */
		race_take(&f->counted);
		started = tick();
		__atomic_store_n(&s->sent, ~0u, __ATOMIC_SEQ_CST);
		diolate_note_writeback(folio, true);
		__atomic_store_n(&s->sent, tick(), __ATOMIC_SEQ_CST);
		race_give(&s->tagged);
		__atomic_store_n(&s->noted, started, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&notes, 1, __ATOMIC_RELAXED);
		s->dirty = 0;
		s->tag = true;
	} else if (s->tag) {
		diolate_note_writeback(folio, false);
		s->tag = false;
	}
	folio_unlock(folio);
}

/* Whether the page has no folio now. */
static bool drop(struct slot *s)
{
	struct folio *folio = lock(s);
	bool dropped;

	if (!folio) {
		/* A folio that comes is read first, which takes long: whoever has it sees what this task did. */
		race_take(&s->order);
		race_give(&s->order);
		return !__atomic_load_n(&s->folio, __ATOMIC_SEQ_CST);
	}
	dropped = !s->dirty && !s->tag;
	if (dropped) {
		__atomic_store_n(&folio->mapping, NULL, __ATOMIC_RELAXED);
		race_give(&s->order);
		race_model_lock();
		s->folio = NULL;
		race_model_unlock();
	}
	folio_unlock(folio);
	if (dropped)
		folio_put(folio);
	return dropped;
}

/* Direct writes. */

static bool are_noted(const void *many)
{
	return __atomic_load_n(&notes, __ATOMIC_RELAXED) >= *(const unsigned int *)many;
}

static void uncount(struct write *w)
{
	__atomic_sub_fetch(&w->file->inode.i_dio_count.counter, 1, __ATOMIC_SEQ_CST);
	race_give(&w->order);
	race_model_lock();
	w->taken = false;
	race_model_unlock();
}

static void judge(const struct write *w, s64 before)
{
	const struct diolate_part part = { .start = (loff_t)w->first << PAGE_SHIFT,
					   .end = (loff_t)w->end << PAGE_SHIFT };
	unsigned int i, noted = 0, sent = 0;
	enum diolate_verdict verdict;
	u64 dirtied;

	/* Who has invalidated has seen the tags. */
	for (i = w->first; i < w->end; i++) {
		noted = max(noted, __atomic_load_n(&w->file->slots[i].noted, __ATOMIC_SEQ_CST));
		race_take(&w->file->slots[i].tagged);
	}
	verdict = diolate_sentinel_judge(&w->file->mapping, &part, before, &dirtied);
	for (i = w->first; i < w->end; i++)
		sent = max(sent, __atomic_load_n(&w->file->slots[i].sent, __ATOMIC_SEQ_CST));
	if (verdict == DIOLATE_IS_NOT && noted > w->began)
		race_wrong("a folio was written back over a write, and nobody says so");
	if (verdict == DIOLATE_IS_OVERTAKEN && (!before || sent < w->left))
		race_wrong("a write is overtaken by what was written back before it was sent");
	if (verdict == DIOLATE_IS_OVERTAKEN && dirtied && dirtied < w->began)
		race_wrong("a write is overtaken by what was dirty before it began");
}

/* A bio of a write ends, in whatever context, and the write is answered. */
static void end_one(void)
{
	unsigned int i, first = race_any(WRITES);
	struct write *w = NULL;

	race_model_lock();
	for (i = 0; i < WRITES && !w; i++) {
		w = &writes[(first + i) % WRITES];
		if (w->taken && w->sent)
			w->sent = false;
		else
			w = NULL;
	}
	race_model_unlock();
	if (!w)
		return;
	race_take(&w->order);
	race_handler(true);
	judge(w, diolate_order_now());
	if (race_any(2))
		judge(w, 0);
	race_handler(false);
	uncount(w);
}

static struct write *take(void)
{
	struct write *w = &writes[race_any(WRITES)];
	bool taken;

	race_model_lock();
	taken = w->taken;
	w->taken = true;
	race_model_unlock();
	if (taken)
		return NULL;
	race_take(&w->order);
	w->sent = false;
	return w;
}

/* Whether a write that is counted is followed; if so, its way is not that of this race. */
static bool is_followed(struct write *w)
{
	bool followed;

	race_handler(true);
	followed = diolate_following_is_begun();
	w->old = !followed;
	race_handler(false);
	return followed;
}

/* A direct write to a file whose inode this task has locked. */
static void submit(struct file_of_race *f)
{
	struct write *w = take();
	unsigned int i;

	if (!w)
		return;
	w->file = f;
	w->first = race_any(PAGES);
	w->end = w->first + 1 + race_any(PAGES - w->first);
	/* The hook at the beginning of a write comes before the count. */
	if (is_followed(w)) {
		__atomic_add_fetch(&f->inode.i_dio_count.counter, 1, __ATOMIC_SEQ_CST);
		uncount(w);
		return;
	}
	__atomic_add_fetch(&f->inode.i_dio_count.counter, 1, __ATOMIC_SEQ_CST);
	race_give(&f->counted);
	w->began = tick();
	for (i = w->first; i < w->end; i++)
		if (!drop(&f->slots[i])) {
			uncount(w);
			return;
		}
	/* A folio may come again, and be written back, before the write is sent. */
	if (race_any(2)) {
		wanted[race_self()] = notes + 1;
		race_stop(1, are_noted, &wanted[race_self()]);
		race_point();
	}
	w->left = tick();
	race_give(&w->order);
	race_model_lock();
	w->sent = true;
	race_model_unlock();
}

static void write_direct(struct file_of_race *f)
{
	bool locked;

	race_model_lock();
	locked = f->locked;
	f->locked = true;
	race_model_unlock();
	if (locked)
		return;
	race_take(&f->order);
	race_write_once(&f->inode.i_rwsem.held, 1);
	submit(f);
	race_write_once(&f->inode.i_rwsem.held, 0);
	race_give(&f->order);
	race_model_lock();
	f->locked = false;
	race_model_unlock();
}

/* The work of src/flight/track.c. */

/* Release notes; the task is held up just when it looks at those that there are, until there are more. */
static void release(void)
{
	unsigned int *many = &wanted[race_self()];

	if (race_any(2)) {
		*many = notes + 1 + race_any(3);
		race_stop(2 * NOTES - 6 + race_any(24), are_noted, many);
	}
	diolate_sentinel_release(false);
}

/* Following lasts longer than any write that was in flight when it began. */
static bool may_end(void)
{
	unsigned int i;
	bool old = false;

	race_model_lock();
	for (i = 0; i < WRITES; i++)
		old |= writes[i].taken && writes[i].old;
	race_model_unlock();
	return !old;
}

static void follow(void)
{
	if (!live) {
		diolate_following_set_live(true);
		live = true;
	} else if (may_end()) {
		diolate_sentinel_begin();
		diolate_following_set_live(false);
		race_grace();
		live = false;
	}
}

static void attend(void)
{
	release();
	if (!race_any(4))
		__atomic_add_fetch(&race_jiffies, race_any(LONGEST), __ATOMIC_RELAXED);
	if (!race_any(4))
		follow();
}

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		struct file_of_race *f = &files[i];

		*f = (struct file_of_race){ .mapping.host = &f->inode, .inode.i_uid.val = i };
	}
	for (i = 0; i < FOLIOS; i++)
		folios[i] = (struct folio){};
	for (i = 0; i < WRITES; i++)
		writes[i] = (struct write){};
	now = 0;
	notes = 0;
	live = false;
	over = false;
	race_jiffies = 100000;
	diolate_sentinel_begin();
}

static void act(void)
{
	struct file_of_race *f = &files[race_any(FILES)];
	struct slot *s = &f->slots[race_any(PAGES)];

	switch (race_any(8)) {
	case 0:
	case 1:
		write_direct(f);
		break;
	case 2:
		end_one();
		break;
	case 3:
		drop(s);
		break;
	default:
		read_in(f, s);
		make_dirty(s);
		write_back(f, s);
		if (race_any(2))
			write_back(f, s);
		break;
	}
}

static void task(unsigned int n)
{
	unsigned int i;

	for (i = 10 + race_turns(); i; i--) {
		if (n)
			act();
		else
			attend();
	}
}

/* No folio is kept that no file has, and all notes can be released. */
static void end(void)
{
	unsigned int i;

	for (i = 0; i < WRITES; i++)
		end_one();
	if (diolate_sentinel_release(true))
		race_wrong("a note is left");
	for (i = 0; i < FOLIOS; i++)
		if (folios[i].references != (folios[i].mapping && slot_of(&folios[i])->folio == &folios[i]))
			race_wrong("a folio is kept by nobody");
}

const struct race race_subject = {
	.name = "sentinel", .most = 6, .crowd = 60, .begin = begin, .task = task, .irq = end_one, .end = end,
};
