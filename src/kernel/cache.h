/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions about the page cache.
 */
#ifndef DIOLATE_KERNEL_CACHE_H
#define DIOLATE_KERNEL_CACHE_H

#include <linux/types.h>

#include "model/part.h"

struct address_space;

bool diolate_cache_is_empty(const struct address_space *mapping);
bool diolate_cache_pages(struct address_space *mapping, const struct diolate_part *part,
			 unsigned long *pages);
const void *diolate_cache_at(struct address_space *mapping, pgoff_t index, bool *renewed);

#endif
