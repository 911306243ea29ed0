// SPDX-License-Identifier: GPL-2.0-only
/*
 * The direct writes in flight, each bio of them by the bytes of the file that it writes, and
 * whether one was overtaken. doc/overtaken.md defines that and says why these rules are right:
 * - As long as a bio is in flight, what is sent to be written back of its bytes overtakes it.
 * - When it has ended, only a folio does that was in the page cache by then, and was not read
 *   since. Such a folio goes when the write invalidates the page cache: if it is still there when
 *   the write is answered it is another, which came afterwards.
 * - Of what a file system writes elsewhere, and maps when it is there, the order of mapping decides
 *   in place of that of the bios.
 * - What cannot be known by these is unknown.
 *
 * A write is found by its kiocb, in a bucket under a lock; a span, which is a bio or a part of one,
 * by a region of its file, in a lane under a lock. A bucket's lock may be held when a lane's is
 * taken, and no other is taken under either. Both are held for some hundred instructions, of the
 * longest write some ten thousand, with interrupts off, as handlers run in whatever context the
 * kernel is in. What is sent marks a span, and holds its lane: who has taken all spans of a write
 * out of their lanes sees every mark, and nobody makes another.
 *
 * Nobody comes here while nothing was written back that could overtake a write (src/track.c).
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

#include "flight.h"

/*
 * Writes in a bucket, and buckets: 1000 in flight all find a place but for once in 20,000 times, of
 * 3000 some 6 do not (by Poisson).
 */
#define PLACES 12
#define BUCKETS_BITS 9

/* Spans of writes of several bios, beside the one that each write has. */
#define SPARE_SPANS 2048
/* How many of them are tried for one. */
#define SPARE_REACH 16

/* A span begins in a region, and ends in that or in the next. */
#define REGION_SHIFT (PAGE_SHIFT + ilog2(DIOLATE_SPAN_PAGES))
#define LANES_BITS 10
/*
 * Writeback and reads look at all spans of a lane, with interrupts off. Where somebody has filled
 * one, with writes in one place, so many of others find room in it.
 */
#define MOST_IN_LANE 512
#define MOST_OF_OTHERS 64

/*
 * A write that nobody answers is given up so long after it began, or its last bio ended, if none is
 * in flight; one that was judged in passing so long after it began to invalidate; jiffies.
 */
#define OVER (60 * HZ)
#define PASSED_OVER (10 * HZ)
/* Some invalidate twice, and are judged once. */
#define SETTLED_OVER HZ

struct flight;

/**
 * struct span - a bio of a direct write, or a part of one
 * @in_lane:       in a lane, or in none
 * @next:          of the same write
 * @flight:        that; NULL if this one is spare
 * @bio:           compared
 * @part:          what it writes
 * @ended:         the bio has
 * @elsewhere:     it wrote elsewhere, and what counts is what is mapped
 * @mapped:        if so, it was: what is mapped from now on overtakes it
 * @late:          the blocks were not the file's yet when it had
 * @overtaken:     it was, by what was sent while the bio was in flight
 * @undecided:     something was sent of which that cannot be known
 * @after_is_read: what is in the place of @after was read since, so that one is gone
 * @afters:        there was another like @after, or it was sent again
 * @after:         a folio that was sent when the bio had ended; compared
 * @after_at:      the page of the file
 * @cached:        the pages that were in the page cache when it had, and were not read since
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
 * @sent:          bytes of its bios
 * @full:          it is followed since it began
 * @passed:        it was judged, and invalidates the page cache, and nobody is going to end it
 * @since:         when it began, a bio of it ended, or it began to invalidate last, jiffies
 * @settled:       what became of it is known
 * @strange:       it was not sent by the task that began it, so its bios may have no order
 * @several:       it has more bios than one, and which of them writes what is not known
 * @overtaken:     it was
 * @after_is_read: of a span that was taken out of its lane
 * @afters:        of that, or there was another
 * @after:         of that
 * @after_at:      of that
 * @doubts:        what is not known, by enum diolate_unknown
 * @spans:         its bios
 * @first:         the first of them
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

/* Of a bucket that is hardly used not all places are looked at. */
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

/* Spans that have such a folio. */
static atomic_t afters;

/* Writes that found no place, or had to leave theirs, by their kiocb. */
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

static struct bucket *bucket_of(const struct kiocb *iocb)
{
	return &buckets[hash_ptr((void *)iocb, BUCKETS_BITS)];
}
NOKPROBE_SYMBOL(bucket_of);

static struct lane *lane_of(const struct address_space *mapping, u64 region)
{
	return &lanes[hash_64((unsigned long)mapping + region * GOLDEN_RATIO_64, LANES_BITS)];
}
NOKPROBE_SYMBOL(lane_of);

static struct lane *lane_of_span(const struct span *s)
{
	return lane_of(s->flight->begun.mapping, s->part.start >> REGION_SHIFT);
}
NOKPROBE_SYMBOL(lane_of_span);

/* Compared only: what is left of one that nobody was called for may be of a file that is gone. */
static struct flight *find(struct bucket *b, const struct kiocb *iocb)
{
	unsigned long rest = b->used;

	for (; rest; rest &= rest - 1)
		if (b->iocb[__ffs(rest)] == iocb)
			return &b->flights[__ffs(rest)];
	return NULL;
}
NOKPROBE_SYMBOL(find);

/* The lane is locked. */
static void leave_lane(struct lane *lane, struct span *s)
{
	hlist_del_init(&s->in_lane);
	lane->used--;
}
NOKPROBE_SYMBOL(leave_lane);

/* What a span was marked with, to which nothing is added any more. */
static void gather(struct flight *f, const struct span *s)
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
NOKPROBE_SYMBOL(gather);

/* Take its spans out of their lanes: whoever has marked one has done so before. */
static void land_all(struct flight *f)
{
	struct span *s;

	while ((s = f->spans)) {
		f->spans = s->next;
		if (!hlist_unhashed_lockless(&s->in_lane)) {
			struct lane *lane = lane_of_span(s);

			raw_spin_lock(&lane->lock);
			leave_lane(lane, s);
			raw_spin_unlock(&lane->lock);
		}
		gather(f, s);
		/* Paired with the cmpxchg() in span_for(). */
		smp_store_release(&s->flight, NULL);
	}
}
NOKPROBE_SYMBOL(land_all);

static void forget(struct bucket *b, struct flight *f)
{
	land_all(f);
	WRITE_ONCE(b->used, b->used & ~BIT(f - b->flights));
}
NOKPROBE_SYMBOL(forget);

/*
 * One of which a bio is sent or ends: of a file that is alive. No bio of one that has passed does,
 * so then it is another write, and that one is over.
 */
static struct flight *find_in(struct bucket *b, const struct kiocb *iocb,
			      const struct address_space *mapping)
{
	struct flight *f = find(b, iocb);

	if (f && f->passed) {
		forget(b, f);
		f = NULL;
	}
	return f && f->begun.mapping == mapping ? f : NULL;
}
NOKPROBE_SYMBOL(find_in);

static enum diolate_verdict unknown(struct diolate_flown *flown, enum diolate_unknown why)
{
	flown->unknown = why;
	return DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(unknown);

/* When a write is judged. */
enum moment {
	BEFORE,		/* it invalidates the page cache, or when it could not: see look() */
	AFTERWARDS,	/* so what was there before is gone */
	TOO_LATE,	/* it is over, and its file may be gone, too */
};

/*
 * By a folio that was sent when its bio had ended. If that is still there it came behind the
 * invalidation, unless it may be another one in the same memory: that was read, or is to be written
 * back. Else the invalidation has dropped it, unless the write went on for long after that.
 */
static enum diolate_verdict judge_after(const struct flight *f, struct diolate_flown *flown)
{
	bool renewed;

	if (f->after_is_read ||
	    diolate_cached_at(f->begun.mapping, f->after_at, &renewed) != f->after)
		return f->begun.flushes ? unknown(flown, DIOLATE_UNKNOWN_REPLACED) :
					  DIOLATE_IS_OVERTAKEN;
	return f->afters || renewed ? unknown(flown, DIOLATE_UNKNOWN_REPLACED) : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(judge_after);

/* By what was sent over it. */
static enum diolate_verdict judge_marks(const struct flight *f, enum moment when,
					struct diolate_flown *flown)
{
	if (f->overtaken)
		return DIOLATE_IS_OVERTAKEN;
	if (!f->after)
		return DIOLATE_IS_NOT;
	return when == AFTERWARDS ? judge_after(f, flown) :
				    unknown(flown, DIOLATE_UNKNOWN_REPLACED);
}
NOKPROBE_SYMBOL(judge_marks);

/* What it was marked with by now, as it has yet to invalidate the page cache, or could not. */
static void look(struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next) {
		f->overtaken |= READ_ONCE(s->overtaken) || READ_ONCE(s->after);
		if (READ_ONCE(s->undecided))
			__set_bit(DIOLATE_UNKNOWN_LATE, &f->doubts);
	}
}
NOKPROBE_SYMBOL(look);

/*
 * Whether it is not known which bytes its bios wrote. One of which none was seen went through the
 * page cache, but for what is written elsewhere.
 */
static bool is_unseen(const struct flight *f, u64 bytes)
{
	return f->several || (!f->begun.whole && (f->sent || f->begun.elsewhere) &&
			      f->sent != bytes);
}
NOKPROBE_SYMBOL(is_unseen);

/* One that has written so many bytes. */
static enum diolate_verdict judge(const struct flight *f, u64 bytes, enum moment when,
				  struct diolate_flown *flown)
{
	enum diolate_verdict verdict;

	if (f->settled)
		return DIOLATE_IS_NOT;
	if (when != TOO_LATE && is_unseen(f, bytes))
		return unknown(flown, f->full ? DIOLATE_UNKNOWN_UNSEEN : DIOLATE_UNKNOWN_ARMING);
	verdict = judge_marks(f, when, flown);
	if (verdict != DIOLATE_IS_NOT && (f->full || !f->doubts))
		return verdict;
	return f->doubts ? unknown(flown, __ffs(f->doubts)) : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(judge);

static void take_down(const struct flight *f, u64 bytes, enum moment when,
		      struct diolate_flown *flown)
{
	flown->mapping = f->begun.mapping;
	flown->part.start = f->begun.part.start;
	flown->part.end = f->begun.part.start + bytes;
	flown->number = f->full ? f->begun.number : 0;
	flown->verdict = judge(f, bytes, when, flown);
}
NOKPROBE_SYMBOL(take_down);

static unsigned int places_of(const struct bucket *b, u32 owner)
{
	unsigned int i, n = 0;

	for (i = 0; i < PLACES; i++)
		n += (b->used & BIT(i)) && b->flights[i].begun.owner == owner;
	return n;
}
NOKPROBE_SYMBOL(places_of);

/* Not those of one bucket in the same few places. */
static unsigned int crowded_bit(const struct kiocb *iocb)
{
	return hash_64((u64)hash_ptr((void *)iocb, 32), CROWDED_BITS);
}
NOKPROBE_SYMBOL(crowded_bit);

static void crowd_out(const struct kiocb *iocb)
{
	set_bit(crowded_bit(iocb), crowded);
}
NOKPROBE_SYMBOL(crowd_out);

/*
 * A place for a write: free, or that of one of which all is known, or of one whose owner has more
 * than this one's would have.
 */
static struct flight *make_room(struct bucket *b, u32 owner)
{
	unsigned int i, n, most;
	struct flight *f;

	if (b->used != BIT(PLACES) - 1)
		return &b->flights[__ffs(~b->used)];
	for (i = 0; i < PLACES; i++) {
		f = &b->flights[i];
		if (f->passed && f->settled) {
			forget(b, f);
			return f;
		}
	}
	f = NULL;
	most = places_of(b, owner) + 1;
	for (i = 0; i < PLACES; i++) {
		n = places_of(b, b->flights[i].begun.owner);
		if (n > most) {
			most = n;
			f = &b->flights[i];
		}
	}
	if (f) {
		crowd_out(f->begun.iocb);
		forget(b, f);
	}
	return f;
}
NOKPROBE_SYMBOL(make_room);

static void fill(struct bucket *b, struct flight *f, const struct diolate_begun *begun)
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
NOKPROBE_SYMBOL(fill);

/**
 * diolate_flight_begin() - a direct write begins
 * @begun: it
 * @left:  set to what was known of one with the same kiocb, which is over, since nobody is called
 *         for it: it failed, or this is the rest of it (gfs2_file_direct_write(), 7.3)
 *
 * Without a place it is not followed, and diolate_flight_was_crowded() says so.
 *
 * Context: any, also inside an ftrace callback; before a bio of it is sent.
 */
void diolate_flight_begin(const struct diolate_begun *begun, struct diolate_flown *left)
{
	struct bucket *b = bucket_of(begun->iocb);
	unsigned long flags;
	struct flight *f;

	left->verdict = DIOLATE_IS_NOT;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, begun->iocb);
	if (f) {
		land_all(f);
		take_down(f, 0, TOO_LATE, left);
		forget(b, f);
	}
	f = make_room(b, begun->owner);
	if (f)
		fill(b, f, begun);
	else
		crowd_out(begun->iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_begin);

static struct span *span_for(struct flight *f, const struct bio *bio)
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
NOKPROBE_SYMBOL(span_for);

/* Whether one more of an owner finds room in a lane, which is locked. */
static bool has_room(const struct lane *lane, u32 owner)
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
NOKPROBE_SYMBOL(has_room);

static bool enter_lane(struct lane *lane, struct span *s)
{
	bool room;

	raw_spin_lock(&lane->lock);
	room = has_room(lane, s->flight->begun.owner);
	if (room) {
		hlist_add_head(&s->in_lane, &lane->spans);
		lane->used++;
	}
	raw_spin_unlock(&lane->lock);
	return room;
}
NOKPROBE_SYMBOL(enter_lane);

static bool add_span(struct flight *f, const struct bio *bio, const struct diolate_part *part,
		     bool late, bool elsewhere)
{
	struct span *s = span_for(f, bio);

	if (!s)
		return false;
	s->bio = bio;
	s->part = *part;
	s->ended = elsewhere;
	s->elsewhere = elsewhere;
	s->mapped = false;
	s->late = late;
	/* Of what is read from now on it is not known whether that has its bytes. */
	if (elsewhere)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	s->overtaken = false;
	s->undecided = false;
	s->after_is_read = false;
	s->afters = false;
	s->after = NULL;
	if (!enter_lane(lane_of_span(s), s)) {
		/* Paired with the cmpxchg() in span_for(). */
		smp_store_release(&s->flight, NULL);
		return false;
	}
	s->next = f->spans;
	f->spans = s;
	return true;
}
NOKPROBE_SYMBOL(add_span);

/* In spans of so many pages at the most. */
static void add_spans(struct flight *f, const struct bio *bio, struct diolate_part part, bool late,
		      bool elsewhere)
{
	const u64 end = part.end;

	for (; part.start < (loff_t)end; part.start = part.end) {
		/* The last one of a file of the largest size would end beyond a loff_t. */
		u64 next = (((u64)part.start >> PAGE_SHIFT) + DIOLATE_SPAN_PAGES) << PAGE_SHIFT;

		part.end = min(end, next);
		if (!add_span(f, bio, &part, late, elsewhere))
			__set_bit(DIOLATE_UNKNOWN_CROWDED, &f->doubts);
	}
}
NOKPROBE_SYMBOL(add_spans);

/**
 * diolate_flight_send() - a bio of a direct write is sent to its device
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file, or it is not the same write
 * @bio:     compared
 * @bytes:   of it
 * @late:    what it writes is not what a reader finds there before the write is completed
 * @sender:  the task that sends it; compared
 * @part:    set to what it writes of the file
 *
 * What begins to be written back before this is under it; what has begun and not ended is to be
 * looked for afterwards, by the tags of the page cache, and said by diolate_flight_doubt().
 *
 * Context: any, also inside a tracepoint.
 * Return: whether the write is followed.
 */
bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio, u64 bytes, bool late, const void *sender,
			 struct diolate_part *part)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find_in(b, iocb, mapping);
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
			add_spans(f, bio, *part, late, false);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	/*
	 * Paired with that in diolate_flight_written(): it sees the span, or who asks sees the tag.
	 */
	smp_mb();
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_send);

/*
 * Of the pages that were not read since it ended, those are kept that are cached by now. What is
 * read meanwhile is taken out by diolate_flight_read().
 */
static void keep_cached(struct span *s)
{
	DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
	struct lane *lane = lane_of_span(s);
	bool some;

	bitmap_zero(cached, DIOLATE_SPAN_PAGES);
	some = diolate_cached(s->flight->begun.mapping, &s->part, cached) || s->late;
	raw_spin_lock(&lane->lock);
	bitmap_and(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
	if (!some)
		leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
}
NOKPROBE_SYMBOL(keep_cached);

/* It has ended: what is sent from now on overtakes it only if it was cached by now. */
static void land(struct span *s)
{
	struct lane *lane = lane_of_span(s);
	bool some;

	raw_spin_lock(&lane->lock);
	some = s->late || !diolate_cache_is_empty(s->flight->begun.mapping);
	s->ended = true;
	if (some)
		bitmap_fill(s->cached, DIOLATE_SPAN_PAGES);
	else
		leave_lane(lane, s);
	raw_spin_unlock(&lane->lock);
	if (some)
		keep_cached(s);
}
NOKPROBE_SYMBOL(land);

/**
 * diolate_flight_land() - a bio of a direct write has ended
 *
 * If it was not seen to be sent, that is all that is known of it. A write of which no bio is sent
 * went through the page cache.
 *
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file, or it is not the same write
 * @bio:     of diolate_flight_send(); compared
 *
 * Context: any, also inside an ftrace callback; before the write is answered.
 * Return: whether the write is followed since it began.
 */
bool diolate_flight_land(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	bool followed, seen = false;
	struct flight *f;
	struct span *s;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find_in(b, iocb, mapping);
	if (f)
		f->since = jiffies;
	for (s = f ? f->spans : NULL; s; s = s->next)
		if (s->bio == bio && !s->ended) {
			land(s);
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
 * diolate_flight_end_elsewhere() - a bio of a direct write has ended that wrote elsewhere
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file, or it is not the same write
 * @bio:     compared
 * @part:    what it wrote of the file
 *
 * What it wrote is yet to be mapped, and it was not seen to be sent.
 *
 * Context: any, also inside an ftrace callback; before diolate_flight_map().
 */
void diolate_flight_end_elsewhere(const struct kiocb *iocb, const struct address_space *mapping,
				  const struct bio *bio, const struct diolate_part *part)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find_in(b, iocb, mapping);
	if (f) {
		f->since = jiffies;
		add_spans(f, bio, *part, f->begun.late, true);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_end_elsewhere);

/**
 * diolate_flight_map() - what a bio of a direct write wrote elsewhere is the file's from now on
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file, or it is not the same write
 * @bio:     of diolate_flight_end_elsewhere(); compared
 *
 * What is mapped before this is under it.
 *
 * Context: any, also inside an ftrace callback; nothing else of the file is mapped meanwhile, and
 *          the write is answered afterwards.
 */
void diolate_flight_map(const struct kiocb *iocb, const struct address_space *mapping,
			const struct bio *bio)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;
	struct span *s;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find_in(b, iocb, mapping);
	for (s = f ? f->spans : NULL; s; s = s->next)
		if (s->bio == bio && s->elsewhere && !s->mapped) {
			f->sent += s->part.end - s->part.start;
			s->mapped = true;
			keep_cached(s);
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
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	if (f)
		__set_bit(unknown, &f->doubts);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_doubt);

/**
 * diolate_flight_adopted() - when a bio of a direct write first ended that was in flight before
 *                            they were followed
 * @iocb:    of diolate_flight_adopt()
 * @mapping: its file, or it is not the same write
 *
 * Context: any, also inside an ftrace callback.
 * Return: its number; 0 if none has.
 */
s64 diolate_flight_adopted(const struct kiocb *iocb, const struct address_space *mapping)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;
	s64 number = 0;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find_in(b, iocb, mapping);
	if (f && !f->full)
		number = f->begun.number;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return number;
}
NOKPROBE_SYMBOL(diolate_flight_adopted);

/**
 * diolate_flight_adopt() - a bio of a direct write has ended that was in flight before they were
 *                          followed
 * @begun:   it; its number says when a bio of it first ended
 * @bytes:   of the bio
 * @verdict: on the write until then, by what was noted before that number; not DIOLATE_IS_NOT. If
 *           all bios have ended since then, the last one's is on the write
 *
 * Context: any, also inside an ftrace callback; before the write is answered.
 */
void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict)
{
	struct bucket *b = bucket_of(begun->iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, begun->iocb);
	if (f && (f->passed || f->begun.mapping != begun->mapping)) {
		forget(b, f);
		f = NULL;
	}
	if (!f) {
		f = make_room(b, begun->owner);
		if (f) {
			fill(b, f, begun);
			f->full = false;
		}
	}
	if (f && !f->full) {
		f->sent += bytes;
		f->overtaken = verdict == DIOLATE_IS_OVERTAKEN;
		/* One that has ended meanwhile, on another processor, was the first. */
		if (verdict == DIOLATE_NOT_JUDGED || f->begun.number < begun->number)
			__set_bit(DIOLATE_UNKNOWN_ARMING, &f->doubts);
	}
	if (!f)
		crowd_out(begun->iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_adopt);

static bool meets(const struct span *s, const struct address_space *mapping,
		  const struct diolate_part *part)
{
	return s->flight->begun.mapping == mapping && s->part.start < part->end &&
	       part->start < s->part.end;
}
NOKPROBE_SYMBOL(meets);

/* The pages of a span, of its bitmap, of which a part that meets it has something. */
static void pages_of(const struct span *s, const struct diolate_part *part, unsigned int *first,
		     unsigned int *end)
{
	pgoff_t base = s->part.start >> PAGE_SHIFT;

	*first = (max(part->start, s->part.start) >> PAGE_SHIFT) - base;
	*end = ((min(part->end, s->part.end) - 1) >> PAGE_SHIFT) - base + 1;
}
NOKPROBE_SYMBOL(pages_of);

/*
 * A folio that was cached when the bio had ended, or what it wrote was mapped, and not read since.
 */
static void mark_after(struct span *s, pgoff_t at, const void *folio)
{
	if (s->after) {
		s->afters = true;
		return;
	}
	s->after_at = at;
	WRITE_ONCE(s->after, folio);
	atomic_inc(&afters);
}
NOKPROBE_SYMBOL(mark_after);

static void mark(struct span *s, const struct diolate_part *part, const void *folio)
{
	unsigned int page, end;

	if (!s->ended) {
		WRITE_ONCE(s->overtaken, true);
		return;
	}
	pages_of(s, part, &page, &end);
	page = find_next_bit(s->cached, end, page);
	if (page < end)
		mark_after(s, (s->part.start >> PAGE_SHIFT) + page, folio);
	else if (s->late)
		WRITE_ONCE(s->undecided, true);
}
NOKPROBE_SYMBOL(mark);

/* What was mapped is of one folio or more, which are under writeback yet. */
static void mark_mapped(struct span *s, const struct diolate_part *part)
{
	const void *folio, *last = NULL;
	bool renewed, found = false, undecided = false;
	unsigned int page, end;

	pages_of(s, part, &page, &end);
	for (; (page = find_next_bit(s->cached, end, page)) < end; page++) {
		pgoff_t at = (s->part.start >> PAGE_SHIFT) + page;

		folio = diolate_cached_at(s->flight->begun.mapping, at, &renewed);
		if (folio && folio != last)
			mark_after(s, at, folio);
		undecided |= !folio;
		found = true;
		last = folio;
	}
	if (undecided || (!found && s->late))
		WRITE_ONCE(s->undecided, true);
}
NOKPROBE_SYMBOL(mark_mapped);

/* The pages that are read hold what was written. */
static void was_read(struct span *s, const struct diolate_part *part)
{
	unsigned int first, end;
	pgoff_t at;

	if (!s->ended)
		return;
	pages_of(s, part, &first, &end);
	bitmap_clear(s->cached, first, end - first);
	at = s->after_at - (s->part.start >> PAGE_SHIFT);
	if (s->after && at >= first && at < end)
		s->after_is_read = true;
	/*
	 * Of a page of which only a part was read nothing is known; nor where a reader may have
	 * looked up what to read before that was mapped.
	 */
	if (s->elsewhere || (part->start > s->part.start && offset_in_page(part->start)) ||
	    (part->end < s->part.end && offset_in_page(part->end)))
		s->late = true;
}
NOKPROBE_SYMBOL(was_read);

/* What happens to a part of the page cache. */
enum event {
	IS_READ,	/* it begins to be read */
	IS_SENT,	/* it is sent to be written back */
	IS_MAPPED,	/* what was written back of it elsewhere is the file's from now on */
};

static void apply(struct span *s, enum event what, const struct diolate_part *part,
		  const void *folio)
{
	switch (what) {
	case IS_READ:
		was_read(s, part);
		break;
	case IS_SENT:
		if (!s->elsewhere)
			mark(s, part, folio);
		break;
	case IS_MAPPED:
		if (s->mapped)
			mark_mapped(s, part);
		break;
	}
}
NOKPROBE_SYMBOL(apply);

/*
 * Compare a part of a folio to which something happens with all spans that it may meet. Return:
 * whether one of its file was near.
 */
static bool meet(const struct address_space *mapping, enum event what,
		 const struct diolate_part *part, const void *folio)
{
	s64 region = part->start >> REGION_SHIFT, last = (part->end - 1) >> REGION_SHIFT;
	bool near = false;

	for (region = max_t(s64, region - 1, 0); region <= last; region++) {
		struct lane *lane = lane_of(mapping, region);
		unsigned long flags;
		struct span *s;

		if (hlist_empty(&lane->spans))
			continue;
		raw_spin_lock_irqsave(&lane->lock, flags);
		hlist_for_each_entry(s, &lane->spans, in_lane) {
			near |= s->flight->begun.mapping == mapping;
			if (meets(s, mapping, part))
				apply(s, what, part, folio);
		}
		raw_spin_unlock_irqrestore(&lane->lock, flags);
	}
	return near;
}
NOKPROBE_SYMBOL(meet);

/**
 * diolate_flight_written() - a part of a folio is sent to be written back
 * @mapping: its file
 * @part:    what is written, bytes
 * @folio:   compared
 *
 * Its writeback has begun, and the page cache says so by its tags.
 *
 * Context: any, also inside a tracepoint; with interrupts on or off.
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_flight_written(const struct address_space *mapping, const struct diolate_part *part,
			    const void *folio)
{
	/* Paired with that in diolate_flight_send(). */
	smp_mb();
	return meet(mapping, IS_SENT, part, folio);
}
NOKPROBE_SYMBOL(diolate_flight_written);

/**
 * diolate_flight_mapped() - what was written back elsewhere is the file's from now on
 * @mapping: the file
 * @part:    that, bytes; its folios are under writeback, and stay so until this is done
 *
 * Context: any, also inside an ftrace callback; nothing else of the file is mapped meanwhile, which
 *          orders this with diolate_flight_map().
 * Return: whether a direct write to the file is in flight somewhere near.
 */
bool diolate_flight_mapped(const struct address_space *mapping, const struct diolate_part *part)
{
	return meet(mapping, IS_MAPPED, part, NULL);
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
	meet(mapping, IS_READ, part, NULL);
}
NOKPROBE_SYMBOL(diolate_flight_read);

/**
 * diolate_flight_judge() - what is known of a direct write that has yet to invalidate the page
 *                          cache, or could not
 * @iocb:  of diolate_flight_begin()
 * @bytes: it has written
 * @flown: set to that
 *
 * Context: any, also inside a probe handler.
 * Return: whether anything is.
 */
bool diolate_flight_judge(const struct kiocb *iocb, u64 bytes, struct diolate_flown *flown)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	if (f) {
		look(f);
		take_down(f, bytes, BEFORE, flown);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_judge);

/* What it wrote is what a reader finds now; but what came before may be in the page cache. */
static void settle_late(struct flight *f)
{
	struct span *s;

	for (s = f->spans; s; s = s->next) {
		DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
		struct lane *lane = lane_of_span(s);

		if (!s->late)
			continue;
		bitmap_zero(cached, DIOLATE_SPAN_PAGES);
		diolate_cached(f->begun.mapping, &s->part, cached);
		raw_spin_lock(&lane->lock);
		bitmap_or(s->cached, s->cached, cached, DIOLATE_SPAN_PAGES);
		s->late = false;
		raw_spin_unlock(&lane->lock);
	}
}
NOKPROBE_SYMBOL(settle_late);

static bool is_in_a_lane(const struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next)
		if (!hlist_unhashed_lockless(&s->in_lane))
			return true;
	return false;
}
NOKPROBE_SYMBOL(is_in_a_lane);

/**
 * diolate_flight_pass() - judge a direct write that is about to invalidate the page cache, and
 *                         whose answer is not seen
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file, or it is not the same write
 * @bytes:   it has written
 * @flown:   set to what is known of it; nothing, if it has passed here before
 *
 * What is found out of it from now on is told when it is swept away.
 *
 * Context: any, also inside a probe handler.
 * Return: whether it is followed.
 */
bool diolate_flight_pass(const struct kiocb *iocb, const struct address_space *mapping, u64 bytes,
			 struct diolate_flown *flown)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	flown->verdict = DIOLATE_IS_NOT;
	/* It failed, and nobody was called for it: its file may be gone. */
	if (f && f->begun.mapping != mapping) {
		forget(b, f);
		f = NULL;
	}
	if (f && !f->passed) {
		look(f);
		take_down(f, bytes, BEFORE, flown);
		f->passed = true;
		f->since = jiffies;
		settle_late(f);
		/* It is counted, or nothing can be found out any more. */
		if (flown->verdict != DIOLATE_IS_NOT || !is_in_a_lane(f)) {
			land_all(f);
			f->settled = true;
		}
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_pass);

/**
 * diolate_flight_invalidates() - a direct write that is answered where that is seen invalidates the
 *                                page cache
 * @iocb: of diolate_flight_begin()
 *
 * A folio that was sent by now is no newer than the write.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_invalidates(const struct kiocb *iocb)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	if (!atomic_read(&afters))
		return;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	if (f)
		look(f);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_invalidates);

/**
 * diolate_flight_is_followed() - whether a direct write is
 * @iocb: of diolate_flight_begin()
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_flight_is_followed(const struct kiocb *iocb)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	bool followed;

	raw_spin_lock_irqsave(&b->lock, flags);
	followed = find(b, iocb);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return followed;
}
NOKPROBE_SYMBOL(diolate_flight_is_followed);

/**
 * diolate_flight_was_crowded() - whether a direct write that is not followed had no place; told
 *                                once
 * @iocb: that its consumer is called with
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether one with this kiocb, or perhaps another, had none.
 */
bool diolate_flight_was_crowded(const struct kiocb *iocb)
{
	unsigned int bit = crowded_bit(iocb);

	return test_bit(bit, crowded) && test_and_clear_bit(bit, crowded);
}
NOKPROBE_SYMBOL(diolate_flight_was_crowded);

/**
 * diolate_flight_settle() - what became of a direct write is known
 * @iocb: of diolate_flight_begin(); diolate_flight_end() has to follow, which says that it was not
 *        overtaken
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_settle(const struct kiocb *iocb)
{
	struct bucket *b = bucket_of(iocb);
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	if (f)
		f->settled = true;
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_settle);

/**
 * diolate_flight_end() - a direct write is answered
 * @iocb:  of diolate_flight_begin()
 * @file:  that it was begun with, or it is not the same write
 * @bytes: it has written; 0 if it failed
 * @flown: set to what is known of it
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether anything is; it is not followed any more.
 */
bool diolate_flight_end(const struct kiocb *iocb, const void *file, u64 bytes,
			struct diolate_flown *flown)
{
	struct bucket *b = bucket_of(iocb);
	bool same = false;
	unsigned long flags;
	struct flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = find(b, iocb);
	if (f) {
		same = f->begun.file == file;
		land_all(f);
		if (same)
			take_down(f, bytes, AFTERWARDS, flown);
		forget(b, f);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return same;
}
NOKPROBE_SYMBOL(diolate_flight_end);

static bool is_in_flight(const struct flight *f)
{
	const struct span *s;

	for (s = f->spans; s; s = s->next)
		if (!s->ended)
			return true;
	return false;
}

/* Whether it is over, though nobody was called for it. */
static bool is_over(const struct flight *f)
{
	unsigned long passed = jiffies - f->since;

	if (f->passed && passed >= (f->settled ? SETTLED_OVER : PASSED_OVER))
		return true;
	return passed >= OVER && !is_in_flight(f);
}

/**
 * diolate_flights_sweep() - give up direct writes that are over, and were not answered
 * @all:  all
 * @left: called for each that was overtaken, or of which that is not known
 *
 * Context: process, may sleep.
 * Return: whether some are left that nobody is going to be called for.
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
			if ((b->used & BIT(i)) && (all || is_over(f))) {
				land_all(f);
				take_down(f, 0, TOO_LATE, &flown);
				/* It may be held up before it has sent anything. */
				if (!f->passed)
					crowd_out(f->begun.iocb);
				forget(b, f);
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
 * diolate_flights_are_over() - whether all that were followed have ended
 *
 * Context: any; while none begins.
 * Return: whether none is left, but for those that were judged in passing.
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
