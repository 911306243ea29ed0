/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions through which a consumer receives the result of a write.
 */
#ifndef DIOLATE_WRITE_RECEIVERS_H
#define DIOLATE_WRITE_RECEIVERS_H

#include "kernel/compat/kiocb.h"
#include "kernel/hook.h"
#include "model/policy.h"

struct seq_file;

int diolate_receivers_init(int (*recognises)(diolate_complete_fn complete));
enum diolate_consumer diolate_receivers_consumer_of(diolate_complete_fn complete);
bool diolate_receivers_poll(const struct kiocb *iocb);
bool diolate_receivers_waited_for(unsigned long ip);
bool diolate_receivers_come_again(unsigned long ip, const struct kiocb *iocb);
bool diolate_receivers_tell_waited_for(void);
bool diolate_receivers_see_answer(struct kiocb *iocb);
int diolate_receivers_follow(struct diolate_hook *hook);
void diolate_receivers_show(struct seq_file *m, bool tells, bool failed);

#endif
