/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/* include/linux/hash.h, hash_64(), 5.10 to 7.3. */
#define GOLDEN_RATIO_64 0x61C8864680B583EBull
#define hash_64(value, bits) ((unsigned int)((uint64_t)(value) * GOLDEN_RATIO_64 >> (64 - (bits))))
#define hash_ptr(ptr, bits) hash_64((uintptr_t)(ptr), bits)
