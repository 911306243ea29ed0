/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/time.h>
#include <linux/types.h>

u64 ktime_get_mono_fast_ns(void);
