/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters, in the order in which debugfs prints them.
 */
#ifndef DIOLATE_REPORT_COUNTERS_H
#define DIOLATE_REPORT_COUNTERS_H

#include "flight/flight.h"
#include "model/policy.h"

struct seq_file;

/** enum diolate_counter - the counters */
enum diolate_counter {
	DIOLATE_N_LATE_ERRORS,
	DIOLATE_N_STUCK,
	DIOLATE_N_OVERTAKEN,
	DIOLATE_N_DELIVERED,
	DIOLATE_N_ALREADY_FAILED,
	DIOLATE_N_OBSERVED,
	DIOLATE_N_REPAIRED,
	DIOLATE_N_SPARED,
	DIOLATE_N_SYNC,
	DIOLATE_N_KERNEL_OWNED,
	DIOLATE_N_UNDELIVERABLE,
	DIOLATE_N_PENDING,
	DIOLATE_N_UNATTRIBUTED,
	DIOLATE_N_OVERTAKEN_UNKNOWN,
	DIOLATE_N_FIRST_UNKNOWN,	/* by enum diolate_unknown */
	DIOLATE_N_LAST_UNKNOWN = DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWNS - 1,
	DIOLATE_N_REPEATS,
	DIOLATE_COUNTERS
};

void diolate_counters_unattributed(void);
void diolate_counters_unknown(enum diolate_unknown why);
void diolate_counters_late(enum diolate_kind kind, enum diolate_outcome outcome);
void diolate_counters_settled(enum diolate_outcome outcome);
void diolate_counters_show(struct seq_file *m);

#endif
