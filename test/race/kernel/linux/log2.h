/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
#define roundup_pow_of_two(n) (1u << ((n) > 1 ? 32 - __builtin_clz((n) - 1) : 0))
