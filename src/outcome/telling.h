/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When late errors can be told.
 */
#ifndef DIOLATE_OUTCOME_TELLING_H
#define DIOLATE_OUTCOME_TELLING_H

#include <linux/types.h>

struct diolate_hook;
struct seq_file;

void diolate_telling_init(struct diolate_hook *tells);
void diolate_telling_exit(void);
void diolate_telling_told(void);
bool diolate_telling_is_armed(void);
bool diolate_telling_judges(void);
void diolate_telling_call(void);
bool diolate_telling_wait(void);
int diolate_telling_hold(bool hold);
void diolate_telling_show(struct seq_file *m);

#endif
