/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/fs.h>

struct iomap_dio_ops {
	int (*end_io)(struct kiocb *iocb, ssize_t size, int error, unsigned int flags);
};
