// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions through which a consumer receives the result of a write. There a late error is
 * told: the result is their second argument, which ftrace can change at their entry. No callback is
 * replaced, and no return value rewritten, because file-system code reads those (ext4 of 5.10
 * truncates on a negative one). Under policy repair a late write is sent to a function of ours
 * first, which puts the page cache right and then calls the consumer's.
 *
 * They are followed from the first late error on, until there was none for some minutes, and by
 * src/follow.c as long as direct writes are; so a machine without either never passes here.
 * A work arms them, since that takes locks and memory. The first late error waits for it in the
 * place of dio_warn_stale_pagecache() (src/ftrace.c), for a bounded time: a write that its file
 * system waits for holds locks of the file there.
 *
 * Who waits in src/waiting.c is certain to come here, once, with that kiocb, and before its memory
 * is another's:
 * - A write that is completed asynchronously: its late error is met by who completes it, and then
 *   calls ki_complete (iomap_dio_complete_work() and iomap_dio_bio_end_io(), fs/iomap/direct-io.c;
 *   dio_complete(), fs/direct-io.c; 5.10 to 7.3), or that of the overlayfs write it was done for,
 *   which calls it in turn (ovl_aio_rw_complete(), fs/overlayfs/file.c, 5.10.262 and 6.1;
 *   backing_aio_rw_complete(), fs/backing-file.c, 6.12 and 7.3). Nothing cancels a write that is
 *   being completed; a task or ring that ends waits for it.
 * - A libaio write that its file system waits for: aio_rw_done() calls ki_complete with what came
 *   of it (fs/aio.c, 5.10 to 7.3), unless that is -EIOCBQUEUED: then the completion of the rest
 *   does.
 * - An io_uring write that its file system waits for: io_write() calls kiocb_done() with what came
 *   of it (io_uring/io_uring.c, 5.10.262; io_uring/rw.c, 6.1 to 7.3). Not if it is a short one,
 *   from 6.0 on: then the rest is tried, and such a write is not let wait here. Nor if it is
 *   -EAGAIN, which a write that must not wait (IOCB_NOWAIT) may come to: but where somebody may be
 *   told (src/filesystem.c) only before anything is written (fs/ext4/file.c, fs/xfs/xfs_file.c,
 *   fs/iomap/direct-io.c, 6.12; vfat and exfat are not asked so). What kiocb_done() may call
 *   afterwards finds that it has been told.
 */
#include <linux/ftrace.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "diolate.h"

/**
 * struct receiver - a function that receives results
 * @symbol:   its name
 * @consumer: for whom
 * @required: without it the main job cannot be done
 * @polled:   it leaves the result to who polls, and does no more about an error
 * @purpose:  what it is followed for, for the administrator
 * @address:  of the function; written once at load, 0 if this kernel has none, or cannot follow it
 * @err:      why
 */
struct receiver {
	const char *symbol;
	enum diolate_consumer consumer;
	bool required;
	bool polled;
	const char *purpose;
	unsigned long address;
	int err;
};

/* Those before URING_DONE are the callbacks of their kiocbs. */
enum { AIO, URING, URING_IOPOLL, URING_DONE, RECEIVERS };

static struct receiver receivers[RECEIVERS] = {
	[AIO] = {
		.symbol = "aio_complete_rw",
		.consumer = DIOLATE_LIBAIO,
		.required = true,
		.purpose = "delivery to libaio",
	},
	[URING] = {
		.symbol = "io_complete_rw",
		.consumer = DIOLATE_IO_URING,
		.purpose = "delivery to io_uring",
	},
	[URING_IOPOLL] = {
		.symbol = "io_complete_rw_iopoll",
		.consumer = DIOLATE_IO_URING,
		.polled = true,
		.purpose = "delivery to io_uring with IORING_SETUP_IOPOLL",
	},
	[URING_DONE] = {
		.symbol = "kiocb_done",
		.consumer = DIOLATE_IO_URING,
		.purpose = "delivery to io_uring writes that finish while they are submitted",
	},
};

static const struct receiver *receiver_of(diolate_complete_fn complete)
{
	size_t i;

	for (i = 0; complete && i < URING_DONE; i++)
		if ((unsigned long)complete == receivers[i].address)
			return &receivers[i];
	return NULL;
}
NOKPROBE_SYMBOL(receiver_of);

/**
 * diolate_consumer_of() - who waits for a direct write, by its completion callback
 * @complete: the ki_complete of its kiocb
 *
 * Context: any, also inside a probe handler.
 * Return: the consumer. A callback nobody here knows belongs to the kernel.
 */
enum diolate_consumer diolate_consumer_of(diolate_complete_fn complete)
{
	const struct receiver *receiver = receiver_of(complete);

	if (!complete)
		return DIOLATE_SYNC;
	return receiver ? receiver->consumer : DIOLATE_KERNEL;
}
NOKPROBE_SYMBOL(diolate_consumer_of);

/* Results are changed where they are received; not for those that wait if it is not set. */
static bool armed;
/* When a late error was told last, jiffies. */
static unsigned long last;
/* By what arming failed last, or 0. */
static int failed;

/* The last word on a late error: its submitter is told @ret. */
static void settled(struct kiocb *iocb, enum diolate_outcome outcome, enum diolate_reason reason,
		    long ret)
{
	const struct receiver *receiver = receiver_of(READ_ONCE(iocb->ki_complete));

	WRITE_ONCE(last, jiffies);
	if (outcome == DIOLATE_DELIVERED && receiver && receiver->polled)
		diolate_uring_fail(iocb);
	diolate_account_settled(outcome);
	diolate_log_settled(iocb, outcome, reason, ret);
}
NOKPROBE_SYMBOL(settled);

#if DIOLATE_CHANGES_ARGUMENT
/* What a late write has come to, and what its consumer is told. */
static noinline long tell(struct diolate_waiting *w, struct kiocb *iocb, long ret)
{
	enum diolate_reason reason = DIOLATE_NO_REASON;
	enum diolate_outcome outcome;

	if (ret >= 0 && w->outcome != DIOLATE_PENDING) {
		outcome = w->outcome;
		reason = w->reason;
	} else {
		outcome = diolate_settle(&ret);
	}
	settled(iocb, outcome, reason, ret);
	diolate_waiting_end(w);
	diolate_waiting_put();
	return ret;
}
NOKPROBE_SYMBOL(tell);

/* Where in the function ftrace is called from is within this of its beginning. */
#define REACH 16

static bool is_at(unsigned long ip, const struct receiver *r)
{
	return r->address && ip - r->address < REACH;
}
NOKPROBE_SYMBOL(is_at);

/* Whether the file system has waited for a write of which the result is received here. */
static bool is_waited_for(unsigned long ip)
{
	if (is_at(ip, &receivers[URING_DONE]))
		return true;
	return is_at(ip, &receivers[AIO]) && diolate_in_task() &&
	       !(current->flags & (PF_WQ_WORKER | PF_KTHREAD));
}
NOKPROBE_SYMBOL(is_waited_for);

/* Whether kiocb_done() is going to call the callback: of one that is polled for, always. */
static bool comes_again(unsigned long ip, struct kiocb *iocb)
{
	const struct receiver *receiver;

	if (!is_at(ip, &receivers[URING_DONE]))
		return false;
	receiver = receiver_of(READ_ONCE(iocb->ki_complete));
	return receiver && receiver->polled;
}
NOKPROBE_SYMBOL(comes_again);

/* Tell a write that was overtaken. One that is late for another reason has been told by now. */
static noinline void judged(unsigned long ip, struct diolate_ftrace_regs *regs, struct kiocb *iocb,
			    long ret)
{
	const struct inode *inode;
	enum diolate_outcome outcome;
	long told = ret;

	preempt_disable_notrace();
	inode = diolate_judge_answered(iocb, ret);
	if (inode) {
		/* What is said of it is said of where it began. */
		iocb->ki_pos -= ret;
		outcome = diolate_late_overtaken(iocb, inode, ret, is_waited_for(ip));
		iocb->ki_pos += ret;
		if (outcome == DIOLATE_PENDING) {
			settled(iocb, diolate_settle(&told), DIOLATE_NO_REASON, told);
			diolate_ftrace_change(regs, told);
		}
	}
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(judged);

static void answered(unsigned long ip, struct diolate_ftrace_regs *regs, struct kiocb *iocb,
		     long ret)
{
	if ((iocb->ki_flags & IOCB_WRITE) && (ret < 0 || !comes_again(ip, iocb)))
		judged(ip, regs, iocb, ret);
}
NOKPROBE_SYMBOL(answered);

/*
 * void aio_complete_rw(struct kiocb *iocb, long res), fs/aio.c; void io_complete_rw(struct kiocb
 * *iocb, long res) and io_complete_rw_iopoll(), io_uring/rw.c; 5.10 to 7.3; and int
 * kiocb_done(struct io_kiocb *req, ssize_t ret, ...), io_uring/rw.c, 6.1 to 7.3, whose request
 * begins with its kiocb (struct io_rw), or kiocb_done(struct kiocb *iocb, ssize_t ret, ...),
 * io_uring/io_uring.c, 5.10.262.
 */
static void notrace received(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			     struct diolate_ftrace_regs *regs)
{
	struct kiocb *iocb = (struct kiocb *)diolate_ftrace_argument(regs, 0);
	long ret = diolate_ftrace_argument(regs, 1);
	struct diolate_waiting *w;

	/* To kiocb_done(): it is in flight, or has completed and is gone. */
	if (ret == -EIOCBQUEUED)
		return;
	w = likely(diolate_waiting_none()) ? NULL : diolate_waiting_find(iocb);
	/* It is sent to be put right, and comes again. */
	if (w && w->repairs)
		return;
	if (w)
		diolate_ftrace_change(regs, tell(w, iocb, ret));
	/* Else src/follow.c sees it, if anybody does. */
	if (unlikely(diolate_track_suspects()) && READ_ONCE(armed))
		answered(ip, regs, iocb, w ? -EIO : ret);
}

/**
 * diolate_consumers_answered() - a function is entered that is followed for direct writes
 * @ip:   where
 * @regs: what it is called with
 *
 * Context: any, an ftrace callback.
 * Return: whether it is one that receives results.
 */
bool diolate_consumers_answered(unsigned long ip, struct diolate_ftrace_regs *regs)
{
	long ret = diolate_ftrace_argument(regs, 1);
	unsigned int i;

	for (i = 0; i < RECEIVERS && !is_at(ip, &receivers[i]); i++)
		;
	if (i == RECEIVERS)
		return false;
	/* Where late errors are told that is done behind it, one write at a time. */
	if (!READ_ONCE(armed) && ret != -EIOCBQUEUED)
		answered(ip, regs, (void *)diolate_ftrace_argument(regs, 0), ret);
	return true;
}

/*
 * In the place of the callback: it is called in a worker, see diolate_repair_begin(). The kernel
 * calls the callback through a pointer of the same type, too, so neither IBT nor kCFI objects.
 */
static void put_right(struct kiocb *iocb, long ret)
{
	diolate_complete_fn complete = READ_ONCE(iocb->ki_complete);
	struct diolate_waiting *w = diolate_waiting_find(iocb);
	enum diolate_outcome outcome;
	enum diolate_reason reason;

	outcome = diolate_repair(w, &ret, &reason);
	settled(iocb, outcome, reason, ret);
	diolate_flight_settle(iocb);
	diolate_waiting_end(w);
	diolate_call(complete, iocb, ret);
	diolate_waiting_put();
}

DIOLATE_COMPLETION(repaired, put_right)

/* The callbacks once more, of those alone that are to be repaired. */
static void notrace sent(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			 struct diolate_ftrace_regs *regs)
{
	struct diolate_waiting *w;

	if (likely(diolate_waiting_none()))
		return;
	w = diolate_waiting_find((struct kiocb *)diolate_ftrace_argument(regs, 0));
	if (w && w->repairs)
		diolate_ftrace_redirect(regs, (unsigned long)repaired);
}

/* Their symbol is what is named if ftrace is found broken. */
static struct diolate_hook telling = {
	.symbol = "aio_complete_rw",
	.ops.func = received,
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

static struct diolate_hook repairing = {
	.symbol = "aio_complete_rw",
	.ops.func = sent,
	.ops.flags = DIOLATE_REPLACE_FLAGS,
};

static int add(struct diolate_hook *hook, size_t n)
{
	int err = 0;
	size_t i;

	for (i = 0; i < n && !err; i++) {
		struct receiver *r = &receivers[i];

		if (!r->err)
			err = diolate_hook_add(hook, r->symbol, r->address, false);
	}
	return err;
}

/**
 * diolate_consumers_add() - have a hook follow what receives results, too
 * @hook: which; not registered yet
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno: diolate_hook_clear() has to follow.
 */
int diolate_consumers_add(struct diolate_hook *hook)
{
	return add(hook, RECEIVERS);
}

/* By one ftrace_ops, since what each costs to arm is to find it among all functions. */
static int arm(struct diolate_hook *hook, size_t n)
{
	int err = add(hook, n);

	if (!err)
		return diolate_hook_register(hook);
	diolate_hook_clear(hook);
	return err;
}

/* Whether ftrace can follow it, which is known before anybody waits to be told there. */
static int try(const struct receiver *r)
{
	int err = diolate_hook_add(&telling, r->symbol, r->address, true);

	diolate_hook_clear(&telling);
	return err;
}

/* They are disarmed when there was no late error for so long; jiffies. */
#define QUIET (300 * HZ)

/* How long a late error waits to be told; jiffies. */
#define PATIENCE (2 * HZ)

/* What is armed, one changes at a time. */
static DEFINE_MUTEX(arming);
/* Somebody wants them armed, late error or not. */
static bool held;
/* They are to be armed no more. */
static bool leaving;
/* Late writes are sent to be put right. */
static bool repairs;
/* How often arming was tried. */
static unsigned int attempts;
static DECLARE_WAIT_QUEUE_HEAD(attempted);

static void disarm_when_quiet(struct work_struct *work);
static DECLARE_DELAYED_WORK(quieting, disarm_when_quiet);

static int arm_telling(void)
{
	lockdep_assert_held(&arming);
	if (armed || leaving)
		return 0;
	failed = arm(&telling, RECEIVERS);
	if (failed)
		pr_notice_ratelimited("what receives results cannot be followed (error %d), which costs: delivery of late errors, until that works\n",
				      failed);
	/* Paired with the load in diolate_consumers_armed(). */
	smp_store_release(&armed, !failed);
	WRITE_ONCE(attempts, attempts + 1);
	wake_up_all(&attempted);
	if (!failed)
		schedule_delayed_work(&quieting, HZ);
	return failed;
}

/* Under policy observe only if one is waiting since before it was that. */
static void arm_on_need(struct work_struct *work)
{
	mutex_lock(&arming);
	WRITE_ONCE(last, jiffies);
	if (READ_ONCE(diolate_policy) != DIOLATE_OBSERVE || !diolate_waiting_none())
		arm_telling();
	mutex_unlock(&arming);
}

static DECLARE_WORK(needing, arm_on_need);

/* Unless a late write is waiting; one that is about to, and finds it disarmed, waits for it. */
static void stand_down(void)
{
	if (!diolate_waiting_none())
		return;
	WRITE_ONCE(armed, false);
	/* Paired with the cmpxchg() in diolate_waiting_begin(). */
	smp_mb();
	if (diolate_waiting_none()) {
		diolate_hook_disarm(&telling);
		return;
	}
	/* Paired with the load in diolate_consumers_armed(). */
	smp_store_release(&armed, true);
	wake_up_all(&attempted);
}

static void disarm_when_quiet(struct work_struct *work)
{
	unsigned long quiet = READ_ONCE(diolate_policy) == DIOLATE_OBSERVE ? 0 : QUIET;

	mutex_lock(&arming);
	if (armed && !held && time_after_eq(jiffies, READ_ONCE(last) + quiet))
		stand_down();
	if (armed)
		schedule_delayed_work(&quieting, held ? QUIET : HZ);
	mutex_unlock(&arming);
}

/**
 * diolate_consumers_armed() - whether late writes are told
 *
 * Context: any, also inside a probe handler; if asked behind diolate_waiting_begin(), for that
 *          write it stays so.
 */
bool diolate_consumers_armed(void)
{
	/* Paired with the release in arm_telling(). */
	return smp_load_acquire(&armed);
}
NOKPROBE_SYMBOL(diolate_consumers_armed);

/**
 * diolate_consumers_tell_waited_for() - whether an io_uring write can be told that its file system
 *                                       waits for
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_consumers_tell_waited_for(void)
{
	return !READ_ONCE(receivers[URING_DONE].err);
}
NOKPROBE_SYMBOL(diolate_consumers_tell_waited_for);

/**
 * diolate_consumers_call() - have late writes told from soon on
 *
 * Context: any, also inside a probe handler.
 */
void diolate_consumers_call(void)
{
	schedule_work(&needing);
}
NOKPROBE_SYMBOL(diolate_consumers_call);

/**
 * diolate_consumers_wait() - wait until late writes are told
 *
 * Context: process, sleeps for two seconds at the most; a late write of this task is waiting.
 * Return: whether they are.
 */
bool diolate_consumers_wait(void)
{
	unsigned int before = READ_ONCE(attempts);

	if (diolate_consumers_armed())
		return true;
	diolate_consumers_call();
	wait_event_timeout(attempted, READ_ONCE(attempts) != before || diolate_consumers_armed(),
			   PATIENCE);
	return diolate_consumers_armed();
}

/**
 * diolate_consumers_hold() - have late writes told from now on, whether there was one or not
 * @hold: or only as long as there are some
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_consumers_hold(bool hold)
{
	int err = 0;

	mutex_lock(&arming);
	if (hold)
		err = arm_telling();
	else if (armed && cancel_delayed_work(&quieting))
		schedule_delayed_work(&quieting, 0);
	if (hold != held)
		WRITE_ONCE(last, jiffies);
	held = hold && !err;
	mutex_unlock(&arming);
	return err;
}

/**
 * diolate_consumers_repair() - have those sent to be put right that are to be repaired, or no more
 * @repair: which; if not, the policy is another by now
 *
 * Context: process, sleeps. If not, until those that are to be repaired have been, as long as their
 *          completion takes.
 * Return: 0 or a negative errno, with nothing changed.
 */
int diolate_consumers_repair(bool repair)
{
	int err = repair ? arm(&repairing, URING_DONE) : 0;

	WRITE_ONCE(repairs, repair && !err);
	if (repair)
		return err;
	/* When no handler runs that has seen it. */
	synchronize_rcu();
	diolate_repair_wait();
	diolate_hook_disarm(&repairing);
	return 0;
}

/**
 * diolate_consumers_repairs() - whether a late write can be sent to be put right
 *
 * Context: any, also inside a probe handler; with preemption off for as long as that matters.
 */
bool diolate_consumers_repairs(void)
{
	return READ_ONCE(repairs);
}
NOKPROBE_SYMBOL(diolate_consumers_repairs);

/**
 * diolate_consumers_exit() - follow nothing any more
 *
 * Context: process, sleeps; after diolate_waiting_wait(), before what may judge a write is gone.
 */
void diolate_consumers_exit(void)
{
	mutex_lock(&arming);
	leaving = true;
	mutex_unlock(&arming);
	cancel_delayed_work_sync(&quieting);
	diolate_hook_disarm(&telling);
	/* Nobody calls for it any more. */
	cancel_work_sync(&needing);
	/*
	 * After the last diolate_waiting_put() a task may still have to leave what called it, which
	 * it does without sleeping.
	 */
	synchronize_rcu_tasks();
	synchronize_rcu();
}

#else /* no result can be changed: what is late is undeliverable */

bool diolate_consumers_armed(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_consumers_armed);

bool diolate_consumers_tell_waited_for(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_consumers_tell_waited_for);

void diolate_consumers_call(void)
{
}
NOKPROBE_SYMBOL(diolate_consumers_call);

bool diolate_consumers_wait(void)
{
	return false;
}

int diolate_consumers_hold(bool hold)
{
	return hold ? -EOPNOTSUPP : 0;
}

int diolate_consumers_repair(bool repair)
{
	return repair ? -EOPNOTSUPP : 0;
}

bool diolate_consumers_repairs(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_consumers_repairs);

static int try(const struct receiver *r)
{
	return 0;
}

void diolate_consumers_exit(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
}
#endif

/**
 * diolate_consumers_give_up() - a late write is not told, and does not wait any more
 * @w: it, of this task; what it is counted as is known
 *
 * Context: process, may sleep; the write has yet to be completed. diolate_waiting_put() has to
 *          follow.
 */
void diolate_consumers_give_up(struct diolate_waiting *w)
{
	settled(w->iocb, w->outcome, w->reason, 0);
	diolate_waiting_end(w);
}

/**
 * diolate_consumers_init() - learn the functions of the known consumers
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_consumers_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(receivers); i++) {
		struct receiver *r = &receivers[i];

		r->err = diolate_symbol_address(r->symbol, &r->address, NULL) ?: try(r);
		if (!r->err && i < URING_DONE)
			r->err = diolate_scope_recognises((diolate_complete_fn)r->address);
		if (r->err && r->required) {
			pr_err("not loaded: %s cannot be found, or its writes not be recognised, on this kernel (error %d), so no libaio write could be told\n",
			       r->symbol, r->err);
			return diolate_symbol_errno(r->err);
		}
		/* A compiler may have put a copy of it there. */
		if (!r->err && i == URING_DONE)
			r->err = diolate_symbol_calls("io_write", r->symbol);
		if (!r->err)
			continue;
		r->address = 0;
		pr_notice("%s cannot be found, or its writes not be recognised, on this kernel (error %d), which costs: %s\n",
			  r->symbol, r->err, r->purpose);
	}
	return 0;
}

/**
 * diolate_consumers_show() - print its part of the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed, or cannot
 *     be
 *
 * Context: process, may sleep.
 */
void diolate_consumers_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(receivers); i++) {
		const struct receiver *r = &receivers[i];
		bool tells = diolate_consumers_armed();
		const char *state = r->err == -ENOENT ? "absent" : tells && !r->err ? "armed" :
										      "refused";

		if (r->err || tells || failed)
			seq_printf(m, "%s %s 0 %s\n", r->symbol, state, r->purpose);
	}
}
