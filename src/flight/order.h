/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which order chunks of files were written back.
 */
#ifndef DIOLATE_FLIGHT_ORDER_H
#define DIOLATE_FLIGHT_ORDER_H

#include <linux/atomic.h>
#include <linux/types.h>

struct address_space;

extern atomic64_t diolate_order_number;

/**
 * diolate_order_now() - the number of the last note
 *
 * Context: any, also inside a probe handler.
 * Return: the number, for diolate_order_written_back().
 */
static __always_inline s64 diolate_order_now(void)
{
	return atomic64_read(&diolate_order_number);
}

s64 diolate_order_next(void);
s64 diolate_order_note(const struct address_space *mapping, pgoff_t first, pgoff_t last);
bool diolate_order_written_back(const struct address_space *mapping, pgoff_t first, pgoff_t last,
				s64 since);

#endif
