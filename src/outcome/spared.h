/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a write has lost nothing, although its post-write invalidation failed.
 */
#ifndef DIOLATE_OUTCOME_SPARED_H
#define DIOLATE_OUTCOME_SPARED_H

#include <linux/ktime.h>

#include "kernel/compat/folio.h"
#include "model/part.h"
#include "model/policy.h"

struct address_space;
struct kiocb;

bool diolate_spared_is_open(struct address_space *mapping, const struct diolate_part *part);
bool diolate_spared_lock(struct folio *folio, ktime_t deadline);
enum diolate_outcome diolate_spared_look(const struct kiocb *iocb, struct address_space *mapping,
					 const struct diolate_part *part,
					 enum diolate_reason *reason);

#endif
