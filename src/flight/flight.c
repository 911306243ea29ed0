// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flight is a direct write; a span is a bio of a flight, or a part of one, by the bytes of the
 * file that the bio writes. These rules say whether a write was overtaken; doc/overtaken.md defines
 * that and says why they are right:
 * - As long as a bio is in flight, each writeback that is sent for its bytes overtakes the write.
 * - When the bio has ended, only a folio does that was in the page cache by then and was not read
 *   since. The write's invalidation drops such a folio: a folio that is still in its place when the
 *   write is answered is another, which came after the invalidation.
 * - Where a file system writes elsewhere, and maps the blocks when they are written, the order of
 *   mapping decides in place of the order of the bios.
 * - What these rules cannot decide is unknown.
 *
 * A flight is found by its kiocb, in a bucket; a span by its region of the file, in a lane. Each
 * bucket and lane has a lock. A lane's lock may be taken under a bucket's, no other under either.
 * Both are held for some hundred instructions, for the longest write some ten thousand, with
 * interrupts off, because handlers run in any context. Writeback marks a span under the lock of its
 * lane: whoever has taken all spans of a flight out of their lanes sees every mark, and no mark is
 * added.
 *
 * Writes come here only while diolate_track_suspects() says so, or after a late error.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "flight/flight.h"
#include "kernel/cache.h"

/*
 * Flights in a bucket, and buckets: 1000 in flight all find a place except once in 12,000 times, of
 * 3000 some 6 do not (by Poisson).
 */
#define PLACES 12
#define BUCKETS_BITS 9

/* Spare spans, for flights that need more than the one that each has. */
#define SPARE_SPANS 2048
/* Spare spans that are tried for one. */
#define SPARE_REACH 16

/* A span ends in the region in which it begins, or in the next. */
#define REGION_SHIFT (PAGE_SHIFT + ilog2(DIOLATE_SPAN_PAGES))
#define LANES_BITS 10
/*
 * Writeback and reads look at all spans of a lane, with interrupts off. Where one owner has filled
 * a lane, with writes in one place, MOST_OF_OTHERS spans of others find room in it.
 */
#define MOST_IN_LANE 512
#define MOST_OF_OTHERS 64

/*
 * A flight that nobody ends is given up after OVER jiffies since it began or its last bio ended, if
 * no bio is in flight; after PASSED_OVER since diolate_flight_pass() judged it.
 */
#define OVER (60 * HZ)
#define PASSED_OVER (10 * HZ)
/* Instead of PASSED_OVER, if it is settled: some writes invalidate twice, and are judged once. */
#define SETTLED_OVER HZ

struct flight;

/**
 * struct span - a bio of a direct write, or a part of one
 * @in_lane:       link in its lane, or in none
 * @next:          next span of the same flight
 * @flight:        its flight; NULL if this spare span is free
 * @bio:           compared
 * @part:          bytes of the file that it writes
 * @ended:         the bio has ended
 * @elsewhere:     the bio wrote elsewhere, and the order of mapping counts
 * @mapped:        if so, the blocks are mapped: what is mapped from now on overtakes the write
 * @late:          a folio that came since the bio ended may lack what the bio wrote
 * @overtaken:     a writeback was sent while the bio was in flight
 * @undecided:     a writeback was sent of which nobody knows whether it overtakes the write
 * @after_is_read: the place of @after was read since, so @after is gone
 * @afters:        another folio like @after was sent, or @after once more
 * @after:         a folio of @cached that was sent after the bio had ended; compared
 * @after_at:      index of that page in the file
 * @cached:        pages that were in the page cache when the bio ended, and were not read since
 */
struct span {
	struct hlist_node in_lane;
	struct span *next;
	struct flight *flight;
	const struct bio *bio;
	struct diolate_part part;
	bool ended;
	bool elsewhere;
	bool mapped;
	bool late;
	bool overtaken;
	bool undecided;
	bool after_is_read;
	bool afters;
	const void *after;
	pgoff_t after_at;
	DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
};

/**
 * struct flight - a direct write
 * @begun:         how it began
 * @since:         when it began, a bio of it last ended, or it began to invalidate; jiffies
 * @sent:          bytes of its bios
 * @full:          it was followed since it began
 * @passed:        diolate_flight_pass() judged it, and nobody is going to end it
 * @settled:       what became of it is known
 * @strange:       another task than the one that began it sent a bio: its bios may have no order
 * @several:       it has more bios than one, and which of them writes what is not known
 * @overtaken:     it was overtaken
 * @after_is_read: of a span that was taken out of its lane
 * @afters:        of such a span, or several have an @after
 * @after:         of such a span
 * @after_at:      of such a span
 * @doubts:        what is not known, bits by enum diolate_unknown
 * @spans:         its spans
 * @first:         the span that each flight has
 */
struct flight {
	struct diolate_begun begun;
	unsigned long since;
	u64 sent;
	bool full;
	bool passed;
	bool settled;
	bool strange;
	bool several;
	bool overtaken;
	bool after_is_read;
	bool afters;
	const void *after;
	pgoff_t after_at;
	unsigned long doubts;
	struct span *spans;
	struct span first;
};

/* Only the places with a bit in @used are looked at. */
static struct bucket {
	raw_spinlock_t lock;
	unsigned long used;
	const struct kiocb *iocb[PLACES];
	struct flight flights[PLACES];
} buckets[1 << BUCKETS_BITS];

static struct lane {
	raw_spinlock_t lock;
	unsigned int used;
	struct hlist_head spans;
} lanes[1 << LANES_BITS];

static struct span spare[SPARE_SPANS];

/* Spans that have an @after. */
static atomic_t afters;

/* Writes that found no place or lost theirs, by a hash of their kiocb. */
#define CROWDED_BITS 12
static DECLARE_BITMAP(crowded, 1 << CROWDED_BITS);

/**
 * diolate_flights_init() - make the tables
 *
 * Context: any; before anything else here.
 */
void diolate_flights_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		raw_spin_lock_init(&buckets[i].lock);
	for (i = 0; i < ARRAY_SIZE(lanes); i++)
		raw_spin_lock_init(&lanes[i].lock);
}

static struct bucket *flight_bucket_of(const struct kiocb *iocb)
{
	return &buckets[hash_ptr((void *)iocb, BUCKETS_BITS)];
}
NOKPROBE_SYMBOL(flight_bucket_of);

static struct lane *flight_lane_of(const struct address_space *mapping, u64 region)
{
	return &lanes[hash_64((unsigned long)mapping + region * GOLDEN_RATIO_64, LANES_BITS)];
}
NOKPROBE_SYMBOL(flight_lane_of);

static struct lane *flight_lane_of_span(const struct span *s)
{
	return flight_lane_of(s->flight->begun.mapping, s->part.start >> REGION_SHIFT);
}
NOKPROBE_SYMBOL(flight_lane_of_span);

/* The kiocb is only compared: the file of a flight that nobody ended may be gone. */
static struct flight *flight_find(struct bucket *b, const struct kiocb *iocb)
{
	unsigned long rest = b->used;

	for (; rest; rest &= rest - 1)
		if (b->iocb[__ffs(rest)] == iocb)
			return &b->flights[__ffs(rest)];
	return NULL;
}
NOKPROBE_SYMBOL(flight_find);

/* The lane is locked. */
static void flight_leave_lane(struct lane *lane, struct span *s)
{
	hlist_del_init(&s->in_lane);
	lane->used--;
}
NOKPROBE_SYMBOL(flight_leave_lane);

/* Collect the marks of a span that is in no lane any more. */
static void flight_gather(struct flight *f, const struct span *s)
{
	f->overtaken |= s->overtaken;
	if (s->undecided)
		__set_bit(DIOLATE_UNKNOWN_LATE, &f->doubts);
	if (!s->after)
		return;
	atomic_dec(&afters);
	f->afters |= f->after || s->afters;
	f->after = s->after;
	f->after_at = s->after_at;
	f->after_is_read = s->after_is_read;
}
NOKPROBE_SYMBOL(flight_gather);

/* Take all spans of a flight out of their lanes, with their marks. */
static void flight_land_all(struct flight *f)
{
	struct span *s;

	while ((s = f->spans)) {
		f->spans = s->next;
		if (!hlist_unhashed_lockless(&s->in_lane)) {
			struct lane *lane = flight_lane_of_span(s);

			raw_spin_lock(&lane->lock);
			flight_leave_lane(lane, s);
			raw_spin_unlock(&lane->lock);
		}
		flight_gather(f, s);
		/* Paired with the cmpxchg() in flight_span_for(). */
		smp_store_release(&s->flight, NULL);
	}
}
NOKPROBE_SYMBOL(flight_land_all);

static void flight_forget(struct bucket *b, struct flight *f)
{
	flight_land_all(f);
	WRITE_ONCE(b->used, b->used & ~BIT(f - b->flights));
}
NOKPROBE_SYMBOL(flight_forget);

/*
 * The flight of a bio that is sent or ends, so @mapping is alive. A flight that has passed has no
 * bio left, so the bio is of another write with the same kiocb; so it is if the file is another.
 */
static struct flight *flight_find_in(struct bucket *b, const struct kiocb *iocb,
				     const struct address_space *mapping)
{
	struct flight *f = flight_find(b, iocb);

	if (f && f->passed) {
		flight_forget(b, f);
		f = NULL;
	}
	return f && f->begun.mapping == mapping ? f : NULL;
}
NOKPROBE_SYMBOL(flight_find_in);

static enum diolate_verdict flight_unknown(struct diolate_flown *flown, enum diolate_unknown why)
{
	flown->unknown = why;
	return DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(flight_unknown);

/* When a write is judged. */
enum moment {
	BEFORE, /* before it invalidates the page cache, or after that failed */
	AFTERWARDS, /* after the invalidation: what was cached before is gone */
	TOO_LATE, /* the write is over, and its file may be gone, too */
};

/*
 * Judge by @after. If it is still cached it came after the invalidation, except if another folio
 * may be in the same memory: that one was read, or is to be written back. If @after is gone the
 * invalidation dropped it, except if the write went on for long after that.
 */
static enum diolate_verdict flight_judge_after(const struct flight *f, struct diolate_flown *flown)
{
	bool renewed;

	if (f->after_is_read ||
	    diolate_cache_at(f->begun.mapping, f->after_at, &renewed) != f->after)
		return f->begun.flushes ? flight_unknown(flown, DIOLATE_UNKNOWN_REPLACED) :
					  DIOLATE_IS_OVERTAKEN;
	return f->afters || renewed ? flight_unknown(flown, DIOLATE_UNKNOWN_REPLACED) :
				      DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(flight_judge_after);

static enum diolate_verdict flight_judge_marks(const struct flight *f, enum moment when,
					       struct diolate_flown *flown)
{
	if (f->overtaken)
		return DIOLATE_IS_OVERTAKEN;
	if (!f->after)
		return DIOLATE_IS_NOT;
	return when == AFTERWARDS ? flight_judge_after(f, flown) :
				    flight_unknown(flown, DIOLATE_UNKNOWN_REPLACED);
}
NOKPROBE_SYMBOL(flight_judge_marks);

/*
 * Collect marks before the write invalidates, or after that failed: each @after overtakes the
 * write.
 */
static void flight_settle_marks(struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next) {
		f->overtaken |= READ_ONCE(s->overtaken) || READ_ONCE(s->after);
		if (READ_ONCE(s->undecided))
			__set_bit(DIOLATE_UNKNOWN_LATE, &f->doubts);
	}
}
NOKPROBE_SYMBOL(flight_settle_marks);

/*
 * Whether it is not known which bytes the bios wrote. A write of which no bio was seen went through
 * the page cache, except where the file system writes elsewhere.
 */
static bool flight_is_unseen(const struct flight *f, u64 bytes)
{
	return f->several || (!f->begun.whole && (f->sent || f->begun.elsewhere) &&
			      f->sent != bytes);
}
NOKPROBE_SYMBOL(flight_is_unseen);

static enum diolate_verdict flight_judge(const struct flight *f, u64 bytes, enum moment when,
					 struct diolate_flown *flown)
{
	enum diolate_verdict verdict;

	if (f->settled)
		return DIOLATE_IS_NOT;
	if (when != TOO_LATE && flight_is_unseen(f, bytes))
		return flight_unknown(flown,
				      f->full ? DIOLATE_UNKNOWN_UNSEEN : DIOLATE_UNKNOWN_ARMING);
	verdict = flight_judge_marks(f, when, flown);
	if (verdict != DIOLATE_IS_NOT && (f->full || !f->doubts))
		return verdict;
	return f->doubts ? flight_unknown(flown, __ffs(f->doubts)) : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(flight_judge);

static void flight_report(const struct flight *f, u64 bytes, enum moment when,
			  struct diolate_flown *flown)
{
	flown->mapping = f->begun.mapping;
	flown->part.start = f->begun.part.start;
	flown->part.end = f->begun.part.start + bytes;
	flown->number = f->full ? f->begun.number : 0;
	flown->verdict = flight_judge(f, bytes, when, flown);
}
NOKPROBE_SYMBOL(flight_report);

static unsigned int flight_places_of(const struct bucket *b, u32 owner)
{
	unsigned int i, n = 0;

	for (i = 0; i < PLACES; i++)
		n += (b->used & BIT(i)) && b->flights[i].begun.owner == owner;
	return n;
}
NOKPROBE_SYMBOL(flight_places_of);

/* Spread the kiocbs of one bucket over the bitmap. */
static unsigned int flight_crowded_bit(const struct kiocb *iocb)
{
	return hash_64((u64)hash_ptr((void *)iocb, 32), CROWDED_BITS);
}
NOKPROBE_SYMBOL(flight_crowded_bit);

static void flight_crowd_out(const struct kiocb *iocb)
{
	set_bit(flight_crowded_bit(iocb), crowded);
}
NOKPROBE_SYMBOL(flight_crowd_out);

/*
 * A place: a free one, or that of a flight of which all is known, or of an owner who has more than
 * @owner would have.
 */
static struct flight *flight_make_room(struct bucket *b, u32 owner)
{
	unsigned int i, n, most;
	struct flight *f;

	if (b->used != BIT(PLACES) - 1)
		return &b->flights[__ffs(~b->used)];
	for (i = 0; i < PLACES; i++) {
		f = &b->flights[i];
		if (f->passed && f->settled) {
			flight_forget(b, f);
			return f;
		}
	}
	f = NULL;
	most = flight_places_of(b, owner) + 1;
	for (i = 0; i < PLACES; i++) {
		n = flight_places_of(b, b->flights[i].begun.owner);
		if (n > most) {
			most = n;
			f = &b->flights[i];
		}
	}
	if (f) {
		flight_crowd_out(f->begun.iocb);
		flight_forget(b, f);
	}
	return f;
}
NOKPROBE_SYMBOL(flight_make_room);

static void flight_fill(struct bucket *b, struct flight *f, const struct diolate_begun *begun)
{
	b->iocb[f - b->flights] = begun->iocb;
	WRITE_ONCE(b->used, b->used | BIT(f - b->flights));
	f->begun = *begun;
	f->since = jiffies;
	f->sent = 0;
	f->full = true;
	f->passed = false;
	f->settled = false;
	f->strange = false;
	f->several = false;
	f->overtaken = false;
	f->after = NULL;
	f->afters = false;
	f->after_is_read = false;
	f->doubts = begun->unseen ? BIT(DIOLATE_UNKNOWN_UNSEEN) : 0;
	f->spans = NULL;
}
NOKPROBE_SYMBOL(flight_fill);

/**
 * diolate_flight_begin() - a direct write begins
 * @begun: the write
 * @left:  set to what was known of an earlier flight with this kiocb. It is over, and nobody
 *         ends it: it failed, or @begun is the rest of it (gfs2_file_direct_write(), 7.3)
 *
 * If there is no place the write is not followed, and diolate_flight_was_crowded() says so.
 *
 * Context: any, also inside an ftrace callback; before a bio of the write is sent.
 */
void diolate_flight_begin(const struct diolate_begun *begun, struct diolate_flown *left)
{
	struct bucket *b = flight_bucket_of(begun->iocb);
	unsigned long flags;
	struct flight *f;

	left->verdict = DIOLATE_IS_NOT;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, begun->iocb);
	if (f) {
		flight_land_all(f);
		flight_report(f, 0, TOO_LATE, left);
		flight_forget(b, f);
	}
	f = flight_make_room(b, begun->owner);
	if (f)
		flight_fill(b, f, begun);
	else
		flight_crowd_out(begun->iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_begin);

static struct span *flight_span_for(struct flight *f, const struct bio *bio)
{
	unsigned int i, place = hash_ptr((void *)bio, ilog2(SPARE_SPANS));

	if (!f->spans) {
		f->first.flight = f;
		return &f->first;
	}
	for (i = 0; i < SPARE_REACH; i++) {
		struct span *s = &spare[(place + i) % SPARE_SPANS];

		if (!READ_ONCE(s->flight) && !cmpxchg(&s->flight, NULL, f))
			return s;
	}
	return NULL;
}
NOKPROBE_SYMBOL(flight_span_for);

/* Whether one more span of an owner finds room in a lane, which is locked. */
static bool flight_has_room(const struct lane *lane, u32 owner)
{
	const struct span *s;
	unsigned int n = 0;

	if (lane->used < MOST_IN_LANE)
		return true;
	if (lane->used >= MOST_IN_LANE + MOST_OF_OTHERS)
		return false;
	hlist_for_each_entry(s, &lane->spans, in_lane) {
		n += s->flight->begun.owner == owner;
		if (n >= MOST_OF_OTHERS)
			return false;
	}
	return true;
}
NOKPROBE_SYMBOL(flight_has_room);

static bool flight_enter_lane(struct lane *lane, struct span *s)
{
	bool room;

	raw_spin_lock(&lane->lock);
	room = flight_has_room(lane, s->flight->begun.owner);
	if (room) {
		hlist_add_head(&s->in_lane, &lane->spans);
		lane->used++;
	}
	raw_spin_unlock(&lane->lock);
	return room;
}
NOKPROBE_SYMBOL(flight_enter_lane);

static bool flight_add_span(struct flight *f, const struct bio *bio,
			    const struct diolate_part *part, bool late, bool elsewhere)
{
	struct span *s = flight_span_for(f, bio);

	if (!s)
		return false;
	s->bio = bio;
	s->part = *part;
	s->ended = elsewhere;
	s->elsewhere = elsewhere;
	s->mapped = false;
	s->late = late;
	/* A page that is read before flight_map() may have the written bytes, or not. */
	if (elsewhere)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	s->overtaken = false;
	s->undecided = false;
	s->after_is_read = false;
	s->afters = false;
	s->after = NULL;
	if (!flight_enter_lane(flight_lane_of_span(s), s)) {
		/* Paired with the cmpxchg() in flight_span_for(). */
		smp_store_release(&s->flight, NULL);
		return false;
	}
	s->next = f->spans;
	f->spans = s;
	return true;
}
NOKPROBE_SYMBOL(flight_add_span);

/* Add a bio, in spans of at most DIOLATE_SPAN_PAGES pages. */
static void flight_add_spans(struct flight *f, const struct bio *bio, struct diolate_part part,
			     bool late, bool elsewhere)
{
	const u64 end = part.end;

	for (; part.start < (loff_t)end; part.start = part.end) {
		/* The last span of a file of the largest size would end beyond a loff_t. */
		u64 next = (((u64)part.start >> PAGE_SHIFT) + DIOLATE_SPAN_PAGES) << PAGE_SHIFT;

		part.end = min(end, next);
		if (!flight_add_span(f, bio, &part, late, elsewhere))
			__set_bit(DIOLATE_UNKNOWN_CROWDED, &f->doubts);
	}
}
NOKPROBE_SYMBOL(flight_add_spans);

/**
 * diolate_flight_send() - a bio of a direct write is sent to its device
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file; compared
 * @bio:     compared
 * @bytes:   of @bio
 * @late:    a reader does not find what @bio writes before the write is completed
 * @sender:  the task that sends @bio; compared
 * @part:    set to what @bio writes of the file, if the write is followed
 *
 * A writeback that has ended before this is under the write. The caller looks afterwards for one
 * that has not, by the tags of the page cache, and calls diolate_flight_doubt().
 *
 * Context: any, also inside a tracepoint.
 * Return: whether the write is followed.
 */
bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio, u64 bytes, bool late, const void *sender,
			 struct diolate_part *part)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find_in(b, iocb, mapping);
	if (f) {
		*part = f->begun.part;
		if (!f->begun.whole) {
			part->start += f->sent;
			part->end = part->start + bytes;
		}
		f->sent += bytes;
		late |= f->begun.late;
		f->strange |= f->begun.sender != sender;
		f->several |= (f->begun.whole || f->strange) && f->spans;
		if (!f->begun.whole || !f->spans)
			flight_add_spans(f, bio, *part, late, false);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	/*
	 * Paired with that in diolate_flight_written(): the writeback sees the span, or our caller
	 * sees the tag.
	 */
	smp_mb();
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_send);

/*
 * Of the pages that were not read since the bio's end, keeps those that are cached now. What is read
 * meanwhile is cleared by diolate_flight_read().
 */
static void flight_keep_cached(struct span *s)
{
	DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
	struct lane *lane = flight_lane_of_span(s);
	bool some;

	bitmap_zero(cached, DIOLATE_SPAN_PAGES);
	some = diolate_cache_pages(s->flight->begun.mapping, &s->part, cached) || s->late;
	raw_spin_lock(&lane->lock);
	bitmap_and(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
	if (!some)
		flight_leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
}
NOKPROBE_SYMBOL(flight_keep_cached);

/* The bio has ended: what is sent from now on overtakes it only if it is cached now. */
static void flight_land(struct span *s)
{
	struct lane *lane = flight_lane_of_span(s);
	bool some;

	raw_spin_lock(&lane->lock);
	some = s->late || !diolate_cache_is_empty(s->flight->begun.mapping);
	s->ended = true;
	if (some)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	else
		flight_leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
	if (some)
		flight_keep_cached(s);
}
NOKPROBE_SYMBOL(flight_land);

/**
 * diolate_flight_land() - a bio of a direct write has ended
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file; compared
 * @bio:     of diolate_flight_send(); compared
 *
 * A bio that was not seen to be sent makes the write unknown.
 *
 * Context: any, also inside an ftrace callback; before the write is answered.
 * Return: whether the write was followed since it began.
 */
bool diolate_flight_land(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	bool followed, seen = false;
	struct flight *f;
	struct span *s;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find_in(b, iocb, mapping);
	if (f)
		f->since = jiffies;
	for (s = f ? f->spans : NULL; s; s = s->next)
		if (s->bio == bio && !s->ended) {
			flight_land(s);
			seen = true;
		}
	followed = f && f->full;
	if (followed && !seen && !f->several)
		__set_bit(DIOLATE_UNKNOWN_UNSEEN, &f->doubts);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return followed;
}
NOKPROBE_SYMBOL(diolate_flight_land);

/**
 * diolate_flight_end_elsewhere() - a bio of a direct write that wrote elsewhere has ended
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file; compared
 * @bio:     compared
 * @part:    the bytes of the file that it wrote
 *
 * The blocks are yet to be mapped. The bio was not seen to be sent.
 *
 * Context: any, also inside an ftrace callback; before diolate_flight_map().
 */
void diolate_flight_end_elsewhere(const struct kiocb *iocb, const struct address_space *mapping,
				  const struct bio *bio, const struct diolate_part *part)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find_in(b, iocb, mapping);
	if (f) {
		f->since = jiffies;
		flight_add_spans(f, bio, *part, f->begun.late, true);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_end_elsewhere);

/**
 * diolate_flight_map() - blocks that a bio of a direct write wrote elsewhere are mapped
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file; compared
 * @bio:     of diolate_flight_end_elsewhere(); compared
 *
 * A writeback that was mapped before this is under the write.
 *
 * Context: any, also inside an ftrace callback; nothing else of the file is mapped meanwhile, and
 *          the write is answered afterwards.
 */
void diolate_flight_map(const struct kiocb *iocb, const struct address_space *mapping,
			const struct bio *bio)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;
	struct span *s;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find_in(b, iocb, mapping);
	for (s = f ? f->spans : NULL; s; s = s->next)
		if (s->bio == bio && s->elsewhere && !s->mapped) {
			f->sent += s->part.end - s->part.start;
			s->mapped = true;
			flight_keep_cached(s);
		}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_map);

/**
 * diolate_flight_doubt() - something cannot be known of a direct write
 * @iocb:    of diolate_flight_begin()
 * @unknown: why
 *
 * Context: any, also inside a tracepoint.
 */
void diolate_flight_doubt(const struct kiocb *iocb, enum diolate_unknown unknown)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	if (f)
		__set_bit(unknown, &f->doubts);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_doubt);

/**
 * diolate_flight_adopted() - when a bio of an adopted direct write first ended
 * @iocb:    of diolate_flight_adopt()
 * @mapping: its file; compared
 *
 * Context: any, also inside an ftrace callback.
 * Return: the number that diolate_flight_adopt() was given first; 0 if the write was not adopted.
 */
s64 diolate_flight_adopted(const struct kiocb *iocb, const struct address_space *mapping)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;
	s64 number = 0;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find_in(b, iocb, mapping);
	if (f && !f->full)
		number = f->begun.number;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return number;
}
NOKPROBE_SYMBOL(diolate_flight_adopted);

/**
 * diolate_flight_adopt() - a bio has ended of a direct write that began before following did
 * @begun:   the write; its number says when a bio of it first ended
 * @bytes:   of the bio
 * @verdict: on the write, by what was noted before that number; not DIOLATE_IS_NOT. The verdict
 *           at the end of the last bio is on the whole write
 *
 * Context: any, also inside an ftrace callback; before the write is answered.
 */
void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict)
{
	struct bucket *b = flight_bucket_of(begun->iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, begun->iocb);
	if (f && (f->passed || f->begun.mapping != begun->mapping)) {
		flight_forget(b, f);
		f = NULL;
	}
	if (!f) {
		f = flight_make_room(b, begun->owner);
		if (f) {
			flight_fill(b, f, begun);
			f->full = false;
		}
	}
	if (f && !f->full) {
		f->sent += bytes;
		f->overtaken = verdict == DIOLATE_IS_OVERTAKEN;
		/* A smaller number: another bio has ended first, on another processor. */
		if (verdict == DIOLATE_NOT_JUDGED || f->begun.number < begun->number)
			__set_bit(DIOLATE_UNKNOWN_ARMING, &f->doubts);
	}
	if (!f)
		flight_crowd_out(begun->iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_adopt);

static bool flight_meets(const struct span *s, const struct address_space *mapping,
			 const struct diolate_part *part)
{
	return s->flight->begun.mapping == mapping && s->part.start < part->end &&
	       part->start < s->part.end;
}
NOKPROBE_SYMBOL(flight_meets);

/* The bits of @cached for the pages of which @part has something, from @first to before @end. */
static void flight_pages_of(const struct span *s, const struct diolate_part *part,
			    unsigned int *first, unsigned int *end)
{
	pgoff_t base = s->part.start >> PAGE_SHIFT;

	*first = (max(part->start, s->part.start) >> PAGE_SHIFT) - base;
	*end = ((min(part->end, s->part.end) - 1) >> PAGE_SHIFT) - base + 1;
}
NOKPROBE_SYMBOL(flight_pages_of);

/*
 * A folio that was cached when the bio had ended, or what it wrote was mapped, and not read since.
 */
static void flight_mark_after(struct span *s, pgoff_t at, const void *folio)
{
	if (s->after) {
		s->afters = true;
		return;
	}
	s->after_at = at;
	WRITE_ONCE(s->after, folio);
	atomic_inc(&afters);
}
NOKPROBE_SYMBOL(flight_mark_after);

static void flight_mark(struct span *s, const struct diolate_part *part, const void *folio)
{
	unsigned int page, end;

	if (!s->ended) {
		WRITE_ONCE(s->overtaken, true);
		return;
	}
	flight_pages_of(s, part, &page, &end);
	page = find_next_bit(s->cached, end, page);
	if (page < end)
		flight_mark_after(s, (s->part.start >> PAGE_SHIFT) + page, folio);
	else if (s->late)
		WRITE_ONCE(s->undecided, true);
}
NOKPROBE_SYMBOL(flight_mark);

/* What was mapped is of one folio or more, which are under writeback yet. */
static void flight_mark_mapped(struct span *s, const struct diolate_part *part)
{
	const void *folio, *last = NULL;
	bool renewed, found = false, undecided = false;
	unsigned int page, end;

	flight_pages_of(s, part, &page, &end);
	for (; (page = find_next_bit(s->cached, end, page)) < end; page++) {
		pgoff_t at = (s->part.start >> PAGE_SHIFT) + page;

		folio = diolate_cache_at(s->flight->begun.mapping, at, &renewed);
		if (folio && folio != last)
			flight_mark_after(s, at, folio);
		undecided |= !folio;
		found = true;
		last = folio;
	}
	if (undecided || (!found && s->late))
		WRITE_ONCE(s->undecided, true);
}
NOKPROBE_SYMBOL(flight_mark_mapped);

/* Pages that are read after the bio has ended hold what it wrote. */
static void flight_was_read(struct span *s, const struct diolate_part *part)
{
	unsigned int first, end;
	pgoff_t at;

	if (!s->ended)
		return;
	flight_pages_of(s, part, &first, &end);
	bitmap_clear(s->cached, first, end - first);
	at = s->after_at - (s->part.start >> PAGE_SHIFT);
	if (s->after && at >= first && at < end)
		s->after_is_read = true;
	/*
	 * Nothing is known of a page of which only a part was read, or whose blocks a reader may
	 * have looked up before they were mapped.
	 */
	if (s->elsewhere || (part->start > s->part.start && offset_in_page(part->start)) ||
	    (part->end < s->part.end && offset_in_page(part->end)))
		s->late = true;
}
NOKPROBE_SYMBOL(flight_was_read);

/* What happens to a part of the page cache. */
enum event {
	IS_READ,	/* it begins to be read */
	IS_SENT,	/* it is sent to be written back */
	IS_MAPPED,	/* it was written back elsewhere, and is mapped now */
};

static void flight_apply(struct span *s, enum event what, const struct diolate_part *part,
			 const void *folio)
{
	switch (what) {
	case IS_READ:
		flight_was_read(s, part);
		break;
	case IS_SENT:
		if (!s->elsewhere)
			flight_mark(s, part, folio);
		break;
	case IS_MAPPED:
		if (s->mapped)
			flight_mark_mapped(s, part);
		break;
	}
}
NOKPROBE_SYMBOL(flight_apply);

/*
 * Apply an event to all spans that meet a part of a file. Return: whether a span of the file was
 * near.
 */
static bool flight_meet(const struct address_space *mapping, enum event what,
			const struct diolate_part *part, const void *folio)
{
	s64 region = part->start >> REGION_SHIFT, last = (part->end - 1) >> REGION_SHIFT;
	bool near = false;

	for (region = max_t(s64, region - 1, 0); region <= last; region++) {
		struct lane *lane = flight_lane_of(mapping, region);
		unsigned long flags;
		struct span *s;

		if (hlist_empty(&lane->spans))
			continue;
		raw_spin_lock_irqsave(&lane->lock, flags);
		hlist_for_each_entry(s, &lane->spans, in_lane) {
			near |= s->flight->begun.mapping == mapping;
			if (flight_meets(s, mapping, part))
				flight_apply(s, what, part, folio);
		}
		raw_spin_unlock_irqrestore(&lane->lock, flags);
	}
	return near;
}
NOKPROBE_SYMBOL(flight_meet);

/**
 * diolate_flight_written() - a part of a folio is sent to be written back
 * @mapping: its file
 * @part:    what is written, bytes
 * @folio:   the folio, tagged in the page cache as under writeback; compared
 *
 * Context: any, also inside a tracepoint; with interrupts on or off.
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_flight_written(const struct address_space *mapping, const struct diolate_part *part,
			    const void *folio)
{
	/* Paired with that in diolate_flight_send(). */
	smp_mb();
	return flight_meet(mapping, IS_SENT, part, folio);
}
NOKPROBE_SYMBOL(diolate_flight_written);

/**
 * diolate_flight_mapped() - what was written back elsewhere is mapped into its file
 * @mapping: the file
 * @part:    of it, bytes; its folios are under writeback, and stay so until this is done
 *
 * Context: any, also inside an ftrace callback; nothing else of the file is mapped meanwhile, which
 *          orders this with diolate_flight_map().
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_flight_mapped(const struct address_space *mapping, const struct diolate_part *part)
{
	return flight_meet(mapping, IS_MAPPED, part, NULL);
}
NOKPROBE_SYMBOL(diolate_flight_mapped);

/**
 * diolate_flight_read() - a part of a file begins to be read into the page cache
 * @mapping: the file
 * @part:    what is read, bytes
 *
 * Context: any, also inside a tracepoint; with interrupts on or off.
 */
void diolate_flight_read(const struct address_space *mapping, const struct diolate_part *part)
{
	flight_meet(mapping, IS_READ, part, NULL);
}
NOKPROBE_SYMBOL(diolate_flight_read);

/**
 * diolate_flight_judge() - judge a write before it invalidates the page cache, or if it could not
 * @iocb:  of diolate_flight_begin()
 * @bytes: that the write has written
 * @flown: set to what is known of it
 *
 * Context: any, also inside a probe handler.
 * Return: whether the write is followed.
 */
bool diolate_flight_judge(const struct kiocb *iocb, u64 bytes, struct diolate_flown *flown)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	if (f) {
		flight_settle_marks(f);
		flight_report(f, bytes, BEFORE, flown);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_judge);

/* A reader finds from now on what was written; but what is cached now may be older. */
static void flight_settle_late(struct flight *f)
{
	struct span *s;

	for (s = f->spans; s; s = s->next) {
		DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
		struct lane *lane = flight_lane_of_span(s);

		if (!s->late)
			continue;
		bitmap_zero(cached, DIOLATE_SPAN_PAGES);
		diolate_cache_pages(f->begun.mapping, &s->part, cached);
		raw_spin_lock(&lane->lock);
		bitmap_or(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
		s->late = false;
		raw_spin_unlock(&lane->lock);
	}
}
NOKPROBE_SYMBOL(flight_settle_late);

static bool flight_is_in_a_lane(const struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next)
		if (!hlist_unhashed_lockless(&s->in_lane))
			return true;
	return false;
}
NOKPROBE_SYMBOL(flight_is_in_a_lane);

/**
 * diolate_flight_pass() - judge a write before it invalidates, if its answer is not seen
 * @iocb:    of diolate_flight_begin()
 * @mapping: the file of the write, or the flight is another write's
 * @bytes:   that the write has written
 * @flown:   set to what is known of it; nothing, if it has passed here before
 *
 * diolate_flights_sweep() reports what is found out later.
 *
 * Context: any, also inside a probe handler.
 * Return: whether the write is followed.
 */
bool diolate_flight_pass(const struct kiocb *iocb, const struct address_space *mapping, u64 bytes,
			 struct diolate_flown *flown)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	flown->verdict = DIOLATE_IS_NOT;
	/* The write of this flight failed, and nobody was called for it. Its file may be gone. */
	if (f && f->begun.mapping != mapping) {
		flight_forget(b, f);
		f = NULL;
	}
	if (f && !f->passed) {
		flight_settle_marks(f);
		flight_report(f, bytes, BEFORE, flown);
		f->passed = true;
		f->since = jiffies;
		flight_settle_late(f);
		/* The caller counts the write, or no span can be marked any more. */
		if (flown->verdict != DIOLATE_IS_NOT || !flight_is_in_a_lane(f)) {
			flight_land_all(f);
			f->settled = true;
		}
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_pass);

/**
 * diolate_flight_invalidates() - a direct write whose answer is seen invalidates the page cache
 * @iocb: of diolate_flight_begin()
 *
 * A folio that was sent by now is no newer than the write.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_invalidates(const struct kiocb *iocb)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	if (!atomic_read(&afters))
		return;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	if (f)
		flight_settle_marks(f);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_invalidates);

/**
 * diolate_flight_is_followed() - whether a direct write is followed
 * @iocb: of diolate_flight_begin()
 *
 * Context: any, also inside a probe handler.
 * Return: true if it is.
 */
bool diolate_flight_is_followed(const struct kiocb *iocb)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	bool followed;

	raw_spin_lock_irqsave(&b->lock, flags);
	followed = flight_find(b, iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return followed;
}
NOKPROBE_SYMBOL(diolate_flight_is_followed);

/**
 * diolate_flight_was_crowded() - whether a write that is not followed had no place; true once
 * @iocb: with which its consumer is called
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether a write with this kiocb, or perhaps another, had none.
 */
bool diolate_flight_was_crowded(const struct kiocb *iocb)
{
	unsigned int bit = flight_crowded_bit(iocb);

	return test_bit(bit, crowded) && test_and_clear_bit(bit, crowded);
}
NOKPROBE_SYMBOL(diolate_flight_was_crowded);

/**
 * diolate_flight_settle() - what became of a direct write is known
 * @iocb: of diolate_flight_begin()
 *
 * diolate_flight_end() has to follow, and says that the write was not overtaken.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_settle(const struct kiocb *iocb)
{
	struct bucket *b = flight_bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	if (f)
		f->settled = true;
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_settle);

/**
 * diolate_flight_end() - a direct write is answered
 * @iocb:  of diolate_flight_begin()
 * @file:  of diolate_flight_begin(); compared
 * @bytes: that the write has written; 0 if it failed
 * @flown: set to what is known of it
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether the write was followed. It is over in any case.
 */
bool diolate_flight_end(const struct kiocb *iocb, const void *file, u64 bytes,
			struct diolate_flown *flown)
{
	struct bucket *b = flight_bucket_of(iocb);
	bool same = false;
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = flight_find(b, iocb);
	if (f) {
		same = f->begun.file == file;
		flight_land_all(f);
		if (same)
			flight_report(f, bytes, AFTERWARDS, flown);
		flight_forget(b, f);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return same;
}
NOKPROBE_SYMBOL(diolate_flight_end);

static bool flight_is_in_flight(const struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next)
		if (!s->ended)
			return true;
	return false;
}

/* Whether a flight is over, though nobody ended it. */
static bool flight_is_over(const struct flight *f)
{
	unsigned long passed = jiffies - f->since;

	if (f->passed && passed >= (f->settled ? SETTLED_OVER : PASSED_OVER))
		return true;
	return passed >= OVER && !flight_is_in_flight(f);
}

/**
 * diolate_flights_sweep() - give up direct writes that are over, and were not answered
 * @all:  give up all flights
 * @left: called for each write that was overtaken, or of which that is not known
 *
 * Context: process, may sleep.
 * Return: whether a flight is left for which nobody is going to call diolate_flight_end().
 */
bool diolate_flights_sweep(bool all, void (*left)(const struct diolate_flown *flown))
{
	struct diolate_flown flown;
	bool some = false;
	unsigned int i, n;

	for (n = 0; n < ARRAY_SIZE(buckets); n++) {
		struct bucket *b = &buckets[n];

		for (i = 0; i < PLACES; i++) {
			struct flight *f = &b->flights[i];
			unsigned long flags;

			if (!(READ_ONCE(b->used) & BIT(i)))
				continue;
			flown.verdict = DIOLATE_IS_NOT;
			raw_spin_lock_irqsave(&b->lock, flags);
			if ((b->used & BIT(i)) && (all || flight_is_over(f))) {
				flight_land_all(f);
				flight_report(f, 0, TOO_LATE, &flown);
				/* The write may be held up before its first bio. */
				if (!f->passed)
					flight_crowd_out(f->begun.iocb);
				flight_forget(b, f);
			}
			some |= (b->used & BIT(i)) && !f->begun.told;
			raw_spin_unlock_irqrestore(&b->lock, flags);
			if (flown.verdict != DIOLATE_IS_NOT)
				left(&flown);
		}
	}
	return some;
}

/**
 * diolate_flights_are_over() - whether all direct writes that were followed have ended
 *
 * Context: any; while none begins.
 * Return: whether no flight is left, except those that diolate_flight_pass() has judged.
 */
bool diolate_flights_are_over(void)
{
	unsigned int i, n;

	for (n = 0; n < ARRAY_SIZE(buckets); n++)
		for (i = 0; i < PLACES; i++)
			if ((READ_ONCE(buckets[n].used) & BIT(i)) &&
			    !READ_ONCE(buckets[n].flights[i].passed))
				return false;
	return true;
}
