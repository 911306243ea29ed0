/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>

/* Memory that was freed can be read here, too. */
#define get_kernel_nofault(value, address) ((value) = READ_ONCE(*(address)), 0)
