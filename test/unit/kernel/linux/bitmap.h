/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#define BITS_PER_LONG 64
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG]

static inline bool test_bit(unsigned int bit, const unsigned long *map)
{
	return map[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	for (; n--; start++)
		map[start / BITS_PER_LONG] |= 1ul << start % BITS_PER_LONG;
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	for (; n--; start++)
		map[start / BITS_PER_LONG] &= ~(1ul << start % BITS_PER_LONG);
}

static inline void bitmap_fill(unsigned long *map, unsigned int bits)
{
	bitmap_set(map, 0, bits);
}

static inline void bitmap_zero(unsigned long *map, unsigned int bits)
{
	bitmap_clear(map, 0, bits);
}

static inline void bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
			      unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits / BITS_PER_LONG; i++)
		to[i] = a[i] & b[i];
}

static inline void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b,
			      unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits / BITS_PER_LONG; i++)
		to[i] = a[i] | b[i];
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long end,
					  unsigned long bit)
{
	while (bit < end && !test_bit(bit, map))
		bit++;
	return bit;
}

static inline unsigned long find_next_zero_bit(const unsigned long *map, unsigned long end,
					       unsigned long bit)
{
	while (bit < end && test_bit(bit, map))
		bit++;
	return bit;
}
