/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hooks follow the entry of kernel functions.
 */
#ifndef DIOLATE_KERNEL_HOOK_H
#define DIOLATE_KERNEL_HOOK_H

#include <linux/kprobes.h>

#include "kernel/compat/ftrace.h"

/**
 * struct diolate_hook - a kernel function whose entry is followed, see src/kernel/hook.c
 * @symbol:   the name of the function
 * @ops:      how ftrace follows it
 * @kp:       without ftrace: the kprobe that follows it
 * @function: without ftrace: the handler, called with the first two arguments
 * @armed:    whether diolate_hook_disarm() has to unregister @ops or @kp
 *
 * DIOLATE_HOOK() initializes a hook. DIOLATE_HOOKED() defines its handler, which only calls @inner
 * with the first two arguments of the followed function. @inner runs in the context of the followed
 * function, with preemption as it is there, and must not sleep.
 */
#if DIOLATE_HAS_FTRACE
struct diolate_hook {
	const char *symbol;
	struct ftrace_ops ops;
	bool armed;
};

#define DIOLATE_HOOK(name, handler) {			\
	.symbol = name,					\
	.ops.func = handler,				\
	.ops.flags = DIOLATE_FOLLOW_FLAGS,		\
}

#define DIOLATE_HOOKED(handler, inner)						\
void notrace handler(unsigned long ip, unsigned long parent_ip,			\
		     struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)	\
{										\
	inner(diolate_ftrace_argument(regs, 0), diolate_ftrace_argument(regs, 1)); \
}

#define DIOLATE_DECLARE_HOOKED(handler)						\
void handler(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,	\
	     struct diolate_ftrace_regs *regs)
#else
struct diolate_hook {
	const char *symbol;
	struct kprobe kp;
	void (*function)(unsigned long first, unsigned long second);
	bool armed;
};

#define DIOLATE_HOOK(name, handler) {			\
	.symbol = name,					\
	.function = handler,				\
}

#define DIOLATE_HOOKED(handler, inner)						\
void handler(unsigned long first, unsigned long second)				\
{										\
	inner(first, second);							\
}

#define DIOLATE_DECLARE_HOOKED(handler)						\
void handler(unsigned long first, unsigned long second)
#endif

int diolate_hook_add(struct diolate_hook *hook, const char *symbol, unsigned long address,
		     bool alone);
void diolate_hook_clear(struct diolate_hook *hook);
int diolate_hook_register(struct diolate_hook *hook);
int diolate_hook_arm(struct diolate_hook *hook);
void diolate_hook_disarm(struct diolate_hook *hook);
unsigned long diolate_hook_missed(const struct diolate_hook *hook);

#endif
