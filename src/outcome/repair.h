/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the page cache right.
 */
#ifndef DIOLATE_OUTCOME_REPAIR_H
#define DIOLATE_OUTCOME_REPAIR_H

#include "write/invalidation.h"
#include "write/waiting.h"

struct inode;

enum diolate_reason diolate_repair_begin(struct diolate_repair *r,
					 const struct diolate_invalidation *inv,
					 const struct kiocb *iocb, bool proven);
enum diolate_outcome diolate_repair_finish(const struct diolate_waiting *w, long *ret,
					   enum diolate_reason *reason);
void diolate_repair_wait(void);
void diolate_repair_record(struct inode *inode, const char *why);

#endif
