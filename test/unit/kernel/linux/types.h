/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/*
 * What src/write/waiting.c, src/flight/flight.c and src/kernel/btf.c use of the kernel, in user space:
 * this and the headers beside it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint64_t u64;
typedef int64_t s64;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint16_t u16;
typedef uint8_t u8;
typedef unsigned long pgoff_t;

#define U32_MAX UINT32_MAX
