/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The private structure of a direct write of iomap, struct iomap_dio (fs/iomap/direct-io.c).
 */
#ifndef DIOLATE_WRITE_IOMAP_DIO_H
#define DIOLATE_WRITE_IOMAP_DIO_H

#include <linux/compiler.h>

#include "kernel/layout.h"
#include "write/invalidation.h"

struct kiocb *diolate_iomap_dio_kiocb_slow(const void *dio);
size_t diolate_iomap_dio_written(const void *dio);
bool diolate_iomap_dio_is_late(const void *dio);
bool diolate_iomap_dio_measure(struct diolate_invalidation *inv);

/**
 * diolate_iomap_dio_kiocb() - the kiocb of a struct iomap_dio
 * @dio: the struct iomap_dio, which is in use
 *
 * Context: any, also inside a probe handler.
 * Return: the kiocb; NULL if it is not certain where the structure has it.
 */
static __always_inline struct kiocb *diolate_iomap_dio_kiocb(const void *dio)
{
	if (likely(diolate_layout_is_proved(READ_ONCE(diolate_layout.iomap))))
		return *(struct kiocb **)(dio + diolate_layout.iomap_iocb);
	return diolate_iomap_dio_kiocb_slow(dio);
}

#endif
