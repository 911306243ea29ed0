/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The late writes whose result their consumer has yet to receive. src/waiting.c is also compiled
 * and tested in user space (test/unit/), with what it uses of the kernel from there.
 */
#ifndef DIOLATE_WAITING_H
#define DIOLATE_WAITING_H

#include <linux/types.h>

#include "policy.h"

struct inode;
struct kiocb;
struct task_struct;

/**
 * struct diolate_repair - a write whose range is to be put right
 * @inode:     that it writes to
 * @pos:       where, bytes
 * @length:    bytes
 * @proven:    it may be failed
 * @held_back: the kernel has not recorded the error
 *
 * Written where its late error is met and then, in the same worker or one that it queues
 * (overlayfs), where its consumer receives the result.
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
 * @iocb:    that its consumer is going to be called with; NULL if the place is free
 * @task:    that is sent to see to it, until it has come there, or NULL
 * @looked:  it was found out whether it has lost something
 * @outcome: what it is counted as if it succeeds; DIOLATE_PENDING if it is to be told
 * @reason:  why, if there is one for that
 * @repairs: the page cache is to be put right first
 * @repair:  if so
 */
struct diolate_waiting {
	struct kiocb *iocb;
	const struct task_struct *task;
	bool looked;
	enum diolate_outcome outcome;
	enum diolate_reason reason;
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
