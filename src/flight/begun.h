/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a direct write when it begins, and what when it is over. */
#ifndef DIOLATE_FLIGHT_BEGUN_H
#define DIOLATE_FLIGHT_BEGUN_H

#include <linux/types.h>

#include "model/part.h"

struct address_space;
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
 * @disk:    to which its bios are sent, set when the first is; compared
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
	const void *disk;
};

/**
 * struct diolate_flown - what is known of a direct write
 * @verdict: whether it was overtaken
 * @unknown: why @verdict is DIOLATE_NOT_JUDGED
 * @mapping: its file; may be gone if nobody answered the write
 * @part:    what it has written; what it was to write, if nobody answered it
 * @number:  when it began; 0 if it was followed later, or that says nothing
 * @dirtied: if it was overtaken, the note of how what overtook it became dirty (dirtied.h), or 0
 */
struct diolate_flown {
	enum diolate_verdict verdict;
	enum diolate_unknown unknown;
	struct address_space *mapping;
	struct diolate_part part;
	s64 number;
	u64 dirtied;
};

#endif
