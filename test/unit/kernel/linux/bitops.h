/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>

#define BIT(bit) (1ul << (bit))
#define set_bit(bit, map) \
	((void)__atomic_fetch_or(&(map)[(bit) / 64], 1ul << (bit) % 64, __ATOMIC_RELAXED))
#define __set_bit(bit, map) ((void)((map)[(bit) / 64] |= 1ul << (bit) % 64))
#define __ffs(word) ((unsigned long)__builtin_ctzl(word))
#define ilog2(n) (31 - __builtin_clz(n))

static inline bool test_and_clear_bit(unsigned int bit, unsigned long *map)
{
	unsigned long mask = 1ul << bit % 64;

	return __atomic_fetch_and(&map[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask;
}
