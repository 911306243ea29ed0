/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request of an io_uring write.
 */
#ifndef DIOLATE_KERNEL_URING_H
#define DIOLATE_KERNEL_URING_H

#include <linux/types.h>

struct kiocb;
struct task_struct;

struct task_struct *diolate_uring_task(struct kiocb *iocb);
void diolate_uring_fail(struct kiocb *iocb);
bool diolate_uring_is_short(const struct kiocb *iocb, size_t length);

#endif
