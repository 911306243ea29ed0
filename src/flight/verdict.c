// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a direct write was overtaken, by the marks of its spans and by what is not known of it.
 * The write's invalidation drops what was in the page cache when a bio ended: a folio that is still
 * in its place when the write is answered is another, which came after the invalidation.
 */
#include <linux/bitops.h>
#include <linux/kprobes.h>

#include "flight/verdict.h"
#include "kernel/cache.h"
#include "kernel/layout.h"

static enum diolate_verdict verdict_unknown(struct diolate_flown *flown, enum diolate_unknown why)
{
	flown->unknown = why;
	return DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(verdict_unknown);

/*
 * Judge by @after. If it is still cached it came after the invalidation, except if another folio
 * may be in the same memory: that one was read, or is to be written back. If @after is gone the
 * invalidation dropped it, except if the write went on for long after that.
 */
static enum diolate_verdict verdict_by_after(const struct diolate_flight *f,
					     struct diolate_flown *flown)
{
	bool renewed;

	if (f->marks.after_is_read ||
	    diolate_cache_at(f->begun.mapping, f->marks.after_at, &renewed) != f->marks.after)
		return f->begun.flushes ? verdict_unknown(flown, DIOLATE_UNKNOWN_REPLACED) :
					  DIOLATE_IS_OVERTAKEN;
	return f->marks.afters || renewed ? verdict_unknown(flown, DIOLATE_UNKNOWN_REPLACED) :
					    DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(verdict_by_after);

static enum diolate_verdict verdict_by_marks(const struct diolate_flight *f,
					     enum diolate_moment when,
					     struct diolate_flown *flown)
{
	if (f->marks.overtaken)
		return DIOLATE_IS_OVERTAKEN;
	if (!f->marks.after)
		return DIOLATE_IS_NOT;
	return when == DIOLATE_AFTERWARDS ? verdict_by_after(f, flown) :
					    verdict_unknown(flown, DIOLATE_UNKNOWN_REPLACED);
}
NOKPROBE_SYMBOL(verdict_by_marks);

/*
 * Whether it is not known which bytes the bios wrote. A write of which no bio was seen went through
 * the page cache, except where the file system writes elsewhere. No write is seen whole any more
 * when iomap's turned out not to be understood (src/write/iomap_dio.c).
 */
static bool verdict_is_unseen(const struct diolate_flight *f, u64 bytes)
{
	bool blind = READ_ONCE(diolate_layout.iomap) == DIOLATE_HAS_CHANGED;

	return f->several || blind ||
	       (!f->begun.whole && (f->sent || f->begun.elsewhere) && f->sent != bytes);
}
NOKPROBE_SYMBOL(verdict_is_unseen);

static __always_inline enum diolate_verdict verdict_on(const struct diolate_flight *f, u64 bytes,
						       enum diolate_moment when,
						       struct diolate_flown *flown)
{
	const unsigned long doubts = f->doubts |
				     (f->marks.undecided ? BIT(DIOLATE_UNKNOWN_LATE) : 0) |
				     (f->marks.anew ? BIT(DIOLATE_UNKNOWN_UNSEEN) : 0);
	enum diolate_verdict verdict;

	/* It was counted then. Before it invalidates once more, it is as it was. */
	if (f->settled && when == DIOLATE_BEFORE)
		return f->verdict;
	if (f->settled || (f->late && when == DIOLATE_TOO_LATE))
		return DIOLATE_IS_NOT;
	if (when != DIOLATE_TOO_LATE && verdict_is_unseen(f, bytes))
		return verdict_unknown(flown,
				      f->full ? DIOLATE_UNKNOWN_UNSEEN : DIOLATE_UNKNOWN_ARMING);
	verdict = verdict_by_marks(f, when, flown);
	/* If a bio may be missed, so may that a folio was read when the write was on the disk. */
	if (verdict != DIOLATE_IS_NOT && (f->full ? !f->begun.unseen : !doubts))
		return verdict;
	return doubts ? verdict_unknown(flown, __ffs(doubts)) : DIOLATE_IS_NOT;
}

/**
 * diolate_verdict_report() - what is known of a direct write
 * @f:     the write, whose bucket is locked
 * @bytes: that it has written; if DIOLATE_TOO_LATE, nobody knows, and it may have written all
 * @when:  it is judged; if DIOLATE_AFTERWARDS, its spans were taken
 * @flown: set to what is known
 *
 * Context: any, also inside a probe handler.
 */
void diolate_verdict_report(const struct diolate_flight *f, u64 bytes, enum diolate_moment when,
			    struct diolate_flown *flown)
{
	flown->mapping = f->begun.mapping;
	flown->part = f->begun.part;
	if (when != DIOLATE_TOO_LATE)
		flown->part.end = flown->part.start + bytes;
	flown->number = f->full ? f->begun.number : 0;
	/* The end of a writeback that was on its way then may not be noted yet. */
	if (when == DIOLATE_TOO_LATE && (f->doubts & BIT(DIOLATE_UNKNOWN_AT_START)))
		flown->number = 0;
	flown->dirtied = f->marks.overtaken ? f->marks.dirtied : f->marks.after_dirtied;
	flown->verdict = verdict_on(f, bytes, when, flown);
}
NOKPROBE_SYMBOL(diolate_verdict_report);
