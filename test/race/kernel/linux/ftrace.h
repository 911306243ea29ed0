/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

struct diolate_ftrace_regs {
	unsigned long argument, ip;
};

/* A function that is followed, and where its call goes on. */
struct ftrace_ops {
	void (*func)(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		     struct diolate_ftrace_regs *regs);
	unsigned long flags;
	void *private;
};

#define diolate_ftrace_argument(regs, n) ((regs)->argument)
#define diolate_ftrace_redirect(regs, to) ((regs)->ip = (to))
