/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct writes and writeback are followed on their way to the device.
 */
#ifndef DIOLATE_ENTRY_BIOS_H
#define DIOLATE_ENTRY_BIOS_H

struct seq_file;

void diolate_bios_init(void);
int diolate_bios_arm(void);
void diolate_bios_disarm(void);
void diolate_bios_show(struct seq_file *m);

#endif
