/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * task_work_add(), which some kernels do not export.
 */
#ifndef DIOLATE_KERNEL_COMPAT_TASK_WORK_H
#define DIOLATE_KERNEL_COMPAT_TASK_WORK_H

#include <linux/compiler.h>
#include <linux/task_work.h>

/*
 * Exported in 5.10.262, and from 6.0 on. A weak symbol that nobody exports is NULL; the module is
 * loaded all the same (kernel/module/main.c, simplify_symbols()).
 */
extern typeof(task_work_add) task_work_add __weak;

/*
 * Whether a function that is not exported may be called by its address. With IBT its beginning may
 * have been sealed (tools/objtool/check.c, since 5.18), and with kCFI it may lack its type.
 */
#if defined(CONFIG_X86_KERNEL_IBT) || defined(CONFIG_CFI_CLANG) || defined(CONFIG_CFI)
#define DIOLATE_CALLS_BY_ADDRESS 0
#else
#define DIOLATE_CALLS_BY_ADDRESS 1
#endif

#endif
