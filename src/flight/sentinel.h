/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes of folios written back before direct writes were followed.
 */
#ifndef DIOLATE_FLIGHT_SENTINEL_H
#define DIOLATE_FLIGHT_SENTINEL_H

#include "flight/flight.h"
#include "kernel/compat/folio.h"

struct address_space;

void diolate_sentinel_note(struct folio *folio, const struct address_space *mapping, s64 number);
enum diolate_verdict diolate_sentinel_judge(const struct address_space *mapping,
					    const struct diolate_part *part, s64 before,
					    u64 *dirtied);
bool diolate_sentinel_release(bool all);
bool diolate_sentinel_was_needed(void);
void diolate_sentinel_begin(void);

#endif
