/* SPDX-License-Identifier: GPL-2.0-only */
#define HZ 100

/* The test says what time it is. */
extern unsigned long jiffies;
