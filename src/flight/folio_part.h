/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which part of a folio is written back, or is dirty.
 */
#ifndef DIOLATE_FLIGHT_FOLIO_PART_H
#define DIOLATE_FLIGHT_FOLIO_PART_H

#include <linux/bitmap.h>

#include "kernel/compat/folio.h"
#include "model/part.h"

/** enum diolate_written_kind - what is known of the written part of a folio */
enum diolate_written_kind {
	DIOLATE_WRITTEN,	/* the only block, or exactly the dirtied blocks */
	DIOLATE_WRITTEN_WHOLE,	/* all blocks, whichever were dirtied */
	DIOLATE_WRITTEN_PERHAPS,	/* perhaps not all of the noted part */
};

/* A folio has so many units at the most. */
#define DIOLATE_WRITTEN_UNITS 512

/**
 * struct diolate_written - what is written back of a folio
 * @part:      bytes of the file: the folio, up to the last block of the file
 * @kind:      what is known of the written part
 * @blocks:    how many blocks are written; 0 if all, or unknown
 * @unit_bits: log2 of the bytes of a unit, which is a block unless there are too many
 * @units:     units with a written block; valid if @blocks is not 0
 */
struct diolate_written {
	struct diolate_part part;
	enum diolate_written_kind kind;
	unsigned int blocks;
	unsigned int unit_bits;
	DECLARE_BITMAP(units, DIOLATE_WRITTEN_UNITS);
};

/** enum diolate_dirt - whether a folio is dirty within a part of its file */
enum diolate_dirt {
	DIOLATE_CLEAN,
	DIOLATE_DIRTY_PERHAPS,
	DIOLATE_DIRTY,
};

/* The offset behind a folio; LLONG_MAX for the last page of the longest file. */
static inline loff_t diolate_folio_part_end(struct folio *folio)
{
	loff_t last = folio_pos(folio) + (folio_size(folio) - 1);

	return last == LLONG_MAX ? last : last + 1;
}

enum diolate_dirt diolate_folio_part_dirty(struct folio *folio, const struct diolate_part *part);
void diolate_folio_part_written(struct folio *folio, struct diolate_written *w);
bool diolate_folio_part_meets(const struct diolate_written *w, const struct diolate_part *part);
void diolate_folio_part_init(void);

#endif
