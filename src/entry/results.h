/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A consumer receives the result of a write.
 */
#ifndef DIOLATE_ENTRY_RESULTS_H
#define DIOLATE_ENTRY_RESULTS_H

#include "kernel/compat/ftrace.h"

void diolate_results_init(void);
void diolate_results_answered(unsigned long ip, struct diolate_ftrace_regs *regs);

#endif
