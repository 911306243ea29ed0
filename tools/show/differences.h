/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of comparing a file's page cache with the disk. */
#ifndef DIOLATE_SHOW_DIFFERENCES_H
#define DIOLATE_SHOW_DIFFERENCES_H

#include "read/compare.h"

/* `strict`: what is not written back yet is found as well. */
void differences_print(const struct compare *compare, bool strict);
void differences_print_json(const struct compare *compare);

/* On a terminal, how far it has come; `file` of `files`. */
void differences_progress(const struct compare *compare, bool done, size_t file, size_t files);

#endif
