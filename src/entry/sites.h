/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probe sites.
 */
#ifndef DIOLATE_ENTRY_SITES_H
#define DIOLATE_ENTRY_SITES_H

#include <linux/types.h>

struct seq_file;

int diolate_sites_arm(void);
void diolate_sites_disarm(void);
unsigned long diolate_sites_missed(void);
void diolate_sites_show(struct seq_file *m, bool off);

#endif
