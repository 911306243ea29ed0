/* SPDX-License-Identifier: GPL-2.0-only */
/* Where flights are found, by their kiocb. Compiled in user space too, see flight.h. */
#ifndef DIOLATE_FLIGHT_BUCKET_H
#define DIOLATE_FLIGHT_BUCKET_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/spinlock.h>

#include "flight/verdict.h"

struct address_space;
struct kiocb;

/*
 * Flights in a bucket, and buckets: 1000 in flight all find a place except once in 12,000 times, of
 * 3000 some 6 do not (by Poisson).
 */
#define DIOLATE_PLACES 12
#define DIOLATE_BUCKETS_BITS 9

/**
 * struct diolate_bucket - flights whose kiocbs have one hash
 * @lock:    held for some hundred instructions, for the longest write some ten thousand, with
 *           interrupts off, because handlers run in any context; the lock of a lane (span.c) may be
 *           taken under it, no other under either
 * @used:    the places that are looked at, a bit each
 * @iocb:    of the flight in each place
 * @drops:   how many flights were dropped of which something is to be said yet
 * @dropped: the same, by what is unknown
 * @flights: the flights
 */
struct diolate_bucket {
	raw_spinlock_t lock;
	unsigned long used;
	const struct kiocb *iocb[DIOLATE_PLACES];
	unsigned int drops, dropped[DIOLATE_UNKNOWNS];
	struct diolate_flight flights[DIOLATE_PLACES];
};

extern struct diolate_bucket diolate_buckets[1 << DIOLATE_BUCKETS_BITS];

/**
 * diolate_bucket_of() - the bucket of a direct write
 * @iocb: of the write
 *
 * Context: any, also inside a probe handler.
 * Return: it; the other functions here that are given a bucket want it locked.
 */
static __always_inline struct diolate_bucket *diolate_bucket_of(const struct kiocb *iocb)
{
	return &diolate_buckets[hash_ptr((void *)iocb, DIOLATE_BUCKETS_BITS)];
}

/**
 * diolate_bucket_find() - a flight by its kiocb
 * @b:    of the kiocb
 * @iocb: compared; the file of a flight that nobody ended may be gone
 *
 * Context: any, also inside a probe handler.
 * Return: the flight; NULL if there is none.
 */
static __always_inline struct diolate_flight *diolate_bucket_find(struct diolate_bucket *b,
								  const struct kiocb *iocb)
{
	unsigned long rest = b->used;

	for (; rest; rest &= rest - 1) {
		unsigned int i = __ffs(rest);

		if (b->iocb[i] == iocb)
			return &b->flights[i];
	}
	return NULL;
}

void diolate_buckets_init(void);
struct diolate_flight *diolate_bucket_find_in(struct diolate_bucket *b, const struct kiocb *iocb,
					      const struct address_space *mapping);
struct diolate_flight *diolate_bucket_add(struct diolate_bucket *b,
					  const struct diolate_begun *begun);
void diolate_bucket_forget(struct diolate_bucket *b, struct diolate_flight *f);
void diolate_bucket_drop(struct diolate_bucket *b, struct diolate_flight *f);
void diolate_bucket_crowd_out(const struct kiocb *iocb);
bool diolate_bucket_was_crowded(const struct kiocb *iocb);

#endif
