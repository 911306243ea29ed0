// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways a result is changed: through the completion callback, after the file system is done with
 * the write and before its submitter learns anything; or, for an io_uring write that finished while
 * it was submitted and whose callback nobody reads, as io_uring hears of it. No return value is
 * ever rewritten, because file-system code reads those (ext4 of 5.10 truncates on a negative one).
 *
 * The kiocb is the record. Its ki_complete is one of
 *   the consumer's own callback: we have nothing to do with it,
 *   watched: an asynchronous completion was entered, nothing happened so far,
 *   late:    a late error was seen and waits for the result,
 *   repair:  so, and the page cache is to be put right first.
 * All of ours look at the field again, since iomap_dio_complete_work() loads ki_complete before
 * the late error can be known (disassembled, 5.10 to 7.3). A mark is set only where the callback is
 * certain to be called, and calling it takes the mark away:
 *   at the entry of iomap_dio_complete_work() and dio_aio_complete_work(), which always call it, or
 *   that of the overlayfs write they belong to, which calls it in turn;
 *   where a write ends that invalidates nothing and is completed at once: that of
 *   iomap_dio_bio_end_io() for the last bio of an asynchronous one (7.3), and of dio_complete();
 *   in a libaio write the file system waits for, where aio_rw_done() calls it with the result
 *   (fs/aio.c, 6.1 to 7.3). On -EIOCBQUEUED, when only the first part was waited for (btrfs, gfs2),
 *   the completion of the rest calls it; on 7.3 that may be in an interrupt.
 *   in an io_uring write that the file system waits for, where kiocb_done() calls it with the
 *   result (io_uring/rw.c, 6.1 and 6.12; io_uring/io_uring.c, 5.10.262), or, if it does not (7.3),
 *   is itself given another result. Unless the write is a short one: from 6.0 on io_write() then
 *   does not call kiocb_done(), tries the rest and forgets the mark, so that none is set.
 *
 * The consumer's own callback is called through an address that kallsyms gave. The kernel itself
 * takes that address and calls it through a pointer of the same type, so neither IBT nor kCFI
 * objects.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>

#include "diolate.h"

/**
 * struct completion_kind - a completion callback of user space, and ours in its place
 * @symbol:   its name
 * @consumer: whose it is
 * @required: without it the main job cannot be done
 * @polled:   it leaves its result to who polls, and does no more about an error
 * @watched:  ours, nothing happened so far
 * @late:     ours, a late error is pending
 * @repair:   ours, so, and the page cache is to be put right
 * @complete: its address; written once at load, NULL if this kernel has none
 */
struct completion_kind {
	const char *symbol;
	enum diolate_consumer consumer;
	bool required;
	bool polled;
	diolate_complete_fn watched;
	diolate_complete_fn late;
	diolate_complete_fn repair;
	diolate_complete_fn complete;
};

enum { AIO, URING, URING_IOPOLL, COMPLETIONS };

static struct completion_kind completions[COMPLETIONS];

/*
 * Taken with each mark, put when it is settled and, in a callback, after the original has returned;
 * what unloading waits for. `unmarked` completes when the last one is put.
 */
static struct percpu_ref marks;
static DECLARE_COMPLETION(unmarked);

/* The last word on the late error with this mark: the submitter is told @ret. */
static void settled(const void *mark, enum diolate_outcome outcome, enum diolate_reason reason,
		    long ret)
{
	diolate_account_settled(outcome);
	diolate_log_settled(mark, outcome, reason, ret);
}
NOKPROBE_SYMBOL(settled);

/* A late error meets the result of its write: what the submitter is to be told. */
static noinline long settle(const struct completion_kind *kind, struct kiocb *iocb, long ret)
{
	enum diolate_reason reason = DIOLATE_NO_REASON;
	enum diolate_outcome outcome;

	if (READ_ONCE(iocb->ki_complete) == kind->repair)
		outcome = diolate_repair(iocb, &ret, &reason);
	else
		outcome = diolate_settle(&ret);
	if (outcome == DIOLATE_DELIVERED && kind->polled)
		diolate_uring_fail(iocb);
	settled(iocb, outcome, reason, ret);
	return ret;
}
NOKPROBE_SYMBOL(settle);

static void finish(const struct completion_kind *kind, struct kiocb *iocb, long ret)
{
	if (unlikely(!diolate_overtaken_none()))
		diolate_judge_completed(iocb, ret);
	if (unlikely(READ_ONCE(iocb->ki_complete) != kind->watched))
		ret = settle(kind, iocb, ret);
	WRITE_ONCE(iocb->ki_complete, kind->complete);
	diolate_call(kind->complete, iocb, ret);
	percpu_ref_put(&marks);
}

DIOLATE_COMPLETION(aio_watched, finish, &completions[AIO])
DIOLATE_COMPLETION(aio_late, finish, &completions[AIO])
DIOLATE_COMPLETION(aio_repair, finish, &completions[AIO])
DIOLATE_COMPLETION(uring_watched, finish, &completions[URING])
DIOLATE_COMPLETION(uring_late, finish, &completions[URING])
DIOLATE_COMPLETION(uring_repair, finish, &completions[URING])
DIOLATE_COMPLETION(uring_iopoll_watched, finish, &completions[URING_IOPOLL])
DIOLATE_COMPLETION(uring_iopoll_late, finish, &completions[URING_IOPOLL])
DIOLATE_COMPLETION(uring_iopoll_repair, finish, &completions[URING_IOPOLL])

static struct completion_kind completions[COMPLETIONS] = {
	[AIO] = {
		.symbol = "aio_complete_rw",
		.consumer = DIOLATE_LIBAIO,
		.required = true,
		.watched = aio_watched,
		.late = aio_late,
		.repair = aio_repair,
	},
	[URING] = {
		.symbol = "io_complete_rw",
		.consumer = DIOLATE_IO_URING,
		.watched = uring_watched,
		.late = uring_late,
		.repair = uring_repair,
	},
	[URING_IOPOLL] = {
		.symbol = "io_complete_rw_iopoll",
		.consumer = DIOLATE_IO_URING,
		.polled = true,
		.watched = uring_iopoll_watched,
		.late = uring_iopoll_late,
		.repair = uring_iopoll_repair,
	},
};

static const struct completion_kind *kind_of(diolate_complete_fn complete)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(completions); i++)
		if (completions[i].complete && (complete == completions[i].complete ||
						complete == completions[i].watched ||
						complete == completions[i].late ||
						complete == completions[i].repair))
			return &completions[i];
	return NULL;
}
NOKPROBE_SYMBOL(kind_of);

/**
 * diolate_consumer_of() - who waits for a direct write, by its completion callback
 * @complete: the ki_complete of its kiocb
 * @mark:     set to what the callback says about us
 *
 * Context: any, also inside a probe handler.
 * Return: the consumer. A callback nobody here knows belongs to the kernel.
 */
enum diolate_consumer diolate_consumer_of(diolate_complete_fn complete, enum diolate_mark *mark)
{
	const struct completion_kind *kind = kind_of(complete);

	*mark = DIOLATE_UNMARKED;
	if (!complete)
		return DIOLATE_SYNC;
	if (!kind)
		return DIOLATE_KERNEL;
	if (complete == kind->watched)
		*mark = DIOLATE_WATCHED;
	else if (complete == kind->late)
		*mark = DIOLATE_LATE;
	else if (complete == kind->repair)
		*mark = DIOLATE_IN_REPAIR;
	return kind->consumer;
}
NOKPROBE_SYMBOL(diolate_consumer_of);

/*
 * Put our callback in place of a consumer's. Takes the reference that unloading waits for, once a
 * write. It is alive: it is killed only after the probes that lead here are gone. Whether it is in
 * place now; if not, it was, or the write is not of user space.
 */
static __always_inline bool watch(struct kiocb *iocb)
{
	diolate_complete_fn complete = READ_ONCE(iocb->ki_complete);
	size_t i;

	for (i = 0; complete && i < ARRAY_SIZE(completions); i++) {
		if (complete != completions[i].complete)
			continue;
		percpu_ref_get(&marks);
		WRITE_ONCE(iocb->ki_complete, completions[i].watched);
		return true;
	}
	return false;
}

/**
 * diolate_watch() - put our callback in place of that of a write, or of what it is done for
 * @iocb: a write whose callback is certain to be loaded and called after this, as is that of what
 *        it is done for
 *
 * Context: any, also inside a probe handler.
 */
void diolate_watch(struct kiocb *iocb)
{
	if (likely(watch(iocb)))
		return;
	iocb = diolate_scope_submitter(iocb);
	if (iocb)
		watch(iocb);
}
NOKPROBE_SYMBOL(diolate_watch);

/**
 * diolate_mark_late() - have the callback of a write settle its late error
 * @iocb:   a write that is watched, or one that its file system waits for (see above)
 * @repair: diolate_repair_begin() has noted it
 *
 * Context: any, also inside a probe handler.
 */
void diolate_mark_late(struct kiocb *iocb, bool repair)
{
	const struct completion_kind *kind;

	watch(iocb);
	kind = kind_of(READ_ONCE(iocb->ki_complete));
	if (kind)
		WRITE_ONCE(iocb->ki_complete, repair ? kind->repair : kind->late);
}
NOKPROBE_SYMBOL(diolate_mark_late);

static bool is_late(const struct kiocb *iocb)
{
	enum diolate_mark mark;

	diolate_consumer_of(READ_ONCE(iocb->ki_complete), &mark);
	return mark == DIOLATE_LATE;
}
NOKPROBE_SYMBOL(is_late);

/* Take the mark of a write that is not going to be completed through it. */
static void take_mark(struct kiocb *iocb, enum diolate_outcome outcome, enum diolate_reason reason,
		      long ret)
{
	WRITE_ONCE(iocb->ki_complete, kind_of(READ_ONCE(iocb->ki_complete))->complete);
	settled(iocb, outcome, reason, ret);
	percpu_ref_put(&marks);
}
NOKPROBE_SYMBOL(take_mark);

/**
 * diolate_unmark() - give up a late error that was to be told and cannot be
 * @iocb: the write
 *
 * Context: any; the task that submits it.
 */
void diolate_unmark(struct kiocb *iocb)
{
	if (is_late(iocb))
		take_mark(iocb, DIOLATE_UNDELIVERABLE, DIOLATE_NOT_WATCHED, 0);
}

/**
 * diolate_uring_done() - settle the late error of an io_uring write whose callback nobody reads
 * @iocb: a read or write of io_uring that was submitted
 * @ret:  what it has come to
 *
 * Context: any, also inside an ftrace callback.
 * Return: what io_uring is to complete it with.
 */
long diolate_uring_done(struct kiocb *iocb, long ret)
{
	enum diolate_outcome outcome;

	/* The rest of it is in flight, and has a callback. */
	if (!is_late(iocb) || ret == -EIOCBQUEUED)
		return ret;
	outcome = diolate_settle(&ret);
	if (outcome == DIOLATE_DELIVERED && kind_of(READ_ONCE(iocb->ki_complete))->polled)
		diolate_uring_fail(iocb);
	take_mark(iocb, outcome, DIOLATE_NO_REASON, ret);
	return ret;
}
NOKPROBE_SYMBOL(diolate_uring_done);

static void release(struct percpu_ref *ref)
{
	complete(&unmarked);
}

/**
 * diolate_deliver_init() - learn the callbacks of the known consumers
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_deliver_init(void)
{
	unsigned long address;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(completions); i++) {
		struct completion_kind *kind = &completions[i];

		err = diolate_symbol_address(kind->symbol, &address, NULL);
		if (!err) {
			kind->complete = (diolate_complete_fn)address;
			continue;
		}
		if (kind->required) {
			pr_err("not loaded: %s cannot be found on this kernel (error %d), so no libaio write can be recognised\n",
			       kind->symbol, err);
			return diolate_symbol_errno(err);
		}
		pr_notice("%s cannot be found on this kernel (error %d), so some io_uring writes will count as kernel_owned\n",
			  kind->symbol, err);
	}
	err = percpu_ref_init(&marks, release, 0, GFP_KERNEL);
	if (err)
		pr_err("not loaded: no memory (error %d)\n", err);
	return err;
}

/**
 * diolate_deliver_drain() - wait until the last mark is settled
 *
 * Each mark is in a write that is being completed, or whose rest is in flight: the wait is as long
 * as that takes.
 *
 * Context: process, sleeps; when no probe that marks is armed any more, and kiocb_done() still is
 *          followed, where some are settled.
 */
void diolate_deliver_drain(void)
{
	percpu_ref_kill(&marks);
	wait_for_completion(&unmarked);
}

/**
 * diolate_deliver_exit() - wait until nothing of the module is left on a stack
 *
 * After the last percpu_ref_put() somebody may still have to return from our callback: a task,
 * which synchronize_rcu_tasks() waits for to schedule voluntarily; an interrupt, or the RCU
 * callback that calls release(), which synchronize_rcu() waits for.
 *
 * Context: process, sleeps; after diolate_deliver_drain().
 */
void diolate_deliver_exit(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
	percpu_ref_exit(&marks);
}
