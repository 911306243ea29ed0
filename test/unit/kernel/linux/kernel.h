/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <stdarg.h>
#include <stdio.h>

#define __printf(a, b) __attribute__((__format__(__printf__, a, b)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define max_t(type, a, b) max((type)(a), (type)(b))
