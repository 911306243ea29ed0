// SPDX-License-Identifier: GPL-2.0-only
/*
 * A span is a bio of a flight, or a part of one, by the bytes of the file that the bio writes. A
 * span is found by its region of the file, in a lane, where it is marked:
 * - As long as its bio is in flight, each writeback that is sent for its bytes overtakes the write.
 * - When the bio has ended, only a folio does that was in the page cache by then and was not read
 *   since.
 * - Where a file system writes elsewhere, and maps the blocks when they are written, the order of
 *   mapping decides in place of the order of the bios.
 *
 * Each lane has a lock, which is taken under the lock of a flight's bucket (bucket.h), and held for
 * some hundred instructions, with interrupts off, because handlers run in any context. Whoever has
 * taken all spans of a flight out of their lanes sees every mark, and no mark is added.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "flight/dirtied.h"
#include "flight/span.h"
#include "kernel/cache.h"

/* Spare spans, for flights that need more than the one that each has. */
#define SPARE_SPANS 2048
/* Spare spans that are tried for one. */
#define SPARE_REACH 16

/* A span ends in the region in which it begins, or in the next. */
#define REGION_SHIFT (PAGE_SHIFT + ilog2(DIOLATE_SPAN_PAGES))
#define LANES_BITS 10
/*
 * Writeback and reads look at all spans of a lane, with interrupts off. Where one owner has filled
 * a lane, with writes in one place, it has room for MOST_OF_OTHERS spans more, of owners who have
 * fewer than so many in it.
 */
#define MOST_IN_LANE 512
#define MOST_OF_OTHERS 64

static struct lane {
	raw_spinlock_t lock;
	unsigned int used;
	struct hlist_head spans;
} lanes[1 << LANES_BITS];

static struct diolate_span spare[SPARE_SPANS];

/* How many spans have an @after. */
atomic_t diolate_spans_afters;

/**
 * diolate_spans_init() - make the lanes
 *
 * Context: any; before anything else here.
 */
void diolate_spans_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lanes); i++)
		raw_spin_lock_init(&lanes[i].lock);
}

static struct lane *span_lane_of(const struct address_space *mapping, u64 region)
{
	return &lanes[hash_64((unsigned long)mapping + region * GOLDEN_RATIO_64, LANES_BITS)];
}
NOKPROBE_SYMBOL(span_lane_of);

static struct lane *span_lane(const struct diolate_span *s)
{
	return span_lane_of(s->begun->mapping, s->part.start >> REGION_SHIFT);
}
NOKPROBE_SYMBOL(span_lane);

/* The lane is locked. */
static void span_leave_lane(struct lane *lane, struct diolate_span *s)
{
	hlist_del_init(&s->in_lane);
	lane->used--;
}
NOKPROBE_SYMBOL(span_leave_lane);

/* Whether one more span of an owner finds room in a lane, which is locked. */
static bool span_has_room(const struct lane *lane, u32 owner)
{
	const struct diolate_span *s;
	unsigned int n = 0;

	if (lane->used < MOST_IN_LANE)
		return true;
	if (lane->used >= MOST_IN_LANE + MOST_OF_OTHERS)
		return false;
	hlist_for_each_entry(s, &lane->spans, in_lane) {
		n += s->begun->owner == owner;
		if (n >= MOST_OF_OTHERS)
			return false;
	}
	return true;
}
NOKPROBE_SYMBOL(span_has_room);

static __always_inline bool span_enter_lane(struct lane *lane, struct diolate_span *s)
{
	bool room;

	raw_spin_lock(&lane->lock);
	room = span_has_room(lane, s->begun->owner);
	if (room) {
		hlist_add_head(&s->in_lane, &lane->spans);
		lane->used++;
	}
	raw_spin_unlock(&lane->lock);
	return room;
}

static struct diolate_span *span_for(struct diolate_spans *spans, const struct diolate_begun *begun,
				     const struct bio *bio, u64 region)
{
	unsigned int i, place;

	if (!spans->list) {
		spans->first.begun = begun;
		return &spans->first;
	}
	/* The spans of one bio look at different places. */
	place = hash_64((unsigned long)bio + region * GOLDEN_RATIO_64, ilog2(SPARE_SPANS));
	for (i = 0; i < SPARE_REACH; i++) {
		struct diolate_span *s = &spare[(place + i) % SPARE_SPANS];

		if (!READ_ONCE(s->begun) && !cmpxchg(&s->begun, NULL, begun))
			return s;
	}
	return NULL;
}
NOKPROBE_SYMBOL(span_for);

static void span_free(struct diolate_span *s)
{
	/* Paired with the cmpxchg() in span_for(). */
	smp_store_release(&s->begun, NULL);
}
NOKPROBE_SYMBOL(span_free);

static bool span_add(struct diolate_spans *spans, const struct diolate_begun *begun,
		     const struct bio *bio, const struct diolate_part *part, bool late,
		     bool elsewhere)
{
	struct diolate_span *s = span_for(spans, begun, bio, part->start >> REGION_SHIFT);

	if (!s)
		return false;
	s->bio = bio;
	s->part = *part;
	s->ended = elsewhere;
	s->elsewhere = elsewhere;
	s->mapped = false;
	s->late = late;
	/* A page that is read before diolate_spans_map() may have the written bytes, or not. */
	if (elsewhere)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	s->marks = (struct diolate_marks){};
	if (!span_enter_lane(span_lane(s), s)) {
		span_free(s);
		return false;
	}
	s->next = spans->list;
	spans->list = s;
	return true;
}
NOKPROBE_SYMBOL(span_add);

/**
 * diolate_spans_add() - a bio of a flight is on its way
 * @spans:     of the flight, whose bucket is locked
 * @begun:     the flight
 * @bio:       compared
 * @part:      bytes of the file that it writes
 * @late:      a reader does not find what it writes before the write is completed
 * @elsewhere: it wrote elsewhere, and has ended; diolate_spans_map() follows
 *
 * Context: any, also inside a tracepoint.
 * Return: whether there was a place for all of it, in spans of at most DIOLATE_SPAN_PAGES pages.
 */
bool diolate_spans_add(struct diolate_spans *spans, const struct diolate_begun *begun,
		       const struct bio *bio, struct diolate_part part, bool late, bool elsewhere)
{
	const u64 end = part.end;
	bool all = true;

	for (; part.start < (loff_t)end; part.start = part.end) {
		/* The last span of a file of the largest size would end beyond a loff_t. */
		u64 next = (((u64)part.start >> PAGE_SHIFT) + DIOLATE_SPAN_PAGES) << PAGE_SHIFT;

		part.end = min(end, next);
		all &= span_add(spans, begun, bio, &part, late, elsewhere);
	}
	return all;
}
NOKPROBE_SYMBOL(diolate_spans_add);

/*
 * Of the pages that were not read since the bio's end, keeps those that are cached now. What is
 * read meanwhile is cleared by diolate_spans_read().
 */
static void span_keep_cached(struct diolate_span *s)
{
	DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
	struct lane *lane = span_lane(s);
	bool some;

	bitmap_zero(cached, DIOLATE_SPAN_PAGES);
	some = diolate_cache_pages(s->begun->mapping, &s->part, cached) || s->late;
	raw_spin_lock(&lane->lock);
	bitmap_and(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
	if (!some)
		span_leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
}
NOKPROBE_SYMBOL(span_keep_cached);

/* The bio has ended: what is sent from now on overtakes it only if it is cached now. */
static __always_inline void span_land(struct diolate_span *s)
{
	struct lane *lane = span_lane(s);
	bool some;

	raw_spin_lock(&lane->lock);
	some = s->late || !diolate_cache_is_empty(s->begun->mapping);
	s->ended = true;
	if (some)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	else
		span_leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
	if (some)
		span_keep_cached(s);
}

/**
 * diolate_spans_land() - a bio of a flight has ended
 * @spans: of the flight, whose bucket is locked
 * @bio:   of diolate_spans_add()
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether the bio was seen to be sent.
 */
bool diolate_spans_land(struct diolate_spans *spans, const struct bio *bio)
{
	struct diolate_span *s;
	bool seen = false;

	for (s = spans->list; s; s = s->next)
		if (s->bio == bio && !s->ended) {
			span_land(s);
			seen = true;
		}
	return seen;
}
NOKPROBE_SYMBOL(diolate_spans_land);

/**
 * diolate_spans_map() - blocks that a bio of a flight wrote elsewhere are mapped
 * @spans: of the flight, whose bucket is locked
 * @bio:   of diolate_spans_add()
 *
 * Context: any, also inside an ftrace callback.
 * Return: how many bytes are mapped for the first time.
 */
u64 diolate_spans_map(struct diolate_spans *spans, const struct bio *bio)
{
	struct diolate_span *s;
	u64 bytes = 0;

	for (s = spans->list; s; s = s->next)
		if (s->bio == bio && s->elsewhere && !s->mapped) {
			bytes += s->part.end - s->part.start;
			s->mapped = true;
			span_keep_cached(s);
		}
	return bytes;
}
NOKPROBE_SYMBOL(diolate_spans_map);

static bool span_meets(const struct diolate_span *s, const struct address_space *mapping,
		       const struct diolate_part *part)
{
	return s->begun->mapping == mapping && s->part.start < part->end &&
	       part->start < s->part.end;
}
NOKPROBE_SYMBOL(span_meets);

/* The bits of @cached for the pages of which @part has something, from @first to before @end. */
static void span_pages_of(const struct diolate_span *s, const struct diolate_part *part,
			  unsigned int *first, unsigned int *end)
{
	pgoff_t base = s->part.start >> PAGE_SHIFT;

	*first = (max(part->start, s->part.start) >> PAGE_SHIFT) - base;
	*end = ((min(part->end, s->part.end) - 1) >> PAGE_SHIFT) - base + 1;
}
NOKPROBE_SYMBOL(span_pages_of);

/**
 * struct passing - a part of the page cache that passes by
 * @part:    bytes of the file
 * @folio:   of which it is, if it is sent; compared
 * @disk:    to which it is sent; compared
 * @looked:  @dirtied is known, of page @at
 * @at:      index of a page in the file
 * @dirtied: the note of how the folio of that page became dirty, or 0
 */
struct passing {
	const struct diolate_part *part;
	const void *folio, *disk;
	bool looked;
	pgoff_t at;
	u64 dirtied;
};

/*
 * How a page became dirty that is being written back: it is under writeback until this is done.
 * Each part is looked up once, whatever it meets; what is sent is of one folio.
 */
static u64 span_dirtied(const struct diolate_span *s, struct passing *p, pgoff_t at)
{
	if (p->folio)
		at = p->part->start >> PAGE_SHIFT;
	if (!p->looked || p->at != at) {
		p->dirtied = diolate_dirtied_find(s->begun->mapping, at, true, NULL);
		p->at = at;
		p->looked = true;
	}
	return p->dirtied;
}
NOKPROBE_SYMBOL(span_dirtied);

/*
 * Mark a span by a folio that was in the page cache when the bio ended, or when its blocks were
 * mapped, and was not read since.
 */
static void span_mark_after(struct diolate_span *s, struct passing *p, pgoff_t at,
			    const void *folio)
{
	if (s->marks.after) {
		s->marks.afters = true;
		return;
	}
	s->marks.after_at = at;
	WRITE_ONCE(s->marks.after_dirtied, span_dirtied(s, p, at));
	/* Paired with the acquire in diolate_spans_peek(), who finds @after_dirtied, too. */
	smp_store_release(&s->marks.after, folio);
	atomic_inc(&diolate_spans_afters);
}
NOKPROBE_SYMBOL(span_mark_after);

static void span_mark(struct diolate_span *s, struct passing *p)
{
	pgoff_t base = s->part.start >> PAGE_SHIFT;
	unsigned int page, end;

	/*
	 * It was sent to the file's device before, and in which order that writes is not known
	 * here: dm-mirror sends each page anew (do_region(), drivers/md/dm-io.c, 5.10 to 7.3).
	 */
	if (p->disk != s->begun->disk) {
		WRITE_ONCE(s->marks.anew, true);
		return;
	}
	span_pages_of(s, p->part, &page, &end);
	if (!s->ended) {
		if (!s->marks.dirtied)
			WRITE_ONCE(s->marks.dirtied, span_dirtied(s, p, base + page));
		/* Paired with the acquire in diolate_spans_peek(), who finds @dirtied, too. */
		smp_store_release(&s->marks.overtaken, true);
		return;
	}
	page = find_next_bit(s->cached, end, page);
	if (page < end)
		span_mark_after(s, p, base + page, p->folio);
	else if (s->late)
		WRITE_ONCE(s->marks.undecided, true);
}
NOKPROBE_SYMBOL(span_mark);

/* What was mapped is of one folio or more, which are under writeback yet. */
static void span_mark_mapped(struct diolate_span *s, struct passing *p)
{
	const void *folio, *last = NULL;
	bool renewed, found = false, undecided = false;
	unsigned int page, end;

	span_pages_of(s, p->part, &page, &end);
	for (; (page = find_next_bit(s->cached, end, page)) < end; page++) {
		pgoff_t at = (s->part.start >> PAGE_SHIFT) + page;

		folio = diolate_cache_at(s->begun->mapping, at, &renewed);
		if (folio && folio != last)
			span_mark_after(s, p, at, folio);
		undecided |= !folio;
		found = true;
		last = folio;
	}
	if (undecided || (!found && s->late))
		WRITE_ONCE(s->marks.undecided, true);
}
NOKPROBE_SYMBOL(span_mark_mapped);

/* Pages that are read after the bio has ended hold what it wrote. */
static void span_was_read(struct diolate_span *s, const struct diolate_part *part)
{
	unsigned int first, end;
	pgoff_t at;

	if (!s->ended)
		return;
	span_pages_of(s, part, &first, &end);
	bitmap_clear(s->cached, first, end - first);
	at = s->marks.after_at - (s->part.start >> PAGE_SHIFT);
	if (s->marks.after && at >= first && at < end)
		s->marks.after_is_read = true;
	/*
	 * Nothing is known of a page of which only a part was read, or whose blocks a reader may
	 * have looked up before they were mapped.
	 */
	if (s->elsewhere || (part->start > s->part.start && offset_in_page(part->start)) ||
	    (part->end < s->part.end && offset_in_page(part->end)))
		s->late = true;
}
NOKPROBE_SYMBOL(span_was_read);

/* What happens to a part of the page cache. */
enum event {
	IS_READ,	/* it begins to be read */
	IS_SENT,	/* it is sent to be written back */
	IS_MAPPED,	/* it was written back elsewhere, and is mapped now */
};

static void span_apply(struct diolate_span *s, enum event what, struct passing *p)
{
	switch (what) {
	case IS_READ:
		span_was_read(s, p->part);
		break;
	case IS_SENT:
		if (!s->elsewhere)
			span_mark(s, p);
		break;
	case IS_MAPPED:
		if (s->mapped)
			span_mark_mapped(s, p);
		break;
	}
}
NOKPROBE_SYMBOL(span_apply);

/*
 * Apply an event to all spans that meet a part of a file. Return: whether a span of the file was
 * near.
 */
static bool span_meet_all(const struct address_space *mapping, enum event what,
			  const struct diolate_part *part, const void *folio, const void *disk)
{
	s64 region = part->start >> REGION_SHIFT, last = (part->end - 1) >> REGION_SHIFT;
	struct passing p = { .part = part, .folio = folio, .disk = disk };
	bool near = false;

	for (region = max_t(s64, region - 1, 0); region <= last; region++) {
		struct lane *lane = span_lane_of(mapping, region);
		unsigned long flags;
		struct diolate_span *s;

		if (hlist_empty(&lane->spans))
			continue;
		raw_spin_lock_irqsave(&lane->lock, flags);
		hlist_for_each_entry(s, &lane->spans, in_lane) {
			near |= s->begun->mapping == mapping;
			if (span_meets(s, mapping, part))
				span_apply(s, what, &p);
		}
		raw_spin_unlock_irqrestore(&lane->lock, flags);
	}
	return near;
}
NOKPROBE_SYMBOL(span_meet_all);

/**
 * diolate_spans_written() - a part of a folio is sent to be written back
 * @mapping: its file
 * @part:    what is written, bytes
 * @folio:   the folio, tagged in the page cache as under writeback; compared
 * @disk:    to which it is sent; compared
 *
 * Context: any, also inside a tracepoint; with interrupts on or off.
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_spans_written(const struct address_space *mapping, const struct diolate_part *part,
			   const void *folio, const void *disk)
{
	/* Paired with that in diolate_flight_send(). */
	smp_mb();
	return span_meet_all(mapping, IS_SENT, part, folio, disk);
}
NOKPROBE_SYMBOL(diolate_spans_written);

/**
 * diolate_spans_mapped() - what was written back elsewhere is mapped into its file
 * @mapping: the file
 * @part:    of it, bytes; its folios are under writeback, and stay so until this is done
 *
 * Context: any, also inside an ftrace callback; nothing else of the file is mapped meanwhile, which
 *          orders this with diolate_flight_map().
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_spans_mapped(const struct address_space *mapping, const struct diolate_part *part)
{
	return span_meet_all(mapping, IS_MAPPED, part, NULL, NULL);
}
NOKPROBE_SYMBOL(diolate_spans_mapped);

/**
 * diolate_spans_read() - a part of a file begins to be read into the page cache
 * @mapping: the file
 * @part:    what is read, bytes
 *
 * Context: any, also inside a tracepoint; with interrupts on or off.
 */
void diolate_spans_read(const struct address_space *mapping, const struct diolate_part *part)
{
	span_meet_all(mapping, IS_READ, part, NULL, NULL);
}
NOKPROBE_SYMBOL(diolate_spans_read);

/* Add the marks of a span that is in no lane any more. */
static void span_gather(const struct diolate_span *s, struct diolate_marks *marks)
{
	marks->overtaken |= s->marks.overtaken;
	marks->undecided |= s->marks.undecided;
	marks->anew |= s->marks.anew;
	marks->dirtied = marks->dirtied ?: s->marks.dirtied;
	if (!s->marks.after)
		return;
	atomic_dec(&diolate_spans_afters);
	marks->afters |= marks->after || s->marks.afters;
	marks->after = s->marks.after;
	marks->after_at = s->marks.after_at;
	marks->after_dirtied = s->marks.after_dirtied;
	marks->after_is_read = s->marks.after_is_read;
}
NOKPROBE_SYMBOL(span_gather);

/**
 * diolate_spans_take() - take all spans of a flight out of their lanes
 * @spans: of the flight, whose bucket is locked
 * @marks: their marks are added
 *
 * Context: any, also inside a probe handler.
 */
void diolate_spans_take(struct diolate_spans *spans, struct diolate_marks *marks)
{
	struct diolate_span *s;

	while ((s = spans->list)) {
		spans->list = s->next;
		if (!hlist_unhashed_lockless(&s->in_lane)) {
			struct lane *lane = span_lane(s);

			raw_spin_lock(&lane->lock);
			span_leave_lane(lane, s);
			raw_spin_unlock(&lane->lock);
		}
		span_gather(s, marks);
		span_free(s);
	}
}
NOKPROBE_SYMBOL(diolate_spans_take);

/**
 * diolate_spans_peek() - marks before a write invalidates, or after that failed
 * @spans: of the flight, whose bucket is locked
 * @marks: their marks are added; each @after overtakes the write
 *
 * Context: any, also inside a probe handler.
 */
void diolate_spans_peek(const struct diolate_spans *spans, struct diolate_marks *marks)
{
	const struct diolate_span *s;

	for (s = spans->list; s; s = s->next) {
		/* Paired with the release in span_mark(). */
		marks->overtaken |= smp_load_acquire(&s->marks.overtaken);
		/* Paired with the release in span_mark_after(). */
		marks->overtaken |= !!smp_load_acquire(&s->marks.after);
		marks->dirtied = marks->dirtied ?: READ_ONCE(s->marks.dirtied) ?:
				 READ_ONCE(s->marks.after_dirtied);
		marks->undecided |= READ_ONCE(s->marks.undecided);
		marks->anew |= READ_ONCE(s->marks.anew);
	}
}
NOKPROBE_SYMBOL(diolate_spans_peek);

/**
 * diolate_spans_settle_late() - a reader finds from now on what was written
 * @spans: of the flight, whose bucket is locked, and whose file is alive
 *
 * A folio that is cached now may have been read before that, and be older than the write: if it is
 * sent later, it overtakes the write.
 *
 * Context: any, also inside a probe handler.
 * Return: whether a reader did not find all of it until now.
 */
bool diolate_spans_settle_late(struct diolate_spans *spans)
{
	struct diolate_span *s;
	bool late = false;

	for (s = spans->list; s; s = s->next) {
		DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
		struct lane *lane = span_lane(s);

		if (!s->late)
			continue;
		bitmap_zero(cached, DIOLATE_SPAN_PAGES);
		diolate_cache_pages(s->begun->mapping, &s->part, cached);
		raw_spin_lock(&lane->lock);
		bitmap_or(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
		s->late = false;
		raw_spin_unlock(&lane->lock);
		late = true;
	}
	return late;
}
NOKPROBE_SYMBOL(diolate_spans_settle_late);

/**
 * diolate_spans_can_be_marked() - whether a span of a flight is in a lane yet
 * @spans: of the flight, whose bucket is locked
 *
 * Context: any, also inside a probe handler.
 * Return: true if one is.
 */
bool diolate_spans_can_be_marked(const struct diolate_spans *spans)
{
	const struct diolate_span *s;

	for (s = spans->list; s; s = s->next)
		if (!hlist_unhashed_lockless(&s->in_lane))
			return true;
	return false;
}
NOKPROBE_SYMBOL(diolate_spans_can_be_marked);
