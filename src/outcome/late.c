// SPDX-License-Identifier: GPL-2.0-only
/*
 * A late error gets its outcome here, where it is met.
 *
 * Some of this runs in interrupts. Nothing here sleeps, allocates, prints, waits for a lock or
 * resolves a name.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>

#include "flight/flight.h"
#include "kernel/compat/context.h"
#include "kernel/compat/kiocb.h"
#include "kernel/uring.h"
#include "model/params.h"
#include "outcome/judge.h"
#include "outcome/late.h"
#include "outcome/repair.h"
#include "outcome/spared.h"
#include "outcome/sync.h"
#include "outcome/telling.h"
#include "report/counters.h"
#include "report/log.h"
#include "write/filesystem.h"
#include "write/inside.h"
#include "write/receivers.h"
#include "write/waiting.h"

/* Whether the file system waits for a write. Then its submitter meets the late error. */
static bool late_is_waited_for(enum diolate_consumer consumer)
{
	return consumer != DIOLATE_KERNEL && diolate_in_submitter();
}
NOKPROBE_SYMBOL(late_is_waited_for);

/*
 * How the submitter of an io_uring write that is waited for can be told. kiocb_done(), which
 * receives its result, cannot be followed on every kernel (src/write/receivers.c).
 */
static enum diolate_way late_way_if_waited_for(const struct kiocb *iocb, size_t length)
{
	if (diolate_uring_is_short(iocb, length))
		return DIOLATE_WAY_SHORT;
	return diolate_receivers_tell_waited_for() ? DIOLATE_WAY_CONSUMER : DIOLATE_WAY_MISSED;
}
NOKPROBE_SYMBOL(late_way_if_waited_for);

/* How the consumer of a write can tell the submitter. */
static enum diolate_way late_way_of_consumer(const struct kiocb *iocb,
					     const struct diolate_late *late, size_t length)
{
	if (late->consumer != DIOLATE_IO_URING)
		return DIOLATE_WAY_CONSUMER;
	if (!DIOLATE_POLLED_FAILS && diolate_receivers_poll(iocb))
		return DIOLATE_WAY_MISSED;
	return late->waited_for ? late_way_if_waited_for(iocb, length) : DIOLATE_WAY_CONSUMER;
}
NOKPROBE_SYMBOL(late_way_of_consumer);

/* The same, which may have to be armed first. */
static enum diolate_way late_way_of(const struct kiocb *iocb, const struct diolate_late *late,
				    size_t length, enum diolate_met met)
{
	enum diolate_way way = late_way_of_consumer(iocb, late, length);

	if (way != DIOLATE_WAY_CONSUMER)
		return way;
	if (diolate_telling_is_armed() || met == DIOLATE_MET_AWAITABLE)
		return DIOLATE_WAY_CONSUMER;
	diolate_telling_call();
	return DIOLATE_WAY_MISSED;
}
NOKPROBE_SYMBOL(late_way_of);

/* The consumer of a write. A kernel thread may write synchronously, too: nfsd on 6.19 does. */
static enum diolate_consumer late_consumer_of(const struct kiocb *iocb)
{
	enum diolate_consumer consumer =
		diolate_receivers_consumer_of(READ_ONCE(iocb->ki_complete));

	return consumer == DIOLATE_SYNC && diolate_in_task() && (current->flags & PF_KTHREAD) ?
		       DIOLATE_KERNEL :
		       consumer;
}
NOKPROBE_SYMBOL(late_consumer_of);

/* Have a write wait for its result if its submitter may be told, and find the way to tell it. */
static struct diolate_waiting *late_wait_for_result(const struct diolate_invalidation *inv,
						    struct kiocb *iocb, struct diolate_late *late,
						    enum diolate_met met)
{
	struct diolate_waiting *waiting;

	late->way = DIOLATE_WAY_MISSED;
	if (late->consumer == DIOLATE_SYNC && late->follows && !late->repeat)
		return diolate_sync_begin(iocb, inv->start, &late->way);
	if (late->repeat || late->policy == DIOLATE_OBSERVE ||
	    !diolate_is_of_user_space(late->consumer))
		return NULL;
	waiting = diolate_waiting_begin(iocb);
	late->way = waiting ? late_way_of(iocb, late, inv->length, met) : DIOLATE_WAY_FULL;
	return waiting;
}
NOKPROBE_SYMBOL(late_wait_for_result);

/**
 * diolate_late_lost() - end the wait of a late write whose kiocb is another write's by now
 * @w: the late write; not a synchronous one
 *
 * Context: any, also inside a probe handler.
 */
void diolate_late_lost(struct diolate_waiting *w)
{
	bool pends = w->outcome == DIOLATE_PENDING;
	enum diolate_outcome outcome = pends ? DIOLATE_UNDELIVERABLE : w->outcome;

	diolate_telling_told();
	diolate_counters_settled(outcome);
	diolate_log_settled(w->iocb, outcome, pends ? DIOLATE_NOT_WATCHED : w->reason, 0);
	diolate_waiting_end(w);
	diolate_waiting_put();
}
NOKPROBE_SYMBOL(diolate_late_lost);

/* Whether a late write, which begins at @start, has met its late error before, and waits. */
static bool late_waits(struct kiocb *iocb, loff_t start)
{
	struct diolate_waiting *w = diolate_waiting_find(iocb);

	if (!w)
		return false;
	if (w->sync || diolate_waiting_is_of(w, iocb->ki_filp, start))
		return true;
	diolate_late_lost(w);
	return false;
}
NOKPROBE_SYMBOL(late_waits);

/* Count a late error, and have what is pending told. */
static void late_is_decided(const struct diolate_invalidation *inv, struct kiocb *iocb,
			    const struct diolate_late *late, struct diolate_waiting *waiting,
			    enum diolate_outcome outcome)
{
	bool pends = outcome == DIOLATE_PENDING;

	/* What is written back over it from now on is no news. */
	if (pends)
		diolate_flight_late(iocb, iocb->ki_filp, inv->start);
	else if (outcome != DIOLATE_REPEAT)
		diolate_flight_settle(iocb, iocb->ki_filp, inv->start);
	diolate_counters_late(late->kind, outcome);
	if (outcome != DIOLATE_REPEAT)
		diolate_log_late(inv, iocb, late, outcome, pends ? iocb : NULL);
	if (!waiting)
		return;
	if (pends && waiting->sync) {
		diolate_sync_tell(waiting);
	} else if (!pends) {
		if (waiting->sync)
			diolate_sync_drop(waiting);
		else
			diolate_waiting_end(waiting);
		diolate_waiting_put();
	}
}
NOKPROBE_SYMBOL(late_is_decided);

/* Whether the page cache is to be put right; sets late->unrepaired to why not. */
static bool late_is_to_be_repaired(struct diolate_late *late,
				   const struct diolate_waiting *waiting,
				   const struct diolate_invalidation *inv, enum diolate_met met)
{
	late->unrepaired = DIOLATE_NO_REASON;
	if (late->policy != DIOLATE_REPAIR || !waiting)
		return false;
	late->unrepaired = met == DIOLATE_MET_AWAITABLE ? diolate_repair_refuses(inv) :
							  DIOLATE_RECORDED;
	return !late->unrepaired;
}
NOKPROBE_SYMBOL(late_is_to_be_repaired);

/* Whether the folios that could not be dropped may be dirty beside the write only. */
static bool late_is_unclear(const struct diolate_invalidation *inv)
{
	struct diolate_part part = { .start = inv->start, .end = inv->start + inv->length };

	return diolate_spared_is_open(inv->iocb->ki_filp->f_mapping, &part);
}
NOKPROBE_SYMBOL(late_is_unclear);

/*
 * Say what diolate_instead_run() has to do before the result of a write comes, and what becomes of
 * the write if that changes nothing.
 */
static void late_has_to_be_handled(const struct diolate_late *late, bool unclear,
				   struct diolate_waiting *waiting)
{
	struct diolate_late otherwise = *late;

	otherwise.repair = false;
	waiting->told = late->way == DIOLATE_WAY_CONSUMER;
	waiting->repairs = late->repair;
	waiting->outcome = diolate_policy_decide(&otherwise);
	waiting->reason = diolate_policy_reason(&otherwise, waiting->outcome);
	waiting->unclear = unclear && waiting->outcome == DIOLATE_PENDING;
}
NOKPROBE_SYMBOL(late_has_to_be_handled);

/* Whether a write that has invalidated the page cache may have been overtaken. */
static bool late_may_be_overtaken(const struct diolate_invalidation *inv, const struct kiocb *iocb)
{
	struct diolate_part part = { .start = inv->start, .end = inv->start + inv->length };

	return diolate_judge_so_far(iocb, inv->iocb->ki_filp->f_mapping, &part) != DIOLATE_IS_NOT;
}
NOKPROBE_SYMBOL(late_may_be_overtaken);

/*
 * Whether a write of fs/direct-io.c has invalidated the page cache before, with success. What is in
 * the way when generic_file_direct_write() does so once more was read since, and is no older than
 * what the disk has (5.10 to 7.3). That is the write, unless the write was overtaken.
 */
static bool late_is_whole(const struct diolate_invalidation *inv, const struct kiocb *iocb,
			  bool proven)
{
	return proven && inv->again &&
	       diolate_filesystem_uses_dio(inv->iocb->ki_filp->f_mapping->host) &&
	       diolate_inside_direct_write_of(inv->iocb) && !late_may_be_overtaken(inv, iocb);
}
NOKPROBE_SYMBOL(late_is_whole);

/* The post-write invalidation of a write failed. */
static void late_is_met(struct diolate_invalidation *inv, enum diolate_met met)
{
	struct diolate_late late = { .kind = DIOLATE_STUCK };
	struct diolate_waiting *waiting;
	enum diolate_outcome outcome;
	struct kiocb *iocb;
	bool unclear;

	iocb = diolate_inside_submitter(inv);
	late.consumer = late_consumer_of(iocb);
	late.policy = READ_ONCE(diolate_params_policy);
	late.follows = READ_ONCE(diolate_params_follows);
	late.waited_for = late_is_waited_for(late.consumer);
	late.repeat = inv->seen || inv->counted || diolate_inside_was_reported(inv->iocb) ||
		      late_waits(iocb, inv->start);
	late.proven = diolate_filesystem_is_proven(inv->iocb->ki_filp->f_mapping->host);
	late.whole = !late.repeat && late_is_whole(inv, iocb, late.proven);
	waiting = late_wait_for_result(inv, iocb, &late, met);
	late.repair = late_is_to_be_repaired(&late, waiting, inv, met);
	unclear = late_is_unclear(inv);
	/* Before the result comes, diolate_instead_run() looks which bytes are dirty. */
	late.unclear = unclear && met != DIOLATE_MET_AWAITABLE;
	if (waiting) {
		waiting->file = iocb->ki_filp;
		waiting->start = inv->start;
		late_has_to_be_handled(&late, unclear, waiting);
	}
	outcome = diolate_policy_decide(&late);
	inv->whole = late.whole && outcome == DIOLATE_SPARED;
	late_is_decided(inv, iocb, &late, waiting, outcome);
}
NOKPROBE_SYMBOL(late_is_met);

/**
 * diolate_late_stuck() - the kernel reports that a post-write invalidation failed
 * @inv: the invalidation
 * @met: where the late error is met
 *
 * If the kernel's own record is replaced, the kprobe and the replacement see the same report.
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
void diolate_late_stuck(struct diolate_invalidation *inv, enum diolate_met met)
{
	if (inv->seen)
		return;
	late_is_met(inv, met);
	inv->seen = true;
}
NOKPROBE_SYMBOL(diolate_late_stuck);

/**
 * diolate_late_overtaken() - a write without a late error until now was overtaken
 * @iocb:       the kiocb of the write; in a receiver, the kiocb that the consumer is called with
 * @flown:      what is known of it; on overlayfs, its file is not the file of @iocb
 * @start:      where the write begins
 * @length:     bytes written
 * @waited_for: the file system has waited for the write, in this task
 *
 * Context: any, also inside a probe handler; the write is yet to be answered.
 * Return: the outcome; DIOLATE_PENDING if the caller has to settle it with the result, unless the
 *         write is synchronous: that is told at the end of its system call.
 */
enum diolate_outcome diolate_late_overtaken(struct kiocb *iocb, const struct diolate_flown *flown,
					    loff_t start, size_t length, bool waited_for)
{
	struct diolate_invalidation inv = { .iocb = iocb, .start = start, .length = length };
	struct diolate_late late = {
		.kind = DIOLATE_OVERTAKEN,
		.consumer = late_consumer_of(iocb),
		.policy = READ_ONCE(diolate_params_policy),
		.follows = READ_ONCE(diolate_params_follows),
		.waited_for = waited_for,
		.proven = diolate_filesystem_is_proven(flown->mapping->host),
		.unrepaired = DIOLATE_WRITTEN_BACK,
		.dirtied = flown->dirtied,
	};
	struct diolate_waiting *waiting = NULL;
	enum diolate_outcome outcome;

	if (late.policy != DIOLATE_REPAIR)
		late.unrepaired = DIOLATE_NO_REASON;
	late.way = late_way_of_consumer(iocb, &late, length);
	if (late.consumer == DIOLATE_SYNC && late.follows)
		waiting = diolate_sync_begin(iocb, start, &late.way);
	if (waiting) {
		waiting->file = iocb->ki_filp;
		waiting->start = start;
		waiting->told = true;
		waiting->unclear = false;
		waiting->repairs = false;
		waiting->outcome = DIOLATE_PENDING;
		waiting->reason = DIOLATE_NO_REASON;
	}
	outcome = diolate_policy_decide(&late);
	late_is_decided(&inv, iocb, &late, waiting, outcome);
	return outcome;
}
NOKPROBE_SYMBOL(diolate_late_overtaken);
