/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include_next <linux/mm.h>
#include <linux/bitops.h>
#include <linux/preempt.h>
#include <linux/slab.h>
