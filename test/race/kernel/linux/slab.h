/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include_next <linux/slab.h>
#include <linux/kernel.h>

#undef kvcalloc
#undef kvfree
#define kvcalloc(n, size, flags) race_calloc(n, size)
#define kvfree(p) race_free(p)
