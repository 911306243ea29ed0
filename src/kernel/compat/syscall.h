/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls that write to a file, by their numbers, and the registers of one that runs.
 */
#ifndef DIOLATE_KERNEL_COMPAT_SYSCALL_H
#define DIOLATE_KERNEL_COMPAT_SYSCALL_H

#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "kernel/compat/version.h"

/* The tasks that never return to user space. A user worker is one since 6.4 (PF_USER_WORKER). */
#ifdef PF_USER_WORKER
#define DIOLATE_OF_KERNEL (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER)
#else
#define DIOLATE_OF_KERNEL (PF_KTHREAD | PF_IO_WORKER)
#endif

/* The calls of programs of 32 bits, which x86-64 runs (arch/x86/include/asm/unistd.h). */
#if defined(CONFIG_X86_64) && defined(CONFIG_IA32_EMULATION) && defined(__NR_ia32_pwritev2)
#define DIOLATE_IA32
#endif

/*
 * Whether the current task is in a call of its own ABI, of 64 bits; the numbers of x32 have a bit
 * that those have not.
 */
static __always_inline bool diolate_is_native(void)
{
	return !in_compat_syscall();
}

/* Whether the current task is in a call of a program of 32 bits on x86-64. */
static __always_inline bool diolate_is_ia32(void)
{
#ifdef DIOLATE_IA32
	return in_ia32_syscall();
#else
	return false;
#endif
}

/* Whether diolate_call_runs() knows the architecture. */
#define DIOLATE_SEES_CALLS (IS_ENABLED(CONFIG_X86_64) || IS_ENABLED(CONFIG_ARM64))

/*
 * Whether the result of a call is not set yet. Until then x86 has -ENOSYS in its place
 * (arch/x86/entry/entry_64.S, entry_SYSCALL_64, 5.10 to 7.3), arm64 the first argument
 * (arch/arm64/kernel/syscall.c, invoke_syscall(), 7.3).
 */
static __always_inline bool diolate_call_runs(const struct pt_regs *regs)
{
#if defined(CONFIG_X86_64)
	return (long)regs->ax == -ENOSYS;
#elif defined(CONFIG_ARM64)
	return regs->syscallno != NO_SYSCALL && regs->regs[0] == regs->orig_x0;
#else
	return false;
#endif
}

#endif
