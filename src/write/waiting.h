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
struct file;
struct kiocb;
struct task_struct;

/**
 * struct diolate_waiting - a late write
 * @iocb:    the kiocb that its consumer is going to be called with; NULL if the place is free
 * @file:    of that kiocb
 * @start:   where the write begins, bytes
 * @task:    the task sent to handle the write, until it has come there, or NULL
 * @told:    its result can be changed; else the write waits only until it is handled
 * @unclear: it is yet to be looked at whether the write has lost something
 * @repairs: the page cache is yet to be put right
 * @outcome: what the write is counted as if it succeeds; DIOLATE_PENDING if it is to be told
 * @reason:  the reason for @outcome, if there is one
 * @sync:    of a synchronous write: how it is told (src/outcome/sync.c); else NULL
 *
 * src/outcome/instead.c does what is yet to be done, in the task that meets the late error.
 */
struct diolate_waiting {
	struct kiocb *iocb;
	const struct file *file;
	loff_t start;
	const struct task_struct *task;
	bool told;
	bool unclear;
	bool repairs;
	enum diolate_outcome outcome;
	enum diolate_reason reason;
	struct diolate_sync *sync;
};

bool diolate_waiting_none(void);
struct diolate_waiting *diolate_waiting_begin(struct kiocb *iocb);
struct diolate_waiting *diolate_waiting_find(const struct kiocb *iocb);
bool diolate_waiting_is_of(const struct diolate_waiting *w, const struct file *file, loff_t start);
struct diolate_waiting *diolate_waiting_of_task(void);
void diolate_waiting_end(struct diolate_waiting *w);
void diolate_waiting_put(void);
void diolate_waiting_wait(void);

#endif
