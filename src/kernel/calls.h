/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of a kernel function that a task is inside of.
 */
#ifndef DIOLATE_KERNEL_CALLS_H
#define DIOLATE_KERNEL_CALLS_H

#include <linux/kprobes.h>

#include "kernel/compat/kretprobe.h"

/**
 * struct diolate_calls - the calls of a kernel function that are followed
 * @rp:            a kretprobe; its entry handler sets the first word of the instance's data to a
 *                 value other than 0 if it takes the call
 * @armed:         whether @rp is registered and enabled
 * @instances:     all instances of @rp, where tasks do not list theirs; owned by src/kernel/calls.c
 * @handler:       where tasks do not list theirs: the return handler that @rp came with
 * @entry_handler: the same: the entry handler
 */
struct diolate_calls {
	struct kretprobe rp;
	bool armed;
#ifdef DIOLATE_UNLISTED_INSTANCES
	struct kretprobe_instance **instances;
	kretprobe_handler_t handler;
	kretprobe_handler_t entry_handler;
#endif
};

int diolate_calls_arm(struct diolate_calls *calls);
void diolate_calls_disarm(struct diolate_calls *calls);
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg);

#endif
