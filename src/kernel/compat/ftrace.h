/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers that ftrace passes to a handler, and the argument that a handler can change.
 */
#ifndef DIOLATE_KERNEL_COMPAT_FTRACE_H
#define DIOLATE_KERNEL_COMPAT_FTRACE_H

#include <linux/build_bug.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "kernel/compat/version.h"

/*
 * An ftrace_ops follows the entry of kernel functions, or replaces them as a live patch does. Its
 * callback gets a struct ftrace_regs since 5.11 (commit d19ad0775dcd, "ftrace: Have the callbacks
 * receive a struct ftrace_regs instead of pt_regs"), with accessors for the arguments since 6.2
 * (commit 94d095ffa0e1, "ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses"). On x86 struct
 * ftrace_regs has the arguments and the instruction pointer since 5.11 (commit 02a474ca266a,
 * "ftrace/x86: Allow for arguments to be passed in to ftrace_regs by default"). Saving all
 * registers takes about twice as many instructions as saving the arguments.
 */
#ifdef DIOLATE_HAS_FTRACE_REGS
#define diolate_ftrace_regs ftrace_regs
struct ftrace_regs;
#else
#define diolate_ftrace_regs pt_regs
#endif

/* DIOLATE_WITHOUT_FTRACE: as if this kernel's ftrace could not do it (test/lint). */
#ifdef DIOLATE_WITHOUT_FTRACE
#define DIOLATE_HAS_FTRACE 0
#elif defined(DIOLATE_HAS_FTRACE_REGS_ARGUMENT) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_SAVE 0
#define diolate_ftrace_argument ftrace_regs_get_argument
#define diolate_ftrace_redirect ftrace_regs_set_instruction_pointer
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && \
	(!defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) || defined(DIOLATE_HAS_FTRACE_REGS_REGS))
#define DIOLATE_HAS_FTRACE 1
#if defined(DIOLATE_HAS_FTRACE_REGS) && defined(CONFIG_X86_64) && \
	defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define DIOLATE_SAVE 0
#else
#define DIOLATE_SAVE FTRACE_OPS_FL_SAVE_REGS
#endif

#define DIOLATE_SAVED_REGS

static __always_inline struct pt_regs *diolate_saved_regs(struct diolate_ftrace_regs *regs)
{
#ifndef DIOLATE_HAS_FTRACE_REGS
	return regs;
#elif defined(CONFIG_X86_64)
	/* ftrace_get_regs() returns NULL if ftrace saved the arguments only. */
	return &regs->regs;
#else
	return ftrace_get_regs(regs);
#endif
}

static __always_inline unsigned long diolate_ftrace_argument(struct diolate_ftrace_regs *regs,
							     unsigned int n)
{
	return regs_get_kernel_argument(diolate_saved_regs(regs), n);
}

static __always_inline void diolate_ftrace_redirect(struct diolate_ftrace_regs *regs,
						    unsigned long to)
{
	instruction_pointer_set(diolate_saved_regs(regs), to);
}
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#error "diolate does not know this kernel's ftrace_regs_get_argument() (asm/ftrace.h)"
#else
#define DIOLATE_HAS_FTRACE 0
#endif

#if DIOLATE_HAS_FTRACE
typedef void (*diolate_ftrace_fn)(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops, struct diolate_ftrace_regs *regs);

static_assert(__builtin_types_compatible_p(ftrace_func_t, diolate_ftrace_fn),
	      "diolate does not know this kernel's ftrace_func_t (ftrace.h)");
#endif

/* On 5.10 whoever needs no help against recursion says so, since 5.11 whoever needs it does. */
#if defined(DIOLATE_HAS_FTRACE_RECURSION)
#define DIOLATE_NOT_RECURSIVE 0
#elif defined(DIOLATE_HAS_FTRACE_RECURSION_SAFE)
#define DIOLATE_NOT_RECURSIVE FTRACE_OPS_FL_RECURSION_SAFE
#else
#error "diolate does not know this kernel's FTRACE_OPS_FL_RECURSION (linux/ftrace.h)"
#endif

/*
 * Every ftrace_ops of this module is PERMANENT: while one is registered, nobody can switch ftrace
 * off (kernel/trace/ftrace.c, ftrace_enable_sysctl(), 5.10 to 6.12; on 7.3 nobody ever can).
 * Otherwise a late error could be seen without the beginning of its invalidation, and be taken for
 * that of another write.
 */
#define DIOLATE_FOLLOW_FLAGS \
	(FTRACE_OPS_FL_PERMANENT | DIOLATE_NOT_RECURSIVE | DIOLATE_SAVE)
#define DIOLATE_REPLACE_FLAGS (DIOLATE_FOLLOW_FLAGS | FTRACE_OPS_FL_IPMODIFY)

/*
 * A handler can change the second argument of a function at its entry: the trampoline of ftrace
 * restores the arguments from where it saved them, whether it saves the other registers or not
 * (arch/x86/kernel/ftrace_64.S, restore_mcount_regs; arch/arm64/kernel/entry-ftrace.S; 5.10 to
 * 7.3). From 6.13 on arch_ftrace_regs() reaches the saved arguments.
 */
#if DIOLATE_HAS_FTRACE && (defined(CONFIG_X86_64) || defined(CONFIG_ARM64))
#define DIOLATE_CHANGES_ARGUMENT 1

static __always_inline void diolate_ftrace_change(struct diolate_ftrace_regs *regs,
						  unsigned long value)
{
#if defined(arch_ftrace_regs) && defined(CONFIG_X86_64)
	arch_ftrace_regs(regs)->regs.si = value;
#elif defined(arch_ftrace_regs)
	arch_ftrace_regs(regs)->regs[1] = value;
#elif defined(DIOLATE_SAVED_REGS) && defined(CONFIG_X86_64)
	diolate_saved_regs(regs)->si = value;
#elif defined(DIOLATE_SAVED_REGS)
	diolate_saved_regs(regs)->regs[1] = value;
#elif defined(CONFIG_X86_64)
	regs->regs.si = value;
#else
	regs->regs[1] = value;
#endif
}
#else
#define DIOLATE_CHANGES_ARGUMENT 0
#endif

#if DIOLATE_HAS_FTRACE
/*
 * Have an ftrace_ops follow the function at an address, alone or beside those it follows already.
 * The name would also match a function of a module. Before 5.18 the address must be that of the
 * call of ftrace inside the function, and only x86 has that call at the very beginning (commit
 * aebfd12521d9, "x86/ibt,ftrace: Search for __fentry__ location"); such a kernel refuses another
 * address (ftrace_match_addr(), kernel/trace/ftrace.c, 5.10).
 */
static inline int diolate_ftrace_filter(struct ftrace_ops *ops, const char *symbol,
					unsigned long address, bool alone)
{
	int err = ftrace_set_filter_ip(ops, address, 0, alone);

	if (err == -EINVAL && !IS_ENABLED(CONFIG_X86_64))
		err = ftrace_set_filter(ops, (char *)symbol, strlen(symbol), alone);
	return err;
}

/*
 * Free the list of functions of an ftrace_ops that is not registered. ftrace_set_filter() makes a
 * list first, for which there may be no memory (ftrace_set_hash(), kernel/trace/ftrace.c, 5.10 to
 * 7.3). Then ftrace_free_filter() frees it, which leaves the pointer (6.1 and 6.12). Where that is
 * not for modules (5.10) the list stays, and when the module goes it is lost.
 *
 * Context: process, sleeps.
 */
static inline void diolate_ftrace_clear(struct ftrace_ops *ops)
{
	if (ftrace_set_filter(ops, NULL, 0, 1) != -ENOMEM)
		return;
#ifdef DIOLATE_HAS_FREE_FILTER
	/* Of an ops whose registration was taken back the list may just be looked at. */
	synchronize_rcu();
	ftrace_free_filter(ops);
	RCU_INIT_POINTER(ops->local_hash.filter_hash, NULL);
	RCU_INIT_POINTER(ops->local_hash.notrace_hash, NULL);
#endif
}
#endif

/* Whether the module can follow bios to the device, and the results of writes. */
#define DIOLATE_FOLLOWS_BIOS \
	(DIOLATE_HAS_FTRACE && DIOLATE_CHANGES_ARGUMENT && IS_ENABLED(CONFIG_TRACEPOINTS))

#endif
