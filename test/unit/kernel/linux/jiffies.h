/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define HZ 100

/* The test says what time it is. */
extern unsigned long jiffies;
