// SPDX-License-Identifier: GPL-2.0-only
/*
 * A late write is settled, and its submitter told, where the consumer receives the result
 * (src/entry/results.c): the result is changed there. No callback is replaced, and no return value
 * rewritten, because file-system code reads those (ext4 on 5.10 truncates on a negative one).
 *
 * A write that waits in src/write/waiting.c is certain to come here, once, with the kiocb that
 * waits there, and before the memory of the kiocb is reused:
 * - A write that is completed asynchronously: the code that completes it meets the late error, and
 *   then calls ki_complete (iomap_dio_complete_work() and iomap_dio_bio_end_io(),
 *   fs/iomap/direct-io.c; dio_complete(), fs/direct-io.c; 5.10 to 7.3). Below overlayfs that
 *   callback calls the ki_complete of the overlayfs write (ovl_aio_rw_complete(),
 *   fs/overlayfs/file.c, 5.10.262 and 6.1; backing_aio_rw_complete(), fs/backing-file.c, 6.12 and
 *   7.3). Nothing cancels a write that is being completed; a task or ring that ends waits for it.
 * - A libaio write that is waited for: aio_rw_done() calls ki_complete with the result (fs/aio.c,
 *   5.10 to 7.3). If the result is -EIOCBQUEUED, the completion of the rest calls it instead.
 * - An io_uring write that is waited for: io_write() calls kiocb_done() with the result
 *   (io_uring/io_uring.c, 5.10.262; io_uring/rw.c, 6.1 to 7.3), with two exceptions. From 6.0 on
 *   io_write() submits the rest of a short write, so a short write never waits here. And a write
 *   with IOCB_NOWAIT may get -EAGAIN, but on the proven file systems (src/write/filesystem.c) only
 *   before anything is written (fs/ext4/file.c, fs/xfs/xfs_file.c, fs/iomap/direct-io.c, 6.12; vfat
 *   and exfat get no IOCB_NOWAIT). The callback that kiocb_done() may call finds the write settled.
 *
 * A write of which that is not certain waits in diolate_instead_run() alone (@told of struct
 * diolate_waiting). Should a live patch have changed what is said here, a later write with the
 * kiocb is not taken for the one that waits, if it has another place or file (diolate_late_lost()).
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>

#include "flight/flight.h"
#include "kernel/uring.h"
#include "outcome/judge.h"
#include "outcome/late.h"
#include "outcome/tell.h"
#include "outcome/telling.h"
#include "report/counters.h"
#include "report/log.h"
#include "write/receivers.h"

/**
 * diolate_tell_settled() - settle a pending late error
 * @iocb:    the kiocb that the consumer is called with
 * @outcome: what the write is counted as
 * @reason:  the reason for @outcome, if it was not known before
 * @ret:     what the submitter is told: a negative errno, or a number of bytes
 *
 * Context: any, also inside a probe handler.
 */
void diolate_tell_settled(struct kiocb *iocb, enum diolate_outcome outcome,
			  enum diolate_reason reason, long ret)
{
	diolate_telling_told();
	if (outcome == DIOLATE_DELIVERED && diolate_receivers_poll(iocb))
		diolate_uring_fail(iocb);
	diolate_counters_settled(outcome);
	diolate_log_settled(iocb, outcome, reason, ret);
}
NOKPROBE_SYMBOL(diolate_tell_settled);

/**
 * diolate_tell_waiting_slow() - settle a late write in its receiver
 * @w:    the late write, which ends
 * @iocb: the kiocb that the consumer is called with
 * @ret:  the result: a negative errno, or a number of bytes
 *
 * Context: any, also inside an ftrace callback.
 * Return: what the consumer is told.
 */
noinline long diolate_tell_waiting_slow(struct diolate_waiting *w, struct kiocb *iocb, long ret)
{
	enum diolate_reason reason = ret < 0 ? DIOLATE_NO_REASON : w->reason;
	enum diolate_outcome outcome = w->outcome;

	if (ret < 0 || outcome == DIOLATE_PENDING)
		outcome = diolate_policy_settle(&ret);
	diolate_tell_settled(iocb, outcome, reason, ret);
	diolate_waiting_end(w);
	diolate_waiting_put();
	return ret;
}
NOKPROBE_SYMBOL(diolate_tell_waiting_slow);

/**
 * diolate_tell_overtaken() - judge a write in its receiver, and tell it if it was overtaken
 * @iocb: the kiocb that the consumer is called with
 * @ret:  the result: a negative errno, or a number of bytes. Negative if the write was stuck, and
 *        so is settled by now
 * @ip:   where ftrace is called from, in the receiver
 *
 * Context: any, also inside an ftrace callback.
 * Return: what the consumer is told.
 */
noinline long diolate_tell_overtaken(struct kiocb *iocb, long ret, unsigned long ip)
{
	enum diolate_outcome outcome;
	struct diolate_flown flown;
	long told = ret;

	preempt_disable_notrace();
	if (diolate_judge_answered(iocb, ret, &flown)) {
		/* ki_pos has advanced by the bytes written. */
		outcome = diolate_late_overtaken(iocb, &flown, iocb->ki_pos - ret, ret,
						 diolate_receivers_waited_for(ip));
		if (outcome == DIOLATE_PENDING)
			diolate_tell_settled(iocb, diolate_policy_settle(&told), DIOLATE_NO_REASON,
					     told);
	}
	preempt_enable_notrace();
	return told;
}
NOKPROBE_SYMBOL(diolate_tell_overtaken);

/**
 * diolate_tell_give_up() - end the wait of a late write, whose submitter is not told
 * @w: the late write, of this task; its outcome is final
 *
 * Context: process, may sleep; the write has yet to be completed. diolate_waiting_put() has to
 *          follow.
 */
void diolate_tell_give_up(struct diolate_waiting *w)
{
	/* What is written back over it from now on is no news. */
	diolate_flight_settle(w->iocb, w->file, w->start);
	diolate_tell_settled(w->iocb, w->outcome, w->reason, 0);
	diolate_waiting_end(w);
}
