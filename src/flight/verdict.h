/* SPDX-License-Identifier: GPL-2.0-only */
/* A direct write in flight, and the verdict on it. Compiled in user space too, see flight.h. */
#ifndef DIOLATE_FLIGHT_VERDICT_H
#define DIOLATE_FLIGHT_VERDICT_H

#include <linux/types.h>

#include "flight/begun.h"
#include "flight/span.h"

/**
 * struct diolate_flight - a direct write
 * @begun:   how it began
 * @since:   when it began, a bio of it last ended, or it began to invalidate; jiffies
 * @sent:    bytes of its bios
 * @full:    it was followed since it began
 * @passed:  diolate_flight_pass() judged it, and nobody is going to end it
 * @hasty:   diolate_flight_pass() judged it before its blocks were the file's
 * @settled: what became of it is known, and counted; no mark counts any more
 * @late:    a late error was met: it is counted as that
 * @verdict: on it, when it was settled
 * @strange: another task than the one that began it sent a bio: its bios may have no order
 * @several: it has more bios than one, and which of them writes what is not known
 * @marks:   what overtook it, of spans that were taken or peeked at
 * @doubts:  what is not known, bits by enum diolate_unknown
 * @spans:   its spans
 */
struct diolate_flight {
	struct diolate_begun begun;
	unsigned long since;
	u64 sent;
	bool full;
	bool passed;
	bool hasty;
	bool settled;
	bool late;
	enum diolate_verdict verdict;
	bool strange;
	bool several;
	struct diolate_marks marks;
	unsigned long doubts;
	struct diolate_spans spans;
};

/** enum diolate_moment - when a write is judged */
enum diolate_moment {
	DIOLATE_BEFORE,		/* before it invalidates the page cache, or after that failed */
	DIOLATE_AFTERWARDS,	/* after the invalidation: what was cached before is gone */
	DIOLATE_TOO_LATE,	/* the write is over, and its file may be gone, too */
};

void diolate_verdict_report(const struct diolate_flight *f, u64 bytes, enum diolate_moment when,
			    struct diolate_flown *flown);

#endif
