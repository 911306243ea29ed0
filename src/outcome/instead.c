// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate_instead_run() runs in the place of the kernel's own record of a late error: it sees
 * whether the write has lost anything, puts the page cache right, and waits until the late error
 * can be told.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/srcu.h>

#include "outcome/instead.h"
#include "outcome/repair.h"
#include "outcome/spared.h"
#include "outcome/tell.h"
#include "outcome/telling.h"
#include "write/inside.h"
#include "write/task.h"
#include "write/waiting.h"

/**
 * diolate_instead_waits() - whether diolate_instead_run() has something to do for a late write, in
 *                           this task, before the result comes
 * @inv: the invalidation that failed
 *
 * Context: any, also inside an ftrace callback. If true, diolate_instead_run() has to follow.
 */
bool diolate_instead_waits(const struct diolate_invalidation *inv)
{
	struct diolate_waiting *waiting = diolate_waiting_find(diolate_inside_submitter(inv));

	if (!waiting)
		return false;
	/* The end of a system call is certain to be met; nothing has to be armed for that. */
	if (!waiting->unclear && !waiting->repairs &&
	    (waiting->outcome != DIOLATE_PENDING || waiting->sync || diolate_telling_is_armed()))
		return false;
	WRITE_ONCE(waiting->task, current);
	return true;
}
NOKPROBE_SYMBOL(diolate_instead_waits);

/*
 * Wait until telling is armed, if the late error is to be told. If telling is not armed, or the
 * write cannot be told, it stops waiting for its result, and instead_left() has to let the module
 * go, as the last step.
 */
static bool instead_await(struct diolate_waiting *waiting)
{
	bool pends = waiting->outcome == DIOLATE_PENDING;
	bool waits = waiting->told &&
		     (waiting->sync ||
		      (pends ? diolate_telling_wait() : diolate_telling_is_armed()));

	if (!waits && pends) {
		waiting->outcome = DIOLATE_UNDELIVERABLE;
		waiting->reason = DIOLATE_NOT_WATCHED;
	}
	if (!waits)
		diolate_tell_give_up(waiting);
	return waits;
}

static void instead_left(bool waits)
{
	if (!waits)
		diolate_waiting_put();
}

/* Find the part of the file whose invalidation has just failed. */
static void instead_look_up(struct file *filp, struct diolate_part *part)
{
	struct diolate_invalidation *inv;

	*part = (struct diolate_part){};
	preempt_disable();
	inv = diolate_inside_invalidation(filp);
	if (inv) {
		part->start = inv->start;
		part->end = part->start + inv->length;
	}
	diolate_task_release();
	preempt_enable();
}

/* Look whether a write is spared, whose folios may be dirty only beside the write. */
static void instead_look(struct diolate_waiting *waiting, struct address_space *mapping,
			 const struct diolate_part *part)
{
	waiting->unclear = false;
	waiting->outcome = diolate_spared_look(waiting->iocb, mapping, part, &waiting->reason);
	if (waiting->outcome != DIOLATE_PENDING)
		waiting->repairs = false;
}

static void instead_repair(struct diolate_waiting *waiting, struct address_space *mapping,
			   const struct diolate_part *part)
{
	waiting->repairs = false;
	waiting->reason = diolate_repair(waiting->iocb, mapping, part);
	if (!waiting->reason)
		waiting->outcome = DIOLATE_REPAIRED;
}

/* What there is to record, and what becomes of the late error; NULL if there is nothing. */
static const char *instead_record(enum diolate_outcome outcome, bool waits)
{
	if (outcome == DIOLATE_SPARED || outcome == DIOLATE_REPAIRED)
		return NULL;
	return waits && outcome == DIOLATE_PENDING ? "its submitter is told" :
						     "its submitter cannot be told";
}

/* Who judges a write in diolate_instead_run(). */
static struct srcu_struct judging;

/**
 * diolate_instead_init() - prepare diolate_instead_run()
 *
 * Context: process, may sleep; before a late error can be met.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_instead_init(void)
{
	int err = init_srcu_struct(&judging);

	if (err)
		pr_err("not loaded: no memory to wait for those that judge a write\n");
	return err;
}

/**
 * diolate_instead_exit() - undo diolate_instead_init()
 *
 * Context: process, may sleep; when no late error is met or waits any more.
 */
void diolate_instead_exit(void)
{
	cleanup_srcu_struct(&judging);
}

/**
 * diolate_instead_wait() - wait for those that judge a write now
 *
 * Context: process, sleeps for some repair_ms, and as long as what is dirty beside a write takes to
 *          be written back.
 */
void diolate_instead_wait(void)
{
	synchronize_srcu(&judging);
}

/**
 * diolate_instead_run() - see whether a late write has lost anything, put the page cache right, and
 *                         wait until the late error can be told
 * @filp: the argument of dio_warn_stale_pagecache(), in whose place this runs
 *
 * The late write keeps the module loaded as long as it waits and this function runs. Without one
 * this function does not sleep, and diolate_hook_disarm() waits for its task.
 *
 * Context: process, sleeps as long as diolate_spared_look(), diolate_repair() and
 *          diolate_telling_wait() do; a worker that completes the write, or the task that submits
 *          the write and may hold locks of the file system.
 */
void diolate_instead_run(struct file *filp)
{
	struct diolate_waiting *waiting = diolate_waiting_of_task();
	enum diolate_outcome outcome;
	struct diolate_part part;
	const char *record;
	bool waits;
	int index;

	/* Nothing of the write was in danger, and nothing is to be recorded. */
	if (!waiting)
		return;
	instead_look_up(filp, &part);
	index = srcu_read_lock(&judging);
	if (waiting->unclear)
		instead_look(waiting, filp->f_mapping, &part);
	if (waiting->repairs)
		instead_repair(waiting, filp->f_mapping, &part);
	srcu_read_unlock(&judging, index);
	outcome = waiting->outcome;
	waits = instead_await(waiting);
	record = instead_record(outcome, waits);
	if (record)
		diolate_repair_record(file_inode(filp), record);
	instead_left(waits);
}
