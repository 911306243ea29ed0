/* SPDX-License-Identifier: GPL-2.0-only */
/* The bios of the page cache. */
#ifndef DIOLATE_ENTRY_CACHE_BIOS_H
#define DIOLATE_ENTRY_CACHE_BIOS_H

#include <linux/types.h>

struct bio;

void diolate_cache_bios_sent(struct bio *bio, bool writes);

#endif
