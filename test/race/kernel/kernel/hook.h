/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/hook.h: the race says what arming a hook does. */
#pragma once
#include <linux/compiler.h>
#include <linux/ftrace.h>

#define DIOLATE_CHANGES_ARGUMENT 1
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_REPLACE_FLAGS 0

struct diolate_hook {
	const char *symbol;
	struct ftrace_ops ops;
	bool armed;
};

int diolate_hook_add(struct diolate_hook *hook, const char *symbol, unsigned long address, bool alone);
void diolate_hook_clear(struct diolate_hook *hook);
int diolate_hook_register(struct diolate_hook *hook);
void diolate_hook_disarm(struct diolate_hook *hook);
