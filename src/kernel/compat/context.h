/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The context of a handler, and its registers and arguments.
 */
#ifndef DIOLATE_KERNEL_COMPAT_CONTEXT_H
#define DIOLATE_KERNEL_COMPAT_CONTEXT_H

#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

#include "kernel/compat/version.h"

/**
 * diolate_caller() - the address that a function returns to
 * @regs: the registers at the first instruction of the function
 *
 * Context: a probe handler.
 */
static __always_inline unsigned long diolate_caller(struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	return procedure_link_pointer(regs);
#else
	return regs_get_kernel_stack_nth(regs, 0);
#endif
}

/* The address in a pointer, without the tag of its memory, which is the top byte on arm64. */
static __always_inline unsigned long diolate_untagged(unsigned long word)
{
	return IS_ENABLED(CONFIG_ARM64) ? sign_extend64(word, 55) : word;
}

/**
 * diolate_in_task() - whether a handler runs on behalf of a task, and not of an interrupt
 *
 * The CPU enters a kprobe that is an int3 like an NMI (x86; exc_int3(), arch/x86/kernel/traps.c,
 * 5.10 to 7.3), so the context that the int3 interrupted counts. A real NMI does no direct I/O.
 *
 * Context: any, also inside a probe handler.
 */
static __always_inline bool diolate_in_task(void)
{
	return likely(in_task()) ||
	       ((preempt_count() & (NMI_MASK | HARDIRQ_MASK)) == NMI_OFFSET + HARDIRQ_OFFSET &&
		!in_serving_softirq());
}

/**
 * diolate_in_submitter() - whether a write that ends here may be one for which this task waits
 *
 * The task that submits a write waits for it: one of user space or of io_uring, and never a
 * kworker, which completes the writes of others.
 *
 * Context: any, also inside a probe handler.
 */
static __always_inline bool diolate_in_submitter(void)
{
	return diolate_in_task() && !(current->flags & PF_WQ_WORKER);
}

#endif
