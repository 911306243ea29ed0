// SPDX-License-Identifier: GPL-2.0-only
/*
 * A direct write begins to be followed here, and is judged: where it is answered
 * (src/entry/results.c), where it is about to invalidate the page cache, if its answer is not seen
 * (src/entry/invalidation.c), and where its page cache is put right (src/outcome/spared.c,
 * src/outcome/repair.c). The first two judge only while diolate_track_suspects().
 *
 * Some of this runs in interrupts. Nothing here sleeps, allocates, prints, resolves a name, or
 * waits for a lock, except the spinlocks of src/flight/.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/cred.h>
#include <linux/iomap.h>
#include <linux/percpu.h>

#include "flight/bucket.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/note.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "flight/span.h"
#include "flight/track.h"
#include "kernel/compat/context.h"
#include "kernel/uring.h"
#include "outcome/judge.h"
#include "outcome/telling.h"
#include "report/counters.h"
#include "write/filesystem.h"
#include "write/identify.h"
#include "write/receivers.h"

/* Whether no page of a write was written back since it began: then it was not overtaken. */
static bool judge_is_alone(const struct diolate_flown *flown)
{
	return flown->part.start >= flown->part.end ||
	       !diolate_order_written_back(flown->mapping, flown->part.start >> PAGE_SHIFT,
				     (flown->part.end - 1) >> PAGE_SHIFT, flown->number);
}
NOKPROBE_SYMBOL(judge_is_alone);

/**
 * diolate_judge_left() - count a write that was or may have been overtaken, and was not answered
 * @flown: what is known of the write
 *
 * Nobody looked at the write in time to tell it, so even an overtaken write counts as unknown.
 *
 * Context: any.
 */
void diolate_judge_left(const struct diolate_flown *flown)
{
	if (flown->verdict == DIOLATE_NOT_JUDGED && flown->number && judge_is_alone(flown))
		return;
	/* That a write began before following is no reason to follow for long. */
	if (flown->verdict != DIOLATE_NOT_JUDGED || flown->unknown != DIOLATE_UNKNOWN_ARMING)
		diolate_track_hold();
	diolate_counters_unknown(flown->verdict == DIOLATE_NOT_JUDGED ?
				   flown->unknown : DIOLATE_UNKNOWN_UNSEEN);
}
NOKPROBE_SYMBOL(diolate_judge_left);

/**
 * diolate_judge_owner() - the owner of a write: the user who opened its file
 * @file: the file
 *
 * Context: any, also inside a probe handler.
 * Return: the user's id as the kernel has it, to be compared.
 */
u32 diolate_judge_owner(const struct file *file)
{
	return __kuid_val(file->f_cred->fsuid);
}
NOKPROBE_SYMBOL(diolate_judge_owner);

static noinline void judge_begins(struct kiocb *iocb, size_t count,
				  const struct iomap_dio_ops *dops, bool seen)
{
	struct inode *inode = iocb->ki_filp->f_mapping->host;
	struct kiocb *submitter = diolate_identify_submitter_of(iocb);
	bool elsewhere = dops && dops->submit_io && diolate_filesystem_maps_elsewhere(inode);
	struct diolate_begun begun = {
		.iocb = submitter ?: iocb,
		.mapping = iocb->ki_filp->f_mapping,
		.file = (submitter ?: iocb)->ki_filp,
		.sender = current,
		.part = { .start = iocb->ki_pos, .end = iocb->ki_pos + count },
		.number = diolate_order_now(),
		.owner = diolate_judge_owner((submitter ?: iocb)->ki_filp),
		.whole = (iocb->ki_pos | count) & (i_blocksize(inode) - 1),
		.late = iocb->ki_pos + count > i_size_read(inode) ||
			diolate_filesystem_maps_late(inode),
		.elsewhere = elsewhere,
		.unseen = !seen || (elsewhere && !diolate_following_maps()),
		.flushes = (iocb->ki_flags & IOCB_DSYNC) || IS_SYNC(inode),
		.told = submitter,
	};
	struct diolate_flown left;

	diolate_flight_begin(&begun, &left);
	if (left.verdict != DIOLATE_IS_NOT)
		diolate_judge_left(&left);
}
NOKPROBE_SYMBOL(judge_begins);

/**
 * diolate_judge_begins_slow() - a direct write begins
 * @iocb:  the kiocb of the write
 * @count: bytes that the write is going to write
 * @dops:  how its file system has iomap send the write, or NULL
 * @sees:  whether bios of direct writes of its kind are seen, of src/flight/following.c
 *
 * Context: any, also inside a probe handler; with preemption off; before its first bio is sent.
 */
void diolate_judge_begins_slow(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops,
			       bool (*sees)(void))
{
	/* What is seen is asked last: it is set before following is live. */
	if (diolate_following_is_begun() && count &&
	    diolate_filesystem_may_be_overtaken(iocb->ki_filp->f_mapping->host))
		judge_begins(iocb, count, dops, sees());
}
NOKPROBE_SYMBOL(diolate_judge_begins_slow);

/* The final verdict on a write; counts the write if the verdict is that nobody can know. */
static __always_inline enum diolate_verdict judge_settle(const struct diolate_flown *flown)
{
	if (flown->verdict == DIOLATE_IS_OVERTAKEN)
		diolate_track_hold();
	if (flown->verdict != DIOLATE_NOT_JUDGED)
		return flown->verdict;
	if (judge_is_alone(flown))
		return DIOLATE_IS_NOT;
	diolate_track_hold();
	diolate_counters_unknown(flown->unknown);
	return DIOLATE_NOT_JUDGED;
}

/*
 * Judge a write that is not followed, because it began before following or found no place, by the
 * notes of written-back folios.
 */
static void judge_look_up(struct diolate_flown *flown, const struct kiocb *key,
			  struct address_space *mapping, loff_t pos, size_t length)
{
	flown->mapping = mapping;
	flown->part.start = pos;
	flown->part.end = pos + length;
	flown->number = 0;
	flown->unknown = diolate_bucket_was_crowded(key) ? DIOLATE_UNKNOWN_CROWDED :
							   DIOLATE_UNKNOWN_ARMING;
	/* DIOLATE_IS_OVERTAKEN is certain of one bio only, and this write may have had more. */
	flown->verdict = flown->unknown == DIOLATE_UNKNOWN_ARMING &&
			 diolate_sentinel_judge(mapping, &flown->part, 0, &flown->dirtied) ==
				 DIOLATE_IS_NOT ?
				 DIOLATE_IS_NOT : DIOLATE_NOT_JUDGED;
}
NOKPROBE_SYMBOL(judge_look_up);

/* Whether a write is one that src/entry/bios.c may have followed. */
static bool judge_is_judged(const struct kiocb *iocb)
{
	return (iocb->ki_flags & IOCB_DIRECT) &&
	       diolate_filesystem_may_be_overtaken(file_inode(iocb->ki_filp));
}
NOKPROBE_SYMBOL(judge_is_judged);

/* The kiocb whose flight this processor has just ended, for another hook of the same call. */
static DEFINE_PER_CPU(unsigned long, ended);

/*
 * Whether a write was judged in this very call of a receiver. While what tells is armed or disarmed
 * two hooks may judge (src/outcome/telling.c), and the second finds no flight any more.
 */
static bool judge_has_been(const struct kiocb *iocb, bool followed)
{
	bool been;

	if (likely(!diolate_telling_is_armed() || diolate_telling_judges()))
		return false;
	been = !followed && this_cpu_read(ended) == (unsigned long)iocb;
	this_cpu_write(ended, followed ? (unsigned long)iocb : 0);
	return been;
}
NOKPROBE_SYMBOL(judge_has_been);

/**
 * diolate_judge_answered() - judge a write whose consumer receives its result
 * @iocb:  the kiocb that the consumer is called with; of a write
 * @ret:   the result: a negative errno, or a number of bytes
 * @flown: set to what is known of it
 *
 * Context: any, at the entry of the receiver; with preemption off.
 * Return: true if the write was overtaken.
 */
bool diolate_judge_answered(struct kiocb *iocb, long ret, struct diolate_flown *flown)
{
	/* ki_pos has advanced by the bytes written. */
	loff_t pos = iocb->ki_pos - max(ret, 0L);
	bool followed;

	followed = diolate_flight_end(iocb, iocb->ki_filp, pos, max(ret, 0L), flown);
	if (judge_has_been(iocb, followed) || ret <= 0 || (!followed && !judge_is_judged(iocb)))
		return false;
	if (!followed)
		judge_look_up(flown, iocb, iocb->ki_filp->f_mapping, pos, ret);
	return judge_settle(flown) == DIOLATE_IS_OVERTAKEN;
}
NOKPROBE_SYMBOL(diolate_judge_answered);

/*
 * Whether the answer of a write of user space is going to be that of its @length bytes. io_write()
 * submits the rest of a short write, of which the answer may be an error, or none: see
 * diolate_uring_is_short().
 */
static bool judge_sees_answer(struct kiocb *iocb, size_t length)
{
	if (!diolate_receivers_see_answer(iocb))
		return false;
	return !diolate_in_submitter() ||
	       diolate_receivers_consumer_of(READ_ONCE(iocb->ki_complete)) != DIOLATE_IO_URING ||
	       !diolate_uring_is_short(iocb, length);
}
NOKPROBE_SYMBOL(judge_sees_answer);

/**
 * diolate_judge_leaves() - whether a write that is about to invalidate is left to be judged when it
 *                          is answered, and nothing is to be done about it before
 * @iocb:   the kiocb of the write
 * @length: bytes written
 *
 * This asks what diolate_judge_passing() asks in judge_is_asked_later(), of the writes of which
 * that is soon said.
 *
 * Context: any, also inside a probe handler.
 * Return: true if it is; false if diolate_judge_passing() has to look.
 */
bool diolate_judge_leaves(struct kiocb *iocb, size_t length)
{
	return (iocb->ki_flags & IOCB_WRITE) &&
	       (diolate_following_sees_answers() || diolate_telling_is_armed()) &&
	       diolate_identify_is_of_user_space(iocb) && judge_sees_answer(iocb, length) &&
	       !diolate_spans_have_afters();
}
NOKPROBE_SYMBOL(diolate_judge_leaves);

/*
 * Whether a write of user space is judged when it is answered: if it is followed, or its answer is
 * seen. An overlayfs write has to be followed, because its answer has a kiocb of another file.
 */
static bool judge_is_asked_later(const struct kiocb *iocb, const struct kiocb *submitter)
{
	diolate_flight_invalidates(submitter);
	return (iocb == submitter &&
		(diolate_telling_is_armed() || diolate_following_sees_answers())) ||
	       diolate_flight_is_followed(submitter);
}
NOKPROBE_SYMBOL(judge_is_asked_later);

/**
 * diolate_judge_passing() - whether a write that is about to invalidate was overtaken; false if it
 *                           is judged when it is answered
 * @iocb:   the kiocb of the write
 * @length: bytes written
 * @mapped: they are the file's
 * @flown:  set to what is known of the write, if it was overtaken
 *
 * If nobody knows, and the write is followed, the work sweeps the flights, and so counts the write,
 * unless a late error comes first. Else it is counted here, and a late error beside it. A write of
 * user space that is not followed is counted in overtaken_unknown twice if answers begin to be seen
 * before it is answered.
 *
 * Context: any, also inside a probe handler.
 * Return: true if the write was overtaken.
 */
bool diolate_judge_passing(struct kiocb *iocb, size_t length, bool mapped,
			   struct diolate_flown *flown)
{
	struct kiocb *submitter = length ? diolate_identify_submitter_of(iocb) : NULL;
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	/* An overlayfs write is followed by the kiocb of another file. */
	bool answered = submitter &&
			(iocb != submitter || judge_sees_answer(submitter, length));

	if (!length || (answered && judge_is_asked_later(iocb, submitter)) ||
	    !diolate_filesystem_may_be_overtaken(mapping->host))
		return false;
	if (!answered && diolate_flight_pass(iocb, mapping, iocb->ki_pos, length, mapped, flown)) {
		diolate_track_call();
		return flown->verdict != DIOLATE_NOT_JUDGED &&
		       judge_settle(flown) == DIOLATE_IS_OVERTAKEN;
	}
	judge_look_up(flown, submitter ?: iocb, mapping, iocb->ki_pos, length);
	return judge_settle(flown) == DIOLATE_IS_OVERTAKEN;
}
NOKPROBE_SYMBOL(diolate_judge_passing);

/* A verdict in which nothing is counted. */
static enum diolate_verdict judge_conclude(const struct diolate_flown *flown)
{
	return flown->verdict == DIOLATE_NOT_JUDGED && flown->number && judge_is_alone(flown) ?
		       DIOLATE_IS_NOT :
		       flown->verdict;
}
NOKPROBE_SYMBOL(judge_conclude);

/**
 * diolate_judge_now() - judge a write whose post-write invalidation failed, as of now
 * @iocb:    the kiocb that its consumer is going to be called with
 * @mapping: the mapping of the file written
 * @part:    what the write has written
 *
 * Context: process; the write is yet to be answered. diolate_bios_disarm() waits for the caller
 *          (diolate_instead_wait()): as long as it judges, what is written back is seen.
 * Return: the verdict.
 */
enum diolate_verdict diolate_judge_now(const struct kiocb *iocb, struct address_space *mapping,
				       const struct diolate_part *part)
{
	struct diolate_flown flown;

	if (!diolate_flight_judge(iocb, mapping, part, &flown))
		judge_look_up(&flown, iocb, mapping, part->start, part->end - part->start);
	/* This comes last, to cover all writeback until the verdict. */
	if (!diolate_note_is_complete() && flown.verdict != DIOLATE_IS_OVERTAKEN)
		return DIOLATE_NOT_JUDGED;
	return judge_conclude(&flown);
}

/**
 * diolate_judge_so_far() - judge a write that has invalidated the page cache, and does so once more
 * @iocb:    the kiocb that its consumer is going to be called with
 * @mapping: the mapping of the file written
 * @part:    what the write has written
 *
 * Context: any, also inside a probe handler.
 * Return: the verdict; DIOLATE_IS_NOT also of a write that is not followed.
 */
enum diolate_verdict diolate_judge_so_far(const struct kiocb *iocb, struct address_space *mapping,
					  const struct diolate_part *part)
{
	struct diolate_flown flown;

	if (diolate_flight_judge(iocb, mapping, part, &flown))
		return judge_conclude(&flown);
	return diolate_flight_is_followed(iocb) ? DIOLATE_NOT_JUDGED : DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(diolate_judge_so_far);
