/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outcome of a late write, and what its consumer is told.
 */
#ifndef DIOLATE_OUTCOME_TELL_H
#define DIOLATE_OUTCOME_TELL_H

#include "write/waiting.h"

struct kiocb;

void diolate_tell_settled(struct kiocb *iocb, enum diolate_outcome outcome,
			  enum diolate_reason reason, long ret);
long diolate_tell_waiting_slow(struct diolate_waiting *w, struct kiocb *iocb, long ret);
long diolate_tell_overtaken(struct kiocb *iocb, long ret, unsigned long ip);
void diolate_tell_give_up(struct diolate_waiting *w);

#endif
