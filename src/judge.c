// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a direct write is asked whether it was overtaken: where it is answered (src/consumer.c);
 * where it is about to invalidate the page cache, if its answer is not seen (src/late.c); and where
 * its page cache is put right (src/spared.c, src/repair.c). The first two ask only while
 * diolate_track_suspects() says so.
 *
 * Some of it runs in interrupts. It looks and takes down; it never sleeps, allocates, prints, waits
 * for more than a lock of src/flight.c, or resolves a name.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>

#include "diolate.h"

/* Nothing of it was written back since it began: then it does not matter what is not known. */
static bool is_alone(const struct diolate_flown *flown)
{
	return flown->part.start >= flown->part.end ||
	       !diolate_written_back(flown->mapping, flown->part.start >> PAGE_SHIFT,
				     (flown->part.end - 1) >> PAGE_SHIFT, flown->number);
}
NOKPROBE_SYMBOL(is_alone);

/* The last word on it, which is counted if it is that nobody knows. */
static enum diolate_verdict settle(const struct diolate_flown *flown)
{
	if (flown->verdict == DIOLATE_IS_OVERTAKEN)
		diolate_track_hold();
	if (flown->verdict != DIOLATE_NOT_JUDGED)
		return flown->verdict;
	if (is_alone(flown))
		return DIOLATE_IS_NOT;
	diolate_track_hold();
	diolate_account_not_judged(flown->unknown);
	return DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(settle);

/*
 * One that is not followed, by what was noted before it could be, or as there was no place for it.
 */
static void look_up(struct diolate_flown *flown, const struct kiocb *key,
		    struct address_space *mapping, loff_t pos, size_t length)
{
	flown->mapping = mapping;
	flown->part.start = pos;
	flown->part.end = pos + length;
	flown->number = 0;
	flown->unknown = diolate_flight_was_crowded(key) ? DIOLATE_UNKNOWN_CROWDED :
							   DIOLATE_UNKNOWN_ARMING;
	/* What is certain is certain of a bio, and this one may have had more. */
	flown->verdict = flown->unknown == DIOLATE_UNKNOWN_ARMING &&
			 diolate_sentinel_judge(mapping, &flown->part, 0) == DIOLATE_IS_NOT ?
				 DIOLATE_IS_NOT : DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(look_up);

/* Whether it may have come to src/follow.c. */
static bool is_judged(const struct kiocb *iocb)
{
	return (iocb->ki_flags & IOCB_DIRECT) &&
	       diolate_may_be_overtaken(file_inode(iocb->ki_filp));
}
NOKPROBE_SYMBOL(is_judged);

/**
 * diolate_judge_answered() - judge a write whose consumer receives its result
 * @iocb: of that
 * @ret:  the result; of a write
 *
 * Context: any, the entry of its consumer's function.
 * Return: the file that was written, if the write was overtaken; else NULL.
 */
const struct inode *diolate_judge_answered(struct kiocb *iocb, long ret)
{
	struct diolate_flown flown;
	bool followed;

	followed = diolate_flight_end(iocb, iocb->ki_filp, max(ret, 0L), &flown);
	if (ret <= 0 || (!followed && !is_judged(iocb)))
		return NULL;
	/* It has moved on by what it has written. */
	if (!followed)
		look_up(&flown, iocb, iocb->ki_filp->f_mapping, iocb->ki_pos - ret, ret);
	return settle(&flown) == DIOLATE_IS_OVERTAKEN ? flown.mapping->host : NULL;
}
NOKPROBE_SYMBOL(diolate_judge_answered);

/*
 * Whether a write of user space is judged when it is answered: if it is followed, or its answer is
 * seen. Overlayfs answers with a kiocb of another file.
 */
static bool is_asked_later(const struct kiocb *iocb, const struct kiocb *submitter)
{
	diolate_flight_invalidates(submitter);
	return (iocb == submitter &&
		(diolate_consumers_armed() || diolate_follow_sees_answers())) ||
	       diolate_flight_is_followed(submitter);
}
NOKPROBE_SYMBOL(is_asked_later);

/**
 * diolate_judge_passing() - judge a write that is about to invalidate the page cache, if it is not
 *                           asked for when it is answered
 * @iocb:   it
 * @length: bytes written
 *
 * If a write of user space is counted here, and answers begin to be seen before it is answered, it
 * is counted in overtaken_unknown twice.
 *
 * Context: any, also inside a probe handler.
 * Return: whether it was overtaken.
 */
bool diolate_judge_passing(struct kiocb *iocb, size_t length)
{
	struct kiocb *submitter = length ? diolate_scope_submitter_of(iocb) : NULL;
	struct diolate_flown flown;

	if (!length || (submitter && is_asked_later(iocb, submitter)) ||
	    !diolate_may_be_overtaken(iocb->ki_filp->f_mapping->host))
		return false;
	if (!submitter && diolate_flight_pass(iocb, iocb->ki_filp->f_mapping, length, &flown)) {
		/* What is found out of it from now on is swept up. */
		diolate_track_call();
	} else {
		look_up(&flown, submitter ?: iocb, iocb->ki_filp->f_mapping, iocb->ki_pos, length);
	}
	return settle(&flown) == DIOLATE_IS_OVERTAKEN;
}
NOKPROBE_SYMBOL(diolate_judge_passing);

/**
 * diolate_judge_left() - count a write that is over, and was overtaken or may have been
 * @flown: what is known of it
 *
 * Nobody was called for it, so nobody looked at it in time to know more.
 *
 * Context: any.
 */
void diolate_judge_left(const struct diolate_flown *flown)
{
	diolate_account_not_judged(flown->verdict == DIOLATE_NOT_JUDGED ?
				   flown->unknown : DIOLATE_UNKNOWN_UNSEEN);
}
NOKPROBE_SYMBOL(diolate_judge_left);

/**
 * diolate_judge_now() - whether a write was overtaken until now, whose page cache could not be
 *                       invalidated
 * @iocb:    that its consumer is going to be called with
 * @mapping: its file
 * @part:    what it has written
 *
 * Context: any; it is yet to be answered.
 */
enum diolate_verdict diolate_judge_now(const struct kiocb *iocb, struct address_space *mapping,
				       const struct diolate_part *part)
{
	struct diolate_flown flown;

	if (!diolate_flight_judge(iocb, part->end - part->start, &flown))
		look_up(&flown, iocb, mapping, part->start, part->end - part->start);
	/* Asked last: all until now was noted. */
	if (!diolate_ftrace_follows() && flown.verdict != DIOLATE_IS_OVERTAKEN)
		return DIOLATE_NOT_JUDGED;
	return flown.verdict == DIOLATE_NOT_JUDGED && flown.number && is_alone(&flown) ?
		       DIOLATE_IS_NOT : flown.verdict;
}
