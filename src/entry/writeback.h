/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writeback is followed.
 */
#ifndef DIOLATE_ENTRY_WRITEBACK_H
#define DIOLATE_ENTRY_WRITEBACK_H

struct seq_file;

void diolate_writeback_follow(void);
void diolate_writeback_no_more(void);
int diolate_writeback_require(void);
void diolate_writeback_show(struct seq_file *m);

#endif
