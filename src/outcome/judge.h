/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a direct write was overtaken.
 */
#ifndef DIOLATE_OUTCOME_JUDGE_H
#define DIOLATE_OUTCOME_JUDGE_H

#include "flight/flight.h"

struct file;
struct iomap_dio_ops;
struct kiocb;

u32 diolate_judge_owner(const struct file *file);
void diolate_judge_begins_slow(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops,
			       bool (*sees)(void));
bool diolate_judge_leaves(struct kiocb *iocb, size_t length);
bool diolate_judge_answered(struct kiocb *iocb, long ret, struct diolate_flown *flown);
bool diolate_judge_passing(struct kiocb *iocb, size_t length, bool mapped,
			   struct diolate_flown *flown);
void diolate_judge_left(const struct diolate_flown *flown);
enum diolate_verdict diolate_judge_now(const struct kiocb *iocb, struct address_space *mapping,
				       const struct diolate_part *part);
enum diolate_verdict diolate_judge_so_far(const struct kiocb *iocb, struct address_space *mapping,
					  const struct diolate_part *part);

#endif
