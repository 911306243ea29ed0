/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#include <stdlib.h>
#define GFP_KERNEL 0

/* The test may say that there is no memory. */
bool __attribute__((weak)) kvcalloc_fails;

#define kvcalloc(n, size, flags) (kvcalloc_fails ? NULL : calloc(n, size))
#define kvfree(p) free(p)
