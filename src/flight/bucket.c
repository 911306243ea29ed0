// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flights, found by their kiocb. A bucket that is full makes room: first a flight goes of which all
 * is known, then one of the owner who has most.
 */
#include <linux/bitmap.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/spinlock.h>

#include "flight/bucket.h"

struct diolate_bucket diolate_buckets[1 << DIOLATE_BUCKETS_BITS];

/* Writes that found no place or lost theirs, by a hash of their kiocb. */
#define CROWDED_BITS 12
static DECLARE_BITMAP(crowded, 1 << CROWDED_BITS);

/**
 * diolate_buckets_init() - make the buckets
 *
 * Context: any; before anything else here.
 */
void diolate_buckets_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(diolate_buckets); i++)
		raw_spin_lock_init(&diolate_buckets[i].lock);
}

/**
 * diolate_bucket_forget() - a flight is over
 * @b: in which it is
 * @f: the flight
 *
 * Context: any, also inside a probe handler.
 */
void diolate_bucket_forget(struct diolate_bucket *b, struct diolate_flight *f)
{
	if (f->spans.list)
		diolate_spans_take(&f->spans, &f->marks);
	WRITE_ONCE(b->used, b->used & ~BIT(f - b->flights));
}
NOKPROBE_SYMBOL(diolate_bucket_forget);

/**
 * diolate_bucket_drop() - a flight makes place for another, and nobody is told what is known of it
 * @b: in which it is
 * @f: the flight
 *
 * Of one that has passed diolate_flights_sweep() says it.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_bucket_drop(struct diolate_bucket *b, struct diolate_flight *f)
{
	struct diolate_flown flown = { .verdict = DIOLATE_IS_NOT };

	if (f->passed) {
		diolate_spans_take(&f->spans, &f->marks);
		diolate_verdict_report(f, 0, DIOLATE_TOO_LATE, &flown);
	}
	if (flown.verdict != DIOLATE_IS_NOT) {
		b->dropped[flown.verdict == DIOLATE_NOT_JUDGED ? flown.unknown :
								 DIOLATE_UNKNOWN_UNSEEN]++;
		WRITE_ONCE(b->drops, b->drops + 1);
	}
	diolate_bucket_forget(b, f);
}
NOKPROBE_SYMBOL(diolate_bucket_drop);

/**
 * diolate_bucket_find_in() - the flight of a bio that is sent or ends
 * @b:       of the kiocb
 * @iocb:    compared
 * @mapping: the file, which is alive; compared
 *
 * A flight that has passed has no bio left, so the bio is of another write with the same kiocb; so
 * it is if the file is another.
 *
 * Context: any, also inside a probe handler.
 * Return: the flight; NULL if there is none.
 */
struct diolate_flight *diolate_bucket_find_in(struct diolate_bucket *b, const struct kiocb *iocb,
					      const struct address_space *mapping)
{
	struct diolate_flight *f = diolate_bucket_find(b, iocb);

	if (f && f->passed) {
		diolate_bucket_drop(b, f);
		f = NULL;
	}
	return f && f->begun.mapping == mapping ? f : NULL;
}
NOKPROBE_SYMBOL(diolate_bucket_find_in);

static unsigned int bucket_places_of(const struct diolate_bucket *b, u32 owner)
{
	unsigned int i, n = 0;

	for (i = 0; i < DIOLATE_PLACES; i++)
		n += (b->used & BIT(i)) && b->flights[i].begun.owner == owner;
	return n;
}
NOKPROBE_SYMBOL(bucket_places_of);

/* Spread the kiocbs of one bucket over the bitmap. */
static unsigned int bucket_crowded_bit(const struct kiocb *iocb)
{
	return hash_64((u64)hash_ptr((void *)iocb, 32), CROWDED_BITS);
}
NOKPROBE_SYMBOL(bucket_crowded_bit);

/**
 * diolate_bucket_crowd_out() - a direct write found no place, or loses its own
 * @iocb: of the write
 *
 * Context: any, also inside a probe handler.
 */
void diolate_bucket_crowd_out(const struct kiocb *iocb)
{
	set_bit(bucket_crowded_bit(iocb), crowded);
}
NOKPROBE_SYMBOL(diolate_bucket_crowd_out);

/**
 * diolate_bucket_was_crowded() - whether a write that is not followed had no place; true once
 * @iocb: of the write
 *
 * Context: any, also inside an ftrace callback.
 * Return: whether a write with this kiocb, or perhaps another, had none.
 */
bool diolate_bucket_was_crowded(const struct kiocb *iocb)
{
	unsigned int bit = bucket_crowded_bit(iocb);

	return test_bit(bit, crowded) && test_and_clear_bit(bit, crowded);
}
NOKPROBE_SYMBOL(diolate_bucket_was_crowded);

/*
 * A place: a free one, or that of a flight of which nothing more is found out, or of an owner who
 * has more than @owner would have.
 */
static struct diolate_flight *bucket_make_room(struct diolate_bucket *b, u32 owner)
{
	unsigned int i, n, most;
	struct diolate_flight *f;

	if (b->used != BIT(DIOLATE_PLACES) - 1)
		return &b->flights[__ffs(~b->used)];
	for (i = 0; i < DIOLATE_PLACES; i++) {
		f = &b->flights[i];
		if (f->passed && (f->settled || !f->spans.list)) {
			diolate_bucket_drop(b, f);
			return f;
		}
	}
	f = NULL;
	most = bucket_places_of(b, owner) + 1;
	for (i = 0; i < DIOLATE_PLACES; i++) {
		n = bucket_places_of(b, b->flights[i].begun.owner);
		if (n > most) {
			most = n;
			f = &b->flights[i];
		}
	}
	if (f) {
		/* Nobody asks any more for one that has passed. */
		if (!f->passed)
			diolate_bucket_crowd_out(f->begun.iocb);
		diolate_bucket_drop(b, f);
	}
	return f;
}
NOKPROBE_SYMBOL(bucket_make_room);

/**
 * diolate_bucket_add() - a direct write begins
 * @b:     of its kiocb; there is no flight of that
 * @begun: the write
 *
 * Context: any, also inside an ftrace callback.
 * Return: its flight; NULL if there is no place: diolate_bucket_was_crowded() says so.
 */
struct diolate_flight *diolate_bucket_add(struct diolate_bucket *b,
					  const struct diolate_begun *begun)
{
	struct diolate_flight *f = bucket_make_room(b, begun->owner);

	if (!f) {
		diolate_bucket_crowd_out(begun->iocb);
		return NULL;
	}
	b->iocb[f - b->flights] = begun->iocb;
	WRITE_ONCE(b->used, b->used | BIT(f - b->flights));
	f->begun = *begun;
	f->since = jiffies;
	f->sent = 0;
	f->full = true;
	f->passed = false;
	f->hasty = false;
	f->settled = false;
	f->late = false;
	f->verdict = DIOLATE_IS_NOT;
	f->strange = false;
	f->several = false;
	f->marks = (struct diolate_marks){};
	f->doubts = begun->unseen ? BIT(DIOLATE_UNKNOWN_UNSEEN) : 0;
	f->spans.list = NULL;
	return f;
}
NOKPROBE_SYMBOL(diolate_bucket_add);
