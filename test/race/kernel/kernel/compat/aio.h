/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/aio.h: what the race has of an mm. */
#pragma once
#include <linux/bitops.h>
#include <linux/fs.h>

#define MMF_MULTIPROCESS 26

struct mm_struct {
	const void *contexts;
	unsigned long flags;
};

#define diolate_mm_contexts(mm) (&(mm)->contexts)
#define diolate_mm_flags(mm) (&(mm)->flags)
