/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct writes in flight, and whether one was overtaken. src/flight/flight.c is also compiled and
 * tested in user space (test/unit/), with stand-ins there for the kernel.
 */
#ifndef DIOLATE_FLIGHT_FLIGHT_H
#define DIOLATE_FLIGHT_FLIGHT_H

#include <linux/types.h>

#include "model/part.h"

struct address_space;
struct bio;
struct kiocb;

/** enum diolate_verdict - whether a direct write was overtaken by writeback */
enum diolate_verdict {
	DIOLATE_IS_NOT,
	DIOLATE_NOT_JUDGED,	/* nobody can know */
	DIOLATE_IS_OVERTAKEN,
};

/** enum diolate_unknown - why nobody can know the verdict */
enum diolate_unknown {
	DIOLATE_UNKNOWN_ARMING,	/* it was in flight before direct writes were followed */
	DIOLATE_UNKNOWN_CROWDED,	/* there was no place for the write or one of its bios */
	DIOLATE_UNKNOWN_AT_START,	/* a folio was under writeback when a bio was sent */
	DIOLATE_UNKNOWN_UNSEEN,	/* not all bios of the write were seen */
	DIOLATE_UNKNOWN_LATE,	/* a folio may have been read before the blocks were the file's */
	DIOLATE_UNKNOWN_REPLACED,	/* a folio may have come before the invalidation or after */
	DIOLATE_UNKNOWNS
};

/**
 * struct diolate_begun - a direct write that begins
 * @iocb:    with which libaio or io_uring is called; for other consumers the write's own
 * @mapping: its file; compared, and given to diolate_cache_pages() and its like
 * @file:    of @iocb; compared
 * @sender:  the task that begins it; compared
 * @part:    what it is going to write
 * @number:  when it begins, of diolate_order_now()
 * @owner:   who opened @file: who has most of the places makes room first
 * @whole:   it does not begin and end at blocks, so which bio writes what is not known
 * @late:    a reader does not find what its bios write before it is completed
 * @elsewhere: its bios write elsewhere, and are mapped when they have ended
 * @unseen:  its bios are not seen
 * @flushes: its device is flushed before it is answered
 * @told:    diolate_flight_end() is called for it, unless it comes to nothing
 */
struct diolate_begun {
	const struct kiocb *iocb;
	struct address_space *mapping;
	const void *file;
	const void *sender;
	struct diolate_part part;
	s64 number;
	u32 owner;
	bool whole;
	bool late;
	bool elsewhere;
	bool unseen;
	bool flushes;
	bool told;
};

/**
 * struct diolate_flown - what is known of a direct write
 * @verdict: whether it was overtaken
 * @unknown: why @verdict is DIOLATE_NOT_JUDGED
 * @mapping: its file; may be gone if nobody answered the write
 * @part:    what it has written; nothing, if nobody answered it
 * @number:  when it began; 0 if it was followed later
 */
struct diolate_flown {
	enum diolate_verdict verdict;
	enum diolate_unknown unknown;
	struct address_space *mapping;
	struct diolate_part part;
	s64 number;
};

/* The most pages of a span. */
#define DIOLATE_SPAN_PAGES 256

void diolate_flights_init(void);
void diolate_flight_begin(const struct diolate_begun *begun, struct diolate_flown *left);
bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio, u64 bytes, bool late, const void *sender,
			 struct diolate_part *part);
bool diolate_flight_land(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio);
void diolate_flight_end_elsewhere(const struct kiocb *iocb, const struct address_space *mapping,
				  const struct bio *bio, const struct diolate_part *part);
void diolate_flight_map(const struct kiocb *iocb, const struct address_space *mapping,
			const struct bio *bio);
void diolate_flight_doubt(const struct kiocb *iocb, enum diolate_unknown unknown);
s64 diolate_flight_adopted(const struct kiocb *iocb, const struct address_space *mapping);
void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict);
bool diolate_flight_written(const struct address_space *mapping, const struct diolate_part *part,
			    const void *folio);
bool diolate_flight_mapped(const struct address_space *mapping, const struct diolate_part *part);
void diolate_flight_read(const struct address_space *mapping, const struct diolate_part *part);
bool diolate_flight_judge(const struct kiocb *iocb, u64 bytes, struct diolate_flown *flown);
bool diolate_flight_pass(const struct kiocb *iocb, const struct address_space *mapping, u64 bytes,
			 struct diolate_flown *flown);
void diolate_flight_invalidates(const struct kiocb *iocb);
bool diolate_flight_is_followed(const struct kiocb *iocb);
bool diolate_flight_was_crowded(const struct kiocb *iocb);
void diolate_flight_settle(const struct kiocb *iocb);
bool diolate_flight_end(const struct kiocb *iocb, const void *file, u64 bytes,
			struct diolate_flown *flown);
bool diolate_flights_sweep(bool all, void (*left)(const struct diolate_flown *flown));
bool diolate_flights_are_over(void);

#endif
