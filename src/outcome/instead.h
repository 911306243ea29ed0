/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in the place of the kernel's own record of a late error.
 */
#ifndef DIOLATE_OUTCOME_INSTEAD_H
#define DIOLATE_OUTCOME_INSTEAD_H

#include <linux/types.h>

struct diolate_invalidation;
struct file;

int diolate_instead_init(void);
void diolate_instead_exit(void);
bool diolate_instead_waits(const struct diolate_invalidation *inv);
void diolate_instead_run(struct file *filp);
void diolate_instead_wait(void);

#endif
