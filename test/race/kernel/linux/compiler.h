/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "race.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#undef noinline
#define noinline __attribute__((__noinline__))
#define notrace
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
