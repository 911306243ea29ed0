/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel begins to invalidate the page cache for a direct write.
 */
#ifndef DIOLATE_ENTRY_INVALIDATION_H
#define DIOLATE_ENTRY_INVALIDATION_H

#include <linux/kprobes.h>

#include "kernel/hook.h"

DIOLATE_DECLARE_HOOKED(diolate_invalidation_enter_invalidate);
DIOLATE_DECLARE_HOOKED(diolate_invalidation_enter_iomap_complete);
int diolate_invalidation_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs);
int diolate_invalidation_enter_direct_write(struct kretprobe_instance *ri, struct pt_regs *regs);
void diolate_invalidation_completes(const unsigned long *dio);

#endif
