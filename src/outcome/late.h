/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outcome of a late error, decided where the late error is met.
 */
#ifndef DIOLATE_OUTCOME_LATE_H
#define DIOLATE_OUTCOME_LATE_H

#include "model/policy.h"
#include "write/invalidation.h"

struct diolate_flown;
struct diolate_waiting;

/** enum diolate_met - where a late error is met */
enum diolate_met {
	DIOLATE_MET_IN_PASSING,
	DIOLATE_MET_AWAITABLE,	/* where the task can wait until telling is armed */
};

void diolate_late_lost(struct diolate_waiting *w);
void diolate_late_stuck(struct diolate_invalidation *inv, enum diolate_met met);
enum diolate_outcome diolate_late_overtaken(struct kiocb *iocb, const struct diolate_flown *flown,
					    loff_t start, size_t length, bool waited_for);

#endif
