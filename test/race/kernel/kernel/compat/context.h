/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/context.h, which has registers. */
#pragma once
#include <linux/compiler.h>

#define diolate_in_task() (!race_is_irq())
#define diolate_in_submitter() (diolate_in_task() && !(current->flags & PF_WQ_WORKER))
#define hardirq_count() race_is_irq()
