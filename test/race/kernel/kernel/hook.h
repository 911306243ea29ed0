/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/hook.h: the race says what arming a hook does. */
#pragma once
#include <linux/compiler.h>

#define DIOLATE_CHANGES_ARGUMENT 1

struct diolate_hook {
	bool armed;
};

void diolate_hook_clear(struct diolate_hook *hook);
int diolate_hook_register(struct diolate_hook *hook);
void diolate_hook_disarm(struct diolate_hook *hook);
