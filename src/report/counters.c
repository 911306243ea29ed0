// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters are per CPU: counting a late error takes no lock and dirties no shared line. A
 * machine without a late error counts nothing, except in diolate_counters_unknown().
 *
 * Identity, at every quiet moment: late_errors = delivered + already_failed + observed + repaired +
 * spared + sync + kernel_owned + undeliverable + pending. Each term is counted where it happens and
 * none is computed from the others, so the identity is a test and not a tautology.
 */
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>

#include "flight/flight.h"
#include "report/counters.h"

static DEFINE_PER_CPU(s64 [DIOLATE_COUNTERS], counters);

static const char *const names[] = {
	[DIOLATE_N_LATE_ERRORS] = "late_errors",
	[DIOLATE_N_STUCK] = "stuck",
	[DIOLATE_N_OVERTAKEN] = "overtaken",
	[DIOLATE_N_DELIVERED] = "delivered",
	[DIOLATE_N_ALREADY_FAILED] = "already_failed",
	[DIOLATE_N_OBSERVED] = "observed",
	[DIOLATE_N_REPAIRED] = "repaired",
	[DIOLATE_N_SPARED] = "spared",
	[DIOLATE_N_SYNC] = "sync",
	[DIOLATE_N_KERNEL_OWNED] = "kernel_owned",
	[DIOLATE_N_UNDELIVERABLE] = "undeliverable",
	[DIOLATE_N_PENDING] = "pending",
	[DIOLATE_N_UNATTRIBUTED] = "unattributed",
	[DIOLATE_N_OVERTAKEN_UNKNOWN] = "overtaken_unknown",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_ARMING] = "unknown_arming",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_CROWDED] = "unknown_crowded",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_AT_START] = "unknown_at_start",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_UNSEEN] = "unknown_unseen",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_LATE] = "unknown_late",
	[DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWN_REPLACED] = "unknown_replaced",
	[DIOLATE_N_REPEATS] = "repeats",
};

static const enum diolate_counter counter_of[] = {
	[DIOLATE_REPEAT] = DIOLATE_N_REPEATS,
	[DIOLATE_WAS_SYNC] = DIOLATE_N_SYNC,
	[DIOLATE_KERNEL_OWNED] = DIOLATE_N_KERNEL_OWNED,
	[DIOLATE_UNDELIVERABLE] = DIOLATE_N_UNDELIVERABLE,
	[DIOLATE_OBSERVED] = DIOLATE_N_OBSERVED,
	[DIOLATE_PENDING] = DIOLATE_N_PENDING,
	[DIOLATE_ALREADY_FAILED] = DIOLATE_N_ALREADY_FAILED,
	[DIOLATE_REPAIRED] = DIOLATE_N_REPAIRED,
	[DIOLATE_SPARED] = DIOLATE_N_SPARED,
	[DIOLATE_DELIVERED] = DIOLATE_N_DELIVERED,
};

/**
 * diolate_counters_unattributed() - count a report of the kernel that no probe tied to a write
 *
 * Context: any, also inside a probe handler.
 */
void diolate_counters_unattributed(void)
{
	this_cpu_inc(counters[DIOLATE_N_UNATTRIBUTED]);
}
NOKPROBE_SYMBOL(diolate_counters_unattributed);

/**
 * diolate_counters_unknown() - count a write that may have been overtaken
 * @why: why nobody can know
 *
 * Context: any, also inside a probe handler.
 */
void diolate_counters_unknown(enum diolate_unknown why)
{
	this_cpu_inc(counters[DIOLATE_N_OVERTAKEN_UNKNOWN]);
	this_cpu_inc(counters[DIOLATE_N_FIRST_UNKNOWN + why]);
}
NOKPROBE_SYMBOL(diolate_counters_unknown);

/**
 * diolate_counters_late() - count a late error when it is seen
 * @kind:    stuck or overtaken
 * @outcome: what diolate_policy_decide() made of it
 *
 * Context: any, also inside a probe handler.
 */
void diolate_counters_late(enum diolate_kind kind, enum diolate_outcome outcome)
{
	if (outcome != DIOLATE_REPEAT) {
		this_cpu_inc(counters[DIOLATE_N_LATE_ERRORS]);
		this_cpu_inc(counters[kind == DIOLATE_STUCK ? DIOLATE_N_STUCK :
							      DIOLATE_N_OVERTAKEN]);
	}
	this_cpu_inc(counters[counter_of[outcome]]);
}
NOKPROBE_SYMBOL(diolate_counters_late);

/**
 * diolate_counters_settled() - count a pending late error when its write completes
 * @outcome: not DIOLATE_PENDING
 *
 * Context: any, also inside a probe handler.
 */
void diolate_counters_settled(enum diolate_outcome outcome)
{
	this_cpu_inc(counters[counter_of[outcome]]);
	this_cpu_dec(counters[DIOLATE_N_PENDING]);
}
NOKPROBE_SYMBOL(diolate_counters_settled);

static s64 counters_total(enum diolate_counter counter)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(counters, cpu)[counter]);
	return sum;
}

/**
 * diolate_counters_show() - print the file `counters`
 * @m: the file; a line `name value` for each counter, since load
 *
 * Context: process, may sleep.
 */
void diolate_counters_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		seq_printf(m, "%s %lld\n", names[i], counters_total(i));
}
