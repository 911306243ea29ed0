/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log on a terminal: for each late error a line of at most 80 columns, and below it the file and the rest in
 * words.
 */
#ifndef DIOLATE_SHOW_COLUMNS_H
#define DIOLATE_SHOW_COLUMNS_H

#include "read/mounts.h"
#include "read/parse.h"

void columns_head(void);
void columns_print(const struct fields *fields, const struct mounts *mounts);
/* How many lines that takes. */
int columns_lines(const struct fields *fields, const struct mounts *mounts);

#endif
