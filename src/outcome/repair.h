/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the page cache right.
 */
#ifndef DIOLATE_OUTCOME_REPAIR_H
#define DIOLATE_OUTCOME_REPAIR_H

#include "model/part.h"
#include "model/policy.h"
#include "write/invalidation.h"

struct address_space;
struct inode;
struct kiocb;

enum diolate_reason diolate_repair_refuses(const struct diolate_invalidation *inv);
enum diolate_reason diolate_repair(const struct kiocb *iocb, struct address_space *mapping,
				   const struct diolate_part *part);
void diolate_repair_record(struct inode *inode, const char *why);

#endif
