// SPDX-License-Identifier: GPL-2.0-only
/*
 * With sync=follow a synchronous write is told by the result of the system call that made it. That
 * is changed where the task returns to user space, by a work of the task (src/kernel/task_work.c):
 * the kernel is done with the write then, and holds no lock for it. What fsnotify, the accounting
 * of tasks, audit and the tracepoint sys_exit have seen by then is the kernel's own result.
 *
 * A place in the table has an owner, the task that makes the write, from diolate_sync_begin() until
 * - diolate_sync_drop(), in the same handler, if the write is not told; or
 * - the end of the work, which is certain to come when the system call ends, even if the task is
 *   killed. sync_told() holds no lock and waits for nothing.
 * The late write waits that long, too (src/write/waiting.c), and keeps the module loaded.
 *
 * The result is changed only if it is certain whose it is: the task is of user space and in one of
 * the calls of src/write/syscall.c, the file of that call is the file of the write, or is on
 * overlayfs, and the task returns to where it made the call.
 *
 * A write at the offset of its file has moved the offset. It is put back: a program that tries
 * again after an error would else leave the bad bytes and write the same behind them. After an
 * error the kernel leaves the offset, too (ksys_write(), do_writev(), fs/read_write.c, 5.10 to
 * 7.3). Nobody else's offset is touched: the work tries the lock of the offset, and looks whether
 * it is still where this write has left it.
 */
#include <linux/atomic.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/task_work.h>

#include "flight/flight.h"
#include "kernel/compat/syscall.h"
#include "kernel/symbol.h"
#include "kernel/task_work.h"
#include "outcome/judge.h"
#include "outcome/sync.h"
#include "report/counters.h"
#include "report/log.h"
#include "write/syscall.h"
#include "write/waiting.h"

/**
 * struct diolate_sync - a synchronous write that is to be told
 * @task:    the task that makes the write; NULL if the place is free
 * @owner:   of the write, of diolate_judge_owner(); of a free place, that of its last write
 * @work:    what the task does at its return to user space
 * @waiting: the late write
 * @call:    the system call
 * @file:    the file of @call, referenced
 * @start:   where the write begins, bytes
 * @before:  the offset of @file before the write, bytes
 */
struct diolate_sync {
	const struct task_struct *task;
	u32 owner;
	struct callback_head work;
	struct diolate_waiting *waiting;
	struct diolate_syscall call;
	struct file *file;
	loff_t start, before;
};

/* One owner gets at most half of those that the others leave. */
#define PLACES 512

/* Each late write that a task is returning from has one. It is searched only for a late error. */
static struct diolate_sync places[PLACES];

/* Why synchronous writes cannot be told, a negative errno; written once at load. */
static int refused = -EOPNOTSUPP;

static void sync_told(struct callback_head *work);

/**
 * diolate_sync_init() - find out whether synchronous writes can be told
 *
 * Context: process, may sleep; before any late error can be seen.
 */
void diolate_sync_init(void)
{
	refused = diolate_task_work_init();
	if (!DIOLATE_SEES_CALLS)
		refused = -EOPNOTSUPP;
	refused = diolate_symbol_errno(refused);
	if (refused)
		pr_notice("the result of a system call cannot be changed on this kernel (error %d), which costs: sync=follow\n",
			  refused);
}

/**
 * diolate_sync_refuses() - whether synchronous writes cannot be told
 *
 * Context: any.
 * Return: 0 or a negative errno.
 */
int diolate_sync_refuses(void)
{
	return refused;
}
NOKPROBE_SYMBOL(diolate_sync_refuses);

/*
 * Whether the file of a system call is that of a write. Overlayfs writes to the file below with a
 * kiocb of its own, while the call waits for that (ovl_write_iter(), fs/overlayfs/file.c, 5.10 and
 * 6.1; backing_file_write_iter(), fs/backing-file.c, 6.12 and 7.3).
 */
static bool sync_is_of(const struct file *file, const struct kiocb *iocb)
{
	return file == iocb->ki_filp ||
	       !strcmp(file_inode(file)->i_sb->s_type->name, "overlay");
}
NOKPROBE_SYMBOL(sync_is_of);

/* Whether an owner may have one more place; of those that claim one at once, each may. */
static bool sync_has_room(u32 owner)
{
	unsigned int own = 0, others = 0;
	size_t i;

	for (i = 0; i < PLACES; i++) {
		if (!READ_ONCE(places[i].task))
			continue;
		if (READ_ONCE(places[i].owner) == owner)
			own++;
		else
			others++;
	}
	return own < (PLACES - others) / 2;
}
NOKPROBE_SYMBOL(sync_has_room);

static struct diolate_sync *sync_claim(u32 owner)
{
	size_t i;

	if (!sync_has_room(owner))
		return NULL;
	for (i = 0; i < PLACES; i++)
		/* Paired with the release in sync_free(). */
		if (!READ_ONCE(places[i].task) && !cmpxchg(&places[i].task, NULL, current)) {
			WRITE_ONCE(places[i].owner, owner);
			return &places[i];
		}
	return NULL;
}
NOKPROBE_SYMBOL(sync_claim);

static void sync_free(struct diolate_sync *s)
{
	/* Paired with the cmpxchg() in sync_claim(). */
	smp_store_release(&s->task, NULL);
}
NOKPROBE_SYMBOL(sync_free);

/* The file of the call that makes a write, referenced; NULL if another call makes it. */
static struct file *sync_file_of(const struct kiocb *iocb, struct diolate_syscall *call)
{
	struct file *file = diolate_syscall_find(call) ? fget(call->fd) : NULL;

	if (!file || sync_is_of(file, iocb))
		return file;
	fput(file);
	return NULL;
}
NOKPROBE_SYMBOL(sync_file_of);

/**
 * diolate_sync_begin() - have a late synchronous write wait for the end of its system call
 * @iocb:  the kiocb of the write; not waiting yet
 * @start: where the write begins
 * @way:   set to the way in which the write can be told
 *
 * Context: any, also inside a probe handler.
 * Return: the late write: diolate_sync_tell() or diolate_sync_drop() has to follow. NULL if it
 *         cannot be told.
 */
struct diolate_waiting *diolate_sync_begin(struct kiocb *iocb, loff_t start, enum diolate_way *way)
{
	struct diolate_waiting *w;
	struct diolate_syscall call;
	struct diolate_sync *s;
	struct file *file;

	*way = refused ? DIOLATE_WAY_MISSED : DIOLATE_WAY_OTHER;
	file = refused ? NULL : sync_file_of(iocb, &call);
	if (!file)
		return NULL;
	*way = DIOLATE_WAY_FULL;
	s = sync_claim(diolate_judge_owner(file));
	w = s ? diolate_waiting_begin(iocb) : NULL;
	if (!w) {
		if (s)
			sync_free(s);
		fput(file);
		return NULL;
	}
	*way = DIOLATE_WAY_CONSUMER;
	s->waiting = w;
	s->call = call;
	s->file = file;
	s->start = start;
	s->before = READ_ONCE(file->f_pos);
	w->sync = s;
	return w;
}
NOKPROBE_SYMBOL(diolate_sync_begin);

/**
 * diolate_sync_drop() - a late synchronous write waits no more
 * @w: of diolate_sync_begin(); diolate_waiting_put() has to follow
 *
 * Context: any, also inside a probe handler.
 */
void diolate_sync_drop(struct diolate_waiting *w)
{
	struct diolate_sync *s = w->sync;

	fput(s->file);
	diolate_waiting_end(w);
	sync_free(s);
}
NOKPROBE_SYMBOL(diolate_sync_drop);

static void sync_settled(struct diolate_waiting *w, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret)
{
	/* What is written back over it from now on is no news. */
	diolate_flight_settle(w->iocb, w->file, w->start);
	diolate_counters_settled(outcome);
	diolate_log_settled(w->iocb, outcome, reason, ret);
}
NOKPROBE_SYMBOL(sync_settled);

/**
 * diolate_sync_tell() - have a late synchronous write told at the end of its system call
 * @w: of diolate_sync_begin(), counted and logged as pending
 *
 * Context: any, also inside a probe handler.
 */
void diolate_sync_tell(struct diolate_waiting *w)
{
	init_task_work(&w->sync->work, sync_told);
	if (likely(!diolate_task_work_add(&w->sync->work)))
		return;
	sync_settled(w, DIOLATE_UNDELIVERABLE, DIOLATE_NOT_WATCHED, 0);
	diolate_sync_drop(w);
	diolate_waiting_put();
}
NOKPROBE_SYMBOL(diolate_sync_tell);

/* Put the offset of the file back, if it is where this write of so many bytes has left it. */
static void sync_put_back(const struct diolate_sync *s, long written)
{
	struct file *file = s->file;

	if (!s->call.moves || !mutex_trylock(&file->f_pos_lock))
		return;
	if (file->f_pos == s->start + written)
		file->f_pos = s->before;
	mutex_unlock(&file->f_pos_lock);
}

/* Settle a late write whose system call ends, and change its result. */
static void sync_settle(struct diolate_sync *s)
{
	struct diolate_waiting *w = s->waiting;
	enum diolate_outcome outcome = w->outcome;
	long written, ret;

	if (!diolate_syscall_is_ending(&s->call)) {
		sync_settled(w, DIOLATE_UNDELIVERABLE, DIOLATE_OTHER_CALL, 0);
		return;
	}
	written = diolate_syscall_result();
	ret = written;
	if (written < 0 || outcome == DIOLATE_PENDING)
		outcome = diolate_policy_settle(&ret);
	if (ret != written) {
		diolate_syscall_change(ret);
		sync_put_back(s, written);
	}
	sync_settled(w, outcome, written < 0 ? DIOLATE_NO_REASON : w->reason, ret);
}

/* The work of the task that makes a late write. Its last step lets the module go. */
static void sync_told(struct callback_head *work)
{
	struct diolate_sync *s = container_of(work, struct diolate_sync, work);

	sync_settle(s);
	diolate_sync_drop(s->waiting);
	diolate_waiting_put();
}
