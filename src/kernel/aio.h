/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who submitted a libaio write.
 */
#ifndef DIOLATE_KERNEL_AIO_H
#define DIOLATE_KERNEL_AIO_H

#include <linux/types.h>

struct kiocb;
struct task_struct;

struct task_struct *diolate_aio_process(const struct kiocb *iocb);
bool diolate_aio_is_mine(const struct kiocb *iocb);

#endif
