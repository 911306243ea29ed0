/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The late writes whose result their consumer has yet to receive. src/write/waiting.c is also
 * compiled and tested in user space (test/unit/), with stand-ins for what it uses of the kernel.
 */
#ifndef DIOLATE_WRITE_WAITING_H
#define DIOLATE_WRITE_WAITING_H

#include <linux/types.h>

#include "model/policy.h"

struct diolate_sync;
struct inode;
struct kiocb;
struct task_struct;

/**
 * struct diolate_repair - a write whose range is to be put right
 * @inode:     the file written to
 * @pos:       start of the range, bytes
 * @length:    of the range, bytes
 * @proven:    the submitter may be told
 * @held_back: the kernel's own record of the late error was held back
 *
 * Used where the late error is met and then where the consumer receives the result: in the same
 * worker, or in one that it queues (overlayfs).
 */
struct diolate_repair {
	struct inode *inode;
	loff_t pos;
	u64 length;
	bool proven;
	bool held_back;
};

/**
 * struct diolate_waiting - a late write
 * @iocb:    the kiocb that its consumer is going to be called with; NULL if the place is free
 * @task:    the task sent to handle the write, until it has come there, or NULL
 * @looked:  it was checked whether the write has lost something
 * @outcome: what the write is counted as if it succeeds; DIOLATE_PENDING if it is to be told
 * @reason:  the reason for @outcome, if there is one
 * @sync:    of a synchronous write: how it is told (src/outcome/sync.c); else NULL
 * @repairs: the page cache is to be put right first
 * @repair:  how, if @repairs
 */
struct diolate_waiting {
	struct kiocb *iocb;
	const struct task_struct *task;
	bool looked;
	enum diolate_outcome outcome;
	enum diolate_reason reason;
	struct diolate_sync *sync;
	bool repairs;
	struct diolate_repair repair;
};

bool diolate_waiting_none(void);
struct diolate_waiting *diolate_waiting_begin(struct kiocb *iocb);
struct diolate_waiting *diolate_waiting_find(const struct kiocb *iocb);
struct diolate_waiting *diolate_waiting_of_task(void);
void diolate_waiting_end(struct diolate_waiting *w);
void diolate_waiting_put(void);
void diolate_waiting_wait(void);

#endif
