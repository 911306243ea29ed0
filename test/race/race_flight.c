// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes, stores, writeback and reads of two files, on a model of their page cache and disk, with kiocbs
 * whose addresses are used again. Of each direct write:
 * - if older bytes were written back over it, and it could drop what was cached, that is said, once;
 * - if nothing of its range was under writeback while it went on, nothing is said of it;
 * - that it was overtaken is said only if something was sent, and who is named had stored what was sent.
 * With src/flight/flight.c src/flight/bucket.c src/flight/span.c src/flight/verdict.c src/flight/dirtied.c
 */
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <string.h>

#include "flight/bucket.h"
#include "flight/dirtied.h"
#include "flight/flight.h"
#include "flight/span.h"
#include "kernel/cache.h"
#include "kernel/layout.h"
#include "race.h"

#define FILES 2
#define PAGES 4
#define KIOCBS 18
/* Fewer than a bucket has places: each write is followed. Half of them are in another bucket. */
#define FEW 6
/* Places of spare spans, of src/flight/span.c: all bios want the same. */
#define SPARE_BITS 11

/**
 * struct page - of the model: what is cached, and what is on the disk
 * @locked:    the lock of the folio, with @order
 * @write:     the direct write that has the page, or NULL
 * @folio:     what is cached, or NULL
 * @base:      the version of the disk that it was read from
 * @born:      when its read began
 * @by:        who made it dirty, or 0
 * @tag:       it is tagged as under writeback
 * @version:   of the disk
 */
struct page {
	bool locked;
	struct race_order order;
	struct write *write;
	const char *folio;
	unsigned int base, born;
	unsigned int by, sent_by;
	int tag;
	unsigned int version;
};

static struct file {
	struct page pages[PAGES];
	/* The lock of the page cache: what becomes dirty, and tags. */
	bool locked;
	struct race_order order;
	unsigned int cached;
} files[FILES];

/**
 * struct write - a direct write
 * @landed: when it came to the disk, by page; versions
 * @told:   it is judged where it is answered; else before it invalidates, and what is found out later is left
 *          to be reported
 * @near:   something of its range was under writeback meanwhile
 * @ended:  when its bio was seen to have ended, by page; 0 before
 * @sent:   something was sent that may be older
 * @over:   older bytes came over it
 * @who:    who had stored what was sent, bits
 * @said:   it was said that it was or may have been overtaken
 * @missed: that has to be said yet: it is followed, was overtaken, and could drop what was cached
 */
struct write {
	const struct kiocb *iocb;
	const struct bio *bios[2];
	struct file *file;
	unsigned int first, end;
	unsigned int landed[PAGES];
	unsigned int ended[PAGES];
	bool told, near, sent, over, said, missed;
	uint64_t who;
};

/* All of a round, by their number. */
#define WRITES 16384
static struct write writes[WRITES];
static unsigned int written;

static struct {
	const struct kiocb *iocb;
	const struct bio *bios[2];
	bool taken;
	struct race_order order;
} kiocbs[KIOCBS];

static unsigned int kiocbs_in_use, versions, now;
/* Folios are other memory than that of a moment ago, or the same. */
static char memory[64];

unsigned long race_jiffies = 1000;
struct diolate_layout diolate_layout;

bool diolate_following_is_begun(void)
{
	return true;
}

static struct address_space *mapping_of(struct file *f)
{
	return (struct address_space *)f;
}

static struct file *file_of(const struct address_space *m)
{
	return (struct file *)m;
}

bool diolate_cache_is_empty(const struct address_space *m)
{
	race_point();
	return !file_of(m)->cached;
}

bool diolate_cache_pages(struct address_space *m, const struct diolate_part *part,
			 unsigned long *pages)
{
	pgoff_t first = part->start >> PAGE_SHIFT, i;
	bool some = false;

	for (i = first; i < PAGES && (loff_t)(i << PAGE_SHIFT) < part->end; i++) {
		race_point();
		if (file_of(m)->pages[i].folio) {
			bitmap_set(pages, i - first, 1);
			some = true;
		}
	}
	return some;
}

const void *diolate_cache_at(struct address_space *m, pgoff_t index, bool *renewed)
{
	const struct page *p = &file_of(m)->pages[index];

	race_point();
	*renewed = p->folio && (p->by || p->tag || p->locked);
	return p->folio;
}

/* Of how many writes something was said, and not of which. */
static unsigned int nameless;

static void begin(void)
{
	uintptr_t address = 0xffff888000000000;
	unsigned int n = 0;

	memset(files, 0, sizeof(files));
	for (; n < KIOCBS; address += 64)
		if (hash_ptr(address, DIOLATE_BUCKETS_BITS) == (n < FEW / 2)) {
			kiocbs[n].iocb = (void *)address;
			kiocbs[n].taken = false;
			kiocbs[n++].order = (struct race_order){};
		}
	for (n = 0, address = 0xffff888100000000; n < 2 * KIOCBS; address += 64)
		if (!hash_ptr(address, SPARE_BITS))
			kiocbs[n / 2].bios[n % 2] = (void *)address, n++;
	kiocbs_in_use = race_any(2) ? FEW : KIOCBS;
	nameless = 0;
	versions = 0;
	now = 0;
	memset(writes, 0, (written + 1) * sizeof(*writes));
	written = 0;
	diolate_flights_init();
	diolate_dirtied_init();
}

static struct diolate_part part_of(unsigned int first, unsigned int end)
{
	return (struct diolate_part){ first * PAGE_SIZE, end * PAGE_SIZE };
}

static bool try_lock(bool *lock, struct race_order *order)
{
	bool was;

	race_model_lock();
	was = *lock;
	*lock = true;
	race_model_unlock();
	if (!was)
		race_take(order);
	return !was;
}

static void unlock(bool *lock, struct race_order *order)
{
	race_give(order);
	race_model_lock();
	*lock = false;
	race_model_unlock();
}

static bool is_free(const void *lock)
{
	return !__atomic_load_n((const bool *)lock, __ATOMIC_ACQUIRE);
}

static void lock_cache(struct file *f)
{
	while (!try_lock(&f->locked, &f->order))
		race_wait(is_free, &f->locked);
}

/* Under the lock of the folio: it comes into the page cache, and is read. */
static void read_in(struct file *f, unsigned int i)
{
	struct diolate_part part = part_of(i, i + 1);
	struct page *p = &f->pages[i];

	race_model_lock();
	p->folio = &memory[race_any(sizeof(memory))];
	f->cached++;
	p->born = ++now;
	race_model_unlock();
	race_point();
	diolate_spans_read(mapping_of(f), &part);
	race_point();
	race_model_lock();
	p->base = p->version;
	race_model_unlock();
}

static void read_page(void)
{
	struct file *f = &files[race_any(FILES)];
	unsigned int i = race_any(PAGES);
	struct page *p = &f->pages[i];

	if (!try_lock(&p->locked, &p->order))
		return;
	if (!p->folio)
		read_in(f, i);
	unlock(&p->locked, &p->order);
}

static void store(void)
{
	struct file *f = &files[race_any(FILES)];
	unsigned int i = race_any(PAGES);
	struct page *p = &f->pages[i];
	struct diolate_dirtier who = { .by = DIOLATE_BY_MMAP, .pid = race_self() };

	if (!try_lock(&p->locked, &p->order))
		return;
	if (!p->folio)
		read_in(f, i);
	if (!p->by) {
		lock_cache(f);
		race_model_lock();
		p->by = race_self();
		race_model_unlock();
		diolate_dirtied_watch(mapping_of(f));
		diolate_dirtied_note(mapping_of(f), i, i, race_read_once(&p->tag), &who);
		unlock(&f->locked, &f->order);
	}
	unlock(&p->locked, &p->order);
}

/* The write in whose range a page is: something of it is under writeback. */
static void comes_near(struct page *p)
{
	race_model_lock();
	if (p->write)
		p->write->near = true;
	race_model_unlock();
}

/* And is sent: a folio whose read began after the bio had ended is no older. */
static void is_sent(struct page *p, unsigned int i, unsigned int born)
{
	struct write *w;

	race_model_lock();
	w = p->write;
	if (w && (!w->ended[i] || born < w->ended[i])) {
		w->sent = true;
		w->who |= 1ull << p->sent_by % 64;
	}
	race_model_unlock();
}

static void write_back(void)
{
	struct file *f = &files[race_any(FILES)];
	unsigned int i = race_any(PAGES), base, born;
	struct page *p = &f->pages[i];
	struct diolate_part part = part_of(i, i + 1);
	const char *folio;

	if (!p->by || p->tag || !try_lock(&p->locked, &p->order))
		return;
	if (!p->folio || !p->by || p->tag) {
		unlock(&p->locked, &p->order);
		return;
	}
	lock_cache(f);
	race_write_once(&p->tag, 1);
	race_model_lock();
	p->sent_by = p->by;
	p->by = 0;
	base = p->base;
	born = p->born;
	folio = p->folio;
	race_model_unlock();
	unlock(&f->locked, &f->order);
	unlock(&p->locked, &p->order);
	comes_near(p);
	is_sent(p, i, born);
	diolate_spans_written(mapping_of(f), &part, folio, files);
	is_sent(p, i, born);
	comes_near(p);
	race_point();
	race_model_lock();
	/* A write that has come to the disk since the folio was read is lost. */
	if (p->write && p->write->landed[i] > base)
		p->write->over = true;
	p->version = ++versions;
	race_model_unlock();
	race_point();
	comes_near(p);
	lock_cache(f);
	race_write_once(&p->tag, 0);
	unlock(&f->locked, &f->order);
}

/* Drop what is cached of a range, if it is clean; whether nothing is left. */
static bool drop(struct file *f, unsigned int first, unsigned int end)
{
	bool all = true;
	unsigned int i;

	for (i = first; i < end; i++) {
		struct page *p = &f->pages[i];

		race_point();
		if (!try_lock(&p->locked, &p->order)) {
			all = false;
			continue;
		}
		lock_cache(f);
		race_model_lock();
		if (p->by || p->tag) {
			all = false;
		} else if (p->folio) {
			p->folio = NULL;
			f->cached--;
		}
		race_model_unlock();
		unlock(&f->locked, &f->order);
		unlock(&p->locked, &p->order);
	}
	return all;
}

/* The pages of a write are nobody else's. */
static bool own(struct write *w)
{
	unsigned int i;
	bool free = true;

	race_model_lock();
	for (i = w->first; i < w->end; i++)
		free &= !w->file->pages[i].write;
	for (i = w->first; free && i < w->end; i++) {
		w->file->pages[i].write = w;
		/* What is under writeback now is near. */
		w->near |= w->file->pages[i].tag;
	}
	race_model_unlock();
	return free;
}

static void disown(struct write *w)
{
	unsigned int i;

	race_model_lock();
	for (i = w->first; i < w->end; i++)
		w->file->pages[i].write = NULL;
	race_model_unlock();
}

/* Something is said of a write, which may be counted. */
static bool is_said(struct write *w, const struct diolate_flown *flown)
{
	if (flown->verdict == DIOLATE_IS_NOT)
		return false;
	if (w->said)
		race_wrong("it is said twice that a write was or may have been overtaken");
	w->said = true;
	return true;
}

/* And of one that still has its range. */
static void judge(struct write *w, const struct diolate_flown *flown)
{
	struct diolate_dirtier who;

	if (!is_said(w, flown))
		return;
	if (flown->verdict == DIOLATE_IS_OVERTAKEN && !w->sent)
		race_wrong("a write is said to be overtaken, and nothing older was sent");
	if (flown->verdict == DIOLATE_NOT_JUDGED && !w->near)
		race_wrong("nothing is known of a write, for %u, and nothing came near",
			   flown->unknown);
	if (flown->verdict == DIOLATE_IS_OVERTAKEN && diolate_dirtied_who(flown->dirtied, &who) &&
	    !(w->who >> who.pid % 64 & 1))
		race_wrong("somebody is named who stored nothing that was sent");
}

/* What is found out of a write that nobody ends; of one that made place for another it is not known which. */
static void left(const struct diolate_flown *flown)
{
	if (flown->verdict != DIOLATE_IS_NOT && flown->mapping && flown->number)
		is_said(&writes[flown->number], flown);
	else if (flown->verdict != DIOLATE_IS_NOT)
		__atomic_add_fetch(&nameless, 1, __ATOMIC_RELAXED);
}

/* Send the bio of some pages, and see whether it is followed. */
static bool send(struct write *w, unsigned int bio, unsigned int first, unsigned int end)
{
	struct diolate_part part;
	bool followed, tagged = false;
	unsigned int i;

	followed = diolate_flight_send(w->iocb, mapping_of(w->file), w->first * PAGE_SIZE, w->bios[bio],
				       (end - first) * PAGE_SIZE, false, (void *)w, files, &part);
	if (followed && (part.start != (loff_t)(first * PAGE_SIZE) ||
			 part.end != (loff_t)(end * PAGE_SIZE)))
		race_wrong("another flight is taken for that of a bio");
	for (i = first; followed && i < end; i++)
		tagged |= race_read_once(&w->file->pages[i].tag);
	if (tagged) {
		race_model_lock();
		w->near = true;
		race_model_unlock();
		diolate_flight_doubt(w->iocb, DIOLATE_UNKNOWN_AT_START);
	}
	return followed;
}

static void land(struct write *w, unsigned int bio, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		race_point();
		race_model_lock();
		w->file->pages[i].version = ++versions;
		w->landed[i] = versions;
		race_model_unlock();
	}
	diolate_flight_land(w->iocb, mapping_of(w->file), w->bios[bio]);
	race_model_lock();
	now++;
	for (i = first; i < end; i++)
		w->ended[i] = now;
	race_model_unlock();
}

/* All bios of a write, one after the other or at once. */
static bool fly(struct write *w)
{
	unsigned int middle = w->first + 1 + race_any(w->end - w->first);
	bool followed = send(w, 0, w->first, middle);

	if (middle < w->end)
		followed &= send(w, 1, middle, w->end);
	race_point();
	land(w, 0, w->first, middle);
	if (middle < w->end)
		land(w, 1, middle, w->end);
	return followed;
}

/* It has dropped what was cached: what has come over it until now has to be said. */
static void missed(struct write *w, bool dropped)
{
	race_model_lock();
	w->missed = dropped && w->over;
	race_model_unlock();
}

/* Nobody is called with the result: the write is judged before it invalidates. What is not known is said later. */
static bool pass(struct write *w)
{
	struct diolate_flown flown;

	if (!diolate_flight_pass(w->iocb, mapping_of(w->file), w->first * PAGE_SIZE,
				 (w->end - w->first) * PAGE_SIZE, true, &flown))
		return false;
	if (flown.verdict == DIOLATE_IS_OVERTAKEN)
		judge(w, &flown);
	missed(w, drop(w->file, w->first, w->end));
	return true;
}

static bool answer(struct write *w)
{
	struct diolate_flown flown;

	diolate_flight_invalidates(w->iocb);
	missed(w, drop(w->file, w->first, w->end));
	if (!diolate_flight_end(w->iocb, w->file, w->first * PAGE_SIZE, (w->end - w->first) * PAGE_SIZE,
				&flown)) {
		w->missed = false;
		return false;
	}
	judge(w, &flown);
	return true;
}

static void write_directly(struct write *w)
{
	struct diolate_begun begun = {
		.iocb = w->iocb, .mapping = mapping_of(w->file), .file = w->file,
		.sender = (void *)w, .part = part_of(w->first, w->end), .number = w - writes,
		.owner = race_any(3), .told = w->told,
	};
	struct diolate_flown flown;
	bool followed;

	diolate_flight_begin(&begun, &flown);
	left(&flown);
	if (!drop(w->file, w->first, w->end)) {
		/* It falls back, or fails: it has sent nothing. */
		if (w->told)
			diolate_flight_end(w->iocb, w->file, 0, 0, &flown);
		return;
	}
	followed = fly(w);
	followed = (w->told ? answer(w) : pass(w)) && followed;
	if (kiocbs_in_use == FEW && !followed)
		race_wrong("a write is not followed, though there is room");
}

static struct write *new_write(void)
{
	struct write *w = NULL;

	race_model_lock();
	if (written < WRITES - 1)
		w = &writes[++written];
	race_model_unlock();
	return w;
}

static void direct_write(void)
{
	unsigned int n = race_any(kiocbs_in_use);
	struct write *w = new_write();

	if (!w || !try_lock(&kiocbs[n].taken, &kiocbs[n].order))
		return;
	*w = (struct write){
		.iocb = kiocbs[n].iocb, .bios = { kiocbs[n].bios[0], kiocbs[n].bios[1] },
		.file = &files[race_any(FILES)], .told = race_any(4),
		.first = race_any(PAGES),
	};
	w->end = w->first + 1 + race_any(PAGES - w->first);
	if (own(w)) {
		write_directly(w);
		disown(w);
	}
	unlock(&kiocbs[n].taken, &kiocbs[n].order);
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = race_turns(); i; i--) {
		switch (race_any(8)) {
		case 0:
			read_page();
			break;
		case 1:
		case 2:
			store();
			break;
		case 3:
		case 4:
			write_back();
			break;
		default:
			direct_write();
		}
	}
}

/* Nothing is left. */
static void end(void)
{
	unsigned int i;

	diolate_flights_sweep(true, left);
	for (i = 1; i <= written && kiocbs_in_use == FEW; i++)
		if (writes[i].missed && !writes[i].said && !nameless--)
			race_wrong("a write was overtaken, and that is not said: the %uth of %u",
				   i, written);
	if (!diolate_flights_are_over())
		race_wrong("a flight is left");
	if (diolate_spans_have_afters())
		race_wrong("a mark is left that no span has");
	for (i = 0; i < FILES; i++) {
		struct diolate_part part = part_of(0, PAGES);

		if (diolate_spans_written(mapping_of(&files[i]), &part, memory, files))
			race_wrong("a span is left that no flight has");
	}
}

const struct race race_subject = {
	.name = "flight", .most = 8, .crowd = 100, .begin = begin, .task = task, .end = end,
};
