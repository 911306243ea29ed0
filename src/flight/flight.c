// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flight is a direct write, from its beginning to its answer: what its callers saw of it, in the
 * order in which that happens. Whether it was overtaken is found by its spans (span.c), which
 * writeback marks, and judged by verdict.c; doc/overtaken.md defines it and says why the rules are
 * right. What the rules cannot decide is unknown.
 *
 * Writes come here only while diolate_track_suspects() says so, or after a late error.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "flight/bucket.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/span.h"
#include "flight/verdict.h"

/*
 * A flight that nobody ends is given up after OVER jiffies since it began or its last bio ended, if
 * no bio is in flight; after PASSED_OVER since it has passed, about to invalidate.
 */
#define OVER (60 * HZ)
#define PASSED_OVER (10 * HZ)
/* Instead of PASSED_OVER, if it is settled: some writes invalidate twice, and are judged once. */
#define SETTLED_OVER HZ

/**
 * diolate_flights_init() - make the tables
 *
 * Context: any; before anything else here.
 */
void diolate_flights_init(void)
{
	diolate_buckets_init();
	diolate_spans_init();
}

/**
 * diolate_flight_begin() - a direct write begins
 * @begun: the write
 * @left:  set to what was known of an earlier flight with this kiocb. It is over, and nobody
 *         ends it: it failed, or @begun is the rest of it (gfs2_file_direct_write(), 7.3)
 *
 * If there is no place the write is not followed, and diolate_bucket_was_crowded() says so.
 *
 * Context: any, also inside an ftrace callback; before a bio of the write is sent.
 */
void diolate_flight_begin(const struct diolate_begun *begun, struct diolate_flown *left)
{
	struct diolate_bucket *b = diolate_bucket_of(begun->iocb);
	unsigned long flags;
	struct diolate_flight *f;

	left->verdict = DIOLATE_IS_NOT;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, begun->iocb);
	if (f) {
		diolate_spans_take(&f->spans, &f->marks);
		diolate_verdict_report(f, 0, DIOLATE_TOO_LATE, left);
		diolate_bucket_forget(b, f);
	}
	diolate_bucket_add(b, begun);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_begin);

static void flight_add_spans(struct diolate_flight *f, const struct bio *bio,
			     const struct diolate_part *part, bool late, bool elsewhere)
{
	if (!diolate_spans_add(&f->spans, &f->begun, bio, *part, late, elsewhere))
		__set_bit(DIOLATE_UNKNOWN_CROWDED, &f->doubts);
}
NOKPROBE_SYMBOL(flight_add_spans);

/**
 * diolate_flight_send() - a bio of a direct write is sent to its device
 * @iocb:    of diolate_flight_begin()
 * @mapping: its file; compared
 * @pos:     where it begins; compared
 * @bio:     compared
 * @bytes:   of @bio
 * @late:    a reader does not find what @bio writes before the write is completed
 * @sender:  the task that sends @bio; compared
 * @disk:    to which @bio is sent; compared
 * @part:    set to what @bio writes of the file, if the write is followed
 *
 * A writeback that has ended before this is under the write. The caller looks afterwards for one
 * that has not, by the tags of the page cache, and calls diolate_flight_doubt().
 *
 * Context: any, also inside a tracepoint.
 * Return: whether the write is followed.
 */
bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *mapping,
			 loff_t pos, const struct bio *bio, u64 bytes, bool late,
			 const void *sender, const void *disk, struct diolate_part *part)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find_in(b, iocb, mapping);
	/* It is that of an earlier write which came to nothing, or whose answer was not seen. */
	if (f && f->begun.part.start != pos)
		f = NULL;
	if (f) {
		*part = f->begun.part;
		if (!f->begun.whole) {
			part->start += f->sent;
			part->end = part->start + bytes;
		}
		f->sent += bytes;
		/* Before a span of it can be met. */
		if (!f->spans.list)
			f->begun.disk = disk;
		late |= f->begun.late;
		f->strange |= f->begun.sender != sender;
		f->several |= (f->begun.whole || f->strange) && f->spans.list;
		if (!f->begun.whole || !f->spans.list)
			flight_add_spans(f, bio, part, late, false);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	/*
	 * Paired with that in diolate_spans_written(): the writeback sees the span, or our caller
	 * sees the tag.
	 */
	smp_mb();
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_send);

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
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;
	bool followed;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find_in(b, iocb, mapping);
	followed = f && f->full;
	if (f) {
		f->since = jiffies;
		if (!diolate_spans_land(&f->spans, bio) && f->full && !f->several)
			__set_bit(DIOLATE_UNKNOWN_UNSEEN, &f->doubts);
	}
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
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find_in(b, iocb, mapping);
	if (f) {
		f->since = jiffies;
		flight_add_spans(f, bio, part, f->begun.late, true);
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
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find_in(b, iocb, mapping);
	if (f)
		f->sent += diolate_spans_map(&f->spans, bio);
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
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
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
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;
	s64 number = 0;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find_in(b, iocb, mapping);
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
 * @verdict: on the whole write, by what was noted before that number; not DIOLATE_IS_NOT. Of
 *           several verdicts, at the end of one bio each, the last counts
 * @dirtied: if overtaken, the note of how what overtook it became dirty (dirtied.h), or 0
 *
 * Context: any, also inside an ftrace callback; before the write is answered.
 */
void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict, u64 dirtied)
{
	struct diolate_bucket *b = diolate_bucket_of(begun->iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, begun->iocb);
	if (f && (f->passed || f->begun.mapping != begun->mapping)) {
		diolate_bucket_drop(b, f);
		f = NULL;
	}
	if (!f) {
		f = diolate_bucket_add(b, begun);
		if (f)
			f->full = false;
	}
	if (f && !f->full) {
		f->sent += bytes;
		f->marks.overtaken = verdict == DIOLATE_IS_OVERTAKEN;
		f->marks.dirtied = dirtied;
		/* A smaller number: another bio has ended first, on another processor. */
		if (verdict == DIOLATE_NOT_JUDGED || f->begun.number < begun->number)
			__set_bit(DIOLATE_UNKNOWN_ARMING, &f->doubts);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_adopt);

/* That a flight was not overtaken, as was said when it passed, may be wrong, or another write's. */
static void flight_doubt_passed(const struct diolate_flight *f, struct diolate_flown *flown)
{
	if (!f->hasty && diolate_following_is_begun())
		return;
	flown->verdict = DIOLATE_NOT_JUDGED;
	flown->unknown = f->hasty ? DIOLATE_UNKNOWN_LATE : DIOLATE_UNKNOWN_ARMING;
	/* Nor is it known when this write began. */
	flown->number = 0;
}
NOKPROBE_SYMBOL(flight_doubt_passed);

/**
 * diolate_flight_judge() - judge a write before it invalidates the page cache, or if it could not
 * @iocb:    of diolate_flight_begin()
 * @mapping: the file of the write, or the flight is another write's
 * @part:    what the write has written, or the flight is another write's
 * @flown:   set to what is known of it
 *
 * A flight that has passed may be that of an earlier write with this kiocb, unless each write that
 * begins is followed: then the verdict is that nobody can know.
 *
 * Context: any, also inside a probe handler.
 * Return: whether the write is followed.
 */
bool diolate_flight_judge(const struct kiocb *iocb, const struct address_space *mapping,
			  const struct diolate_part *part, struct diolate_flown *flown)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	if (f && (f->begun.mapping != mapping || f->begun.part.start != part->start ||
		  f->begun.part.end < part->end))
		f = NULL;
	if (f) {
		diolate_spans_peek(&f->spans, &f->marks);
		diolate_verdict_report(f, part->end - part->start, DIOLATE_BEFORE, flown);
		if (f->passed && flown->verdict == DIOLATE_IS_NOT)
			flight_doubt_passed(f, flown);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return f;
}
NOKPROBE_SYMBOL(diolate_flight_judge);

/*
 * Whether a flight that has passed may be that of an earlier write with the same kiocb and place:
 * not if each write that begins is followed, and so was this.
 */
static bool flight_may_be_earlier(const struct diolate_flight *f)
{
	return f->passed && !(f->full && diolate_following_is_begun());
}
NOKPROBE_SYMBOL(flight_may_be_earlier);

/**
 * diolate_flight_pass() - judge a write before it invalidates, if its answer is not seen
 * @iocb:    of diolate_flight_begin()
 * @mapping: the file of the write, or the flight is another write's
 * @pos:     where the write began, or the flight is another write's
 * @bytes:   that the write has written
 * @mapped:  what the write has written is the file's; if not, a folio may be read yet as if it were
 *           not written
 * @flown:   set to what is known of it; nothing, if it has passed here before
 *
 * The caller counts the write if it was overtaken. What is found out later, or never, is reported
 * by diolate_flights_sweep(), unless diolate_flight_settle() comes first, as for a late error.
 *
 * Context: any, also inside a probe handler.
 * Return: whether the write is followed.
 */
bool diolate_flight_pass(const struct kiocb *iocb, const struct address_space *mapping,
			 loff_t pos, u64 bytes, bool mapped, struct diolate_flown *flown)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	flown->verdict = DIOLATE_IS_NOT;
	/* It is an earlier write's, and nobody was called for that. Its file may be gone. */
	if (f && (f->begun.mapping != mapping || f->begun.part.start != pos ||
		  flight_may_be_earlier(f))) {
		diolate_bucket_drop(b, f);
		f = NULL;
	}
	if (f && !f->passed) {
		diolate_spans_peek(&f->spans, &f->marks);
		diolate_verdict_report(f, bytes, DIOLATE_BEFORE, flown);
		f->passed = true;
		f->since = jiffies;
		f->hasty = diolate_spans_settle_late(&f->spans) && !mapped;
		if (flown->verdict == DIOLATE_NOT_JUDGED)
			__set_bit(flown->unknown, &f->doubts);
		/* Else what is marked later may be news. */
		if (flown->verdict != DIOLATE_IS_NOT || !diolate_spans_can_be_marked(&f->spans)) {
			diolate_spans_take(&f->spans, &f->marks);
			f->settled = flown->verdict != DIOLATE_NOT_JUDGED;
			f->verdict = flown->verdict;
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
 * A folio that was sent by now is no newer than the write, so that it overtakes the write.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_invalidates(const struct kiocb *iocb)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	if (!diolate_spans_have_afters())
		return;
	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	if (f)
		diolate_spans_peek(&f->spans, &f->marks);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(diolate_flight_invalidates);

/**
 * diolate_flight_is_followed() - whether a direct write is followed
 * @iocb: of diolate_flight_begin()
 *
 * Context: any, also inside a probe handler.
 * Return: true if it is. A flight that has passed may be that of an earlier write.
 */
bool diolate_flight_is_followed(const struct kiocb *iocb)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	struct diolate_flight *f;
	unsigned long flags;
	bool followed;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	followed = f && !f->passed;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return followed;
}
NOKPROBE_SYMBOL(diolate_flight_is_followed);

/* A late error of a write was met, or settled; its flight is not that of an earlier write. */
static void flight_note_late(const struct kiocb *iocb, const void *file, loff_t start, bool settled)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	if (f && f->begun.file == file && f->begun.part.start == start) {
		f->late = true;
		if (settled) {
			f->settled = true;
			f->verdict = DIOLATE_IS_NOT;
		}
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}
NOKPROBE_SYMBOL(flight_note_late);

/**
 * diolate_flight_late() - a late error was met of a direct write, which is counted as that
 * @iocb:  of diolate_flight_begin()
 * @file:  of diolate_flight_begin(); compared
 * @start: where the write begins; compared
 *
 * Whether the write was overtaken may be asked yet, until diolate_flight_settle().
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_late(const struct kiocb *iocb, const void *file, loff_t start)
{
	flight_note_late(iocb, file, start, false);
}
NOKPROBE_SYMBOL(diolate_flight_late);

/**
 * diolate_flight_settle() - what became of a direct write is known
 * @iocb:  of diolate_flight_begin()
 * @file:  of diolate_flight_begin(); compared
 * @start: where the write begins; compared
 *
 * diolate_flight_end() has to follow, and says that the write was not overtaken.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_flight_settle(const struct kiocb *iocb, const void *file, loff_t start)
{
	flight_note_late(iocb, file, start, true);
}
NOKPROBE_SYMBOL(diolate_flight_settle);

/* One that has passed was to be told then. What was found out since comes too late. */
static void flight_report_end(const struct diolate_flight *f, u64 bytes,
			      struct diolate_flown *flown)
{
	diolate_verdict_report(f, bytes, f->passed ? DIOLATE_TOO_LATE : DIOLATE_AFTERWARDS, flown);
	if (!f->passed || flown->verdict != DIOLATE_IS_OVERTAKEN)
		return;
	flown->verdict = DIOLATE_NOT_JUDGED;
	flown->unknown = DIOLATE_UNKNOWN_UNSEEN;
	flown->number = 0;
}
NOKPROBE_SYMBOL(flight_report_end);

/**
 * diolate_flight_end() - a direct write is answered
 * @iocb:  of diolate_flight_begin()
 * @file:  of diolate_flight_begin(); compared
 * @pos:   where it began; compared, if it has written
 * @bytes: that the write has written; 0 if it failed
 * @flown: set to what is known of it
 *
 * A flight with this kiocb may be that of an earlier write, which came to nothing or whose answer
 * was not seen. Its file may be gone.
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether the write was followed. It is over in any case.
 */
bool diolate_flight_end(const struct kiocb *iocb, const void *file, loff_t pos, u64 bytes,
			struct diolate_flown *flown)
{
	struct diolate_bucket *b = diolate_bucket_of(iocb);
	bool same = false;
	unsigned long flags;
	struct diolate_flight *f;

	raw_spin_lock_irqsave(&b->lock, flags);
	f = diolate_bucket_find(b, iocb);
	if (f) {
		same = f->begun.file == file && !flight_may_be_earlier(f) &&
		       (!bytes || f->begun.part.start == pos);
		diolate_spans_take(&f->spans, &f->marks);
	}
	if (same) {
		flight_report_end(f, bytes, flown);
		diolate_bucket_forget(b, f);
	} else if (f) {
		diolate_bucket_drop(b, f);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return same;
}
NOKPROBE_SYMBOL(diolate_flight_end);

/* Whether a flight is over, though nobody ended it. */
static bool flight_is_over(const struct diolate_flight *f)
{
	unsigned long passed = jiffies - f->since;

	if (f->passed && passed >= (f->settled ? SETTLED_OVER : PASSED_OVER))
		return true;
	return passed >= OVER && !diolate_spans_are_in_flight(&f->spans);
}

/* What could be said of flights that were dropped. */
static void flights_say_dropped(struct diolate_bucket *b,
				void (*left)(const struct diolate_flown *flown))
{
	struct diolate_flown flown = { .verdict = DIOLATE_NOT_JUDGED };
	unsigned int dropped[DIOLATE_UNKNOWNS];
	unsigned long flags;

	if (!READ_ONCE(b->drops))
		return;
	raw_spin_lock_irqsave(&b->lock, flags);
	memcpy(dropped, b->dropped, sizeof(dropped));
	memset(b->dropped, 0, sizeof(b->dropped));
	WRITE_ONCE(b->drops, 0);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	for (flown.unknown = 0; flown.unknown < DIOLATE_UNKNOWNS; flown.unknown++)
		while (dropped[flown.unknown]--)
			left(&flown);
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

	for (n = 0; n < ARRAY_SIZE(diolate_buckets); n++) {
		struct diolate_bucket *b = &diolate_buckets[n];

		flights_say_dropped(b, left);
		for (i = 0; i < DIOLATE_PLACES; i++) {
			struct diolate_flight *f = &b->flights[i];
			unsigned long flags;

			if (!(READ_ONCE(b->used) & BIT(i)))
				continue;
			flown.verdict = DIOLATE_IS_NOT;
			raw_spin_lock_irqsave(&b->lock, flags);
			if ((b->used & BIT(i)) && (all || flight_is_over(f))) {
				diolate_spans_take(&f->spans, &f->marks);
				diolate_verdict_report(f, 0, DIOLATE_TOO_LATE, &flown);
				/* The write may be held up before its first bio. */
				if (!f->passed)
					diolate_bucket_crowd_out(f->begun.iocb);
				diolate_bucket_forget(b, f);
			}
			some |= (b->used & BIT(i)) && (f->passed || !f->begun.told);
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
 * Return: whether no flight is left, except those that have passed.
 */
bool diolate_flights_are_over(void)
{
	unsigned int i, n;

	for (n = 0; n < ARRAY_SIZE(diolate_buckets); n++)
		for (i = 0; i < DIOLATE_PLACES; i++)
			if ((READ_ONCE(diolate_buckets[n].used) & BIT(i)) &&
			    !READ_ONCE(diolate_buckets[n].flights[i].passed))
				return false;
	return true;
}
