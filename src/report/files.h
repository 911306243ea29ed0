/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of late errors by file.
 */
#ifndef DIOLATE_REPORT_FILES_H
#define DIOLATE_REPORT_FILES_H

struct diolate_record;
struct seq_file;

int diolate_files_init(void);
void diolate_files_exit(void);
void diolate_files_add(const struct diolate_record *r);
int diolate_files_show(struct seq_file *m);

#endif
