/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DIOLATE_ENTRY_DIRTIES_H
#define DIOLATE_ENTRY_DIRTIES_H

struct seq_file;

int diolate_dirties_follow(void);
void diolate_dirties_no_more(void);
void diolate_dirties_show(struct seq_file *m);

#endif
