/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>
#define HZ 100

/* The race says what time it is. */
extern unsigned long race_jiffies;
#define jiffies READ_ONCE(race_jiffies)
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define time_after(a, b) time_before(b, a)
#define time_after_eq(a, b) (!time_before(a, b))
