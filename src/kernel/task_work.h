/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a task does when it returns to user space.
 */
#ifndef DIOLATE_KERNEL_TASK_WORK_H
#define DIOLATE_KERNEL_TASK_WORK_H

#include <linux/types.h>

int diolate_task_work_init(void);
int diolate_task_work_add(struct callback_head *work);

#endif
