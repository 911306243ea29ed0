/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

struct notifier_block {
	int (*notifier_call)(struct notifier_block *block, unsigned long state, void *data);
};

enum { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING };
#define NOTIFY_DONE 0

/* The race says which modules there are. */
int register_module_notifier(struct notifier_block *block);
int unregister_module_notifier(struct notifier_block *block);
bool within_module(unsigned long address, const void *module);
