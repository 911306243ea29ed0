/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of the newest late errors.
 */
#ifndef DIOLATE_REPORT_LOG_H
#define DIOLATE_REPORT_LOG_H

#include <linux/types.h>

#include "model/policy.h"

struct diolate_invalidation;
struct kiocb;
struct seq_operations;

int diolate_log_init(void);
void diolate_log_exit(void);
void diolate_log_late(const struct diolate_invalidation *inv, struct kiocb *iocb,
		      const struct diolate_late *late, enum diolate_outcome outcome,
		      const void *mark);
void diolate_log_settled(const void *mark, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret);
u64 diolate_log_lost(void);
extern const struct seq_operations diolate_log_ops;

#endif
