// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate_instead_run() runs in the place of the kernel's own record of a late error: it sees
 * whether the write has lost anything, and waits until the late error can be told.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

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

	if (!waiting || waiting->looked)
		return false;
	/* The end of a system call is certain to be met; nothing has to be armed for that. */
	if (waiting->outcome == DIOLATE_PENDING && (waiting->sync || diolate_telling_is_armed()))
		return false;
	WRITE_ONCE(waiting->task, current);
	return true;
}
NOKPROBE_SYMBOL(diolate_instead_waits);

/*
 * Wait until telling is armed, if the late error can be told. If telling is not armed, the write
 * stops waiting for its result, and instead_left() has to let the module go, as the last step.
 */
static bool instead_await(struct diolate_waiting *waiting)
{
	bool told = waiting->outcome == DIOLATE_PENDING;
	bool waits = told ? diolate_telling_wait() : diolate_telling_is_armed();

	if (!waits && told) {
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
		part->start = inv->iocb->ki_pos;
		part->end = part->start + inv->length;
	}
	diolate_task_release();
	preempt_enable();
}

/* Look whether a write is spared, whose folios may be dirty only beside the write. */
static void instead_look(struct diolate_waiting *waiting, struct file *filp)
{
	struct diolate_part part;

	instead_look_up(filp, &part);
	waiting->looked = true;
	waiting->outcome =
		diolate_spared_look(waiting->iocb, filp->f_mapping, &part, &waiting->reason);
}

/**
 * diolate_instead_run() - see whether a late write has lost anything, and wait until its late error
 *                         can be told
 * @filp: the argument of dio_warn_stale_pagecache(), in whose place this runs
 *
 * The late write keeps the module loaded as long as it waits and this function runs.
 *
 * Context: process, sleeps as long as diolate_spared_look() and diolate_telling_wait() do; a worker
 *          that completes the write, or the task that submits the write and may hold locks of the
 *          file system.
 */
void diolate_instead_run(struct file *filp)
{
	struct diolate_waiting *waiting = diolate_waiting_of_task();
	enum diolate_outcome outcome;
	bool waits;

	if (waiting->outcome != DIOLATE_PENDING)
		instead_look(waiting, filp);
	outcome = waiting->outcome;
	waits = instead_await(waiting);
	/* A spared write leaves nothing to record. */
	if (outcome != DIOLATE_SPARED)
		diolate_repair_record(file_inode(filp), waits && outcome == DIOLATE_PENDING ?
				      "its submitter is told" : "its submitter cannot be told");
	instead_left(waits);
}
