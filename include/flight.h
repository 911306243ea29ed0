/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The direct writes in flight, and whether one was overtaken. src/flight.c is also compiled and
 * tested in user space (test/unit/), with what it uses of the kernel from there.
 */
#ifndef DIOLATE_FLIGHT_H
#define DIOLATE_FLIGHT_H

#include <linux/types.h>

struct address_space;
struct bio;
struct kiocb;

/**
 * struct diolate_part - a part of a file
 * @start: its first byte
 * @end:   the one behind its last
 */
struct diolate_part {
	loff_t start, end;
};

/** enum diolate_verdict - whether a direct write was overtaken by writeback */
enum diolate_verdict {
	DIOLATE_IS_NOT,
	DIOLATE_NOT_JUDGED,	/* that cannot be known */
	DIOLATE_IS_OVERTAKEN,
};

/** enum diolate_unknown - why that cannot be known */
enum diolate_unknown {
	DIOLATE_UNKNOWN_ARMING,	/* it was in flight before direct writes were followed */
	DIOLATE_UNKNOWN_CROWDED,	/* there was no place for it, or for one of its bios */
	DIOLATE_UNKNOWN_AT_START,	/* a folio was under writeback when its bio was sent */
	DIOLATE_UNKNOWN_UNSEEN,	/* not all of its bios were seen */
	DIOLATE_UNKNOWN_LATE,	/* a folio was read before the blocks were the file's */
	DIOLATE_UNKNOWN_REPLACED,	/* a folio may have come after it had invalidated, or not */
	DIOLATE_UNKNOWNS
};

/**
 * struct diolate_begun - a direct write that begins
 * @iocb:    that its consumer is going to be called with, or its own if nobody of user space is
 * @mapping: its file; compared, and given to diolate_cached() and its like
 * @file:    that its consumer opened; compared
 * @sender:  the task that begins it; compared
 * @part:    what it is going to write
 * @number:  when, of diolate_writeback_now()
 * @owner:   whose it is: who has most of the places makes room first
 * @whole:   which of its bios writes what is not known, as it does not begin and end at blocks
 * @late:    what its bios write is not what a reader finds there before it is completed
 * @elsewhere: its bios write elsewhere, and are mapped when they have ended
 * @unseen:  its bios are not seen
 * @flushes: it is not answered before its device was flushed
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
 * @unknown: why that is not known
 * @mapping: its file; gone, perhaps, once nobody answers for the write
 * @part:    what it has written, or was going to
 * @number:  when it began
 */
struct diolate_flown {
	enum diolate_verdict verdict;
	enum diolate_unknown unknown;
	struct address_space *mapping;
	struct diolate_part part;
	s64 number;
};

/* One page of a span, a bit. */
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

/* What of the page cache is asked for; src/follow.c. */
bool diolate_cache_is_empty(const struct address_space *mapping);
bool diolate_cached(struct address_space *mapping, const struct diolate_part *part,
		    unsigned long *pages);
const void *diolate_cached_at(struct address_space *mapping, pgoff_t index, bool *renewed);

#endif
