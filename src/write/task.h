/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last invalidation that each task has begun.
 */
#ifndef DIOLATE_WRITE_TASK_H
#define DIOLATE_WRITE_TASK_H

#include "write/invalidation.h"

int diolate_task_init(void);
void diolate_task_exit(void);
bool diolate_task_begins(struct kiocb *iocb, loff_t start, const unsigned long *dio, size_t length,
			 s64 dirtied);
void diolate_task_judged(struct kiocb *iocb, loff_t start, bool found);
void diolate_task_judges_anew(void);
bool diolate_task_ends(const struct kiocb *iocb);
void diolate_task_ended(const struct kiocb *iocb, bool succeeded);
void diolate_task_ends_anew(void);
bool diolate_task_has_ended(const struct diolate_invalidation *inv);
struct diolate_invalidation *diolate_task_hold(void);
void diolate_task_release(void);
unsigned long diolate_task_missed(void);

#endif
