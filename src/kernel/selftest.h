/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proof that probes work, at load time and later.
 */
#ifndef DIOLATE_KERNEL_SELFTEST_H
#define DIOLATE_KERNEL_SELFTEST_H

#include <linux/types.h>

int diolate_selftest_init(void);
void diolate_selftest_exit(void);
bool diolate_selftest_off(void);

#endif
