/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/syscall.h, which has registers. */
#pragma once
#include <linux/kernel.h>

#define DIOLATE_SEES_CALLS 1
