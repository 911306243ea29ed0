/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include_next <linux/hash.h>
/* include/linux/hash.h, hash_32(), 5.10 to 7.3. */
#define hash_32(value, bits) ((uint32_t)((uint32_t)(value) * 0x61C88647u) >> (32 - (bits)))
