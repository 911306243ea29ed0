/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define HZ 100

/* The test says what time it is. */
extern unsigned long jiffies;
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define time_after(a, b) time_before(b, a)
