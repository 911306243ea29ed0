/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DIOLATE_MODEL_PART_H
#define DIOLATE_MODEL_PART_H

#include <linux/types.h>

/**
 * struct diolate_part - a part of a file
 * @start: the offset of its first byte
 * @end:   the offset behind its last byte
 */
struct diolate_part {
	loff_t start, end;
};

#endif
