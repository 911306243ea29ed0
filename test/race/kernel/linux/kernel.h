/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include_next <linux/kernel.h>
#include <errno.h>
#include <string.h>
#include <linux/printk.h>

/* The kernel has its own printf() for u64. */
#define max3(a, b, c) ({ long long a_ = (a), b_ = (b), c_ = (c); max(max(a_, b_), c_); })
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define vscnprintf(to, size, format, args) \
	({ int n_ = vsnprintf(to, size, format, args); n_ < (int)(size) ? n_ : (int)(size) - 1; })
