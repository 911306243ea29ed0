/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a file system says of a direct write at its end.
 */
#ifndef DIOLATE_ENTRY_ENDS_H
#define DIOLATE_ENTRY_ENDS_H

struct seq_file;

int diolate_ends_init(void);
void diolate_ends_exit(void);
void diolate_ends_arm(void);
void diolate_ends_disarm(void);
void diolate_ends_show(struct seq_file *m);

#endif
