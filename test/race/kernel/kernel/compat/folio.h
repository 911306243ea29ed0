/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/folio.h: a folio is a page, and the race says who locks and who keeps it. */
#pragma once
#include <limits.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

struct folio {
	struct address_space *mapping;
	loff_t pos;
	/* Of the race. */
	int references;
	bool locked;
	struct race_order order;
};

bool folio_trylock(struct folio *folio);
void folio_unlock(struct folio *folio);
void folio_get(struct folio *folio);
void folio_put(struct folio *folio);

#define folio_pos(folio) ((folio)->pos)
#define folio_size(folio) ((void)(folio), PAGE_SIZE)
#define diolate_file_of(folio) READ_ONCE((folio)->mapping)
