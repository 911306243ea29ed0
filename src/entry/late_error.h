/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own record of a late error.
 */
#ifndef DIOLATE_ENTRY_LATE_ERROR_H
#define DIOLATE_ENTRY_LATE_ERROR_H

#include <linux/kprobes.h>

struct seq_file;

#define DIOLATE_LATE_ERROR_SYMBOL "dio_warn_stale_pagecache"

int diolate_late_error_hit(struct kprobe *p, struct pt_regs *regs);
int diolate_late_error_inlined(struct kprobe *p, struct pt_regs *regs);
int diolate_late_error_inlined_in(const char *symbol);
void diolate_late_error_await(void);
void diolate_late_error_await_no_more(void);
bool diolate_late_error_awaits(void);
int diolate_late_error_require(void);
void diolate_late_error_show(struct seq_file *m);

#endif
