/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A synchronous write is told by the result of its system call.
 */
#ifndef DIOLATE_OUTCOME_SYNC_H
#define DIOLATE_OUTCOME_SYNC_H

#include "model/policy.h"

struct diolate_waiting;
struct kiocb;

void diolate_sync_init(void);
int diolate_sync_refuses(void);
struct diolate_waiting *diolate_sync_begin(struct kiocb *iocb, loff_t start, enum diolate_way *way);
void diolate_sync_tell(struct diolate_waiting *w);
void diolate_sync_drop(struct diolate_waiting *w);

#endif
