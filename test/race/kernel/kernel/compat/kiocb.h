/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/kiocb.h, which has io_uring's. */
#pragma once
#include <linux/fs.h>

typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

#define DIOLATE_POLLED_FAILS true
