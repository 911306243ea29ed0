/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of the writes of selftest, a row for each way in which they were made. */
#ifndef DIOLATE_SHOW_ROWS_H
#define DIOLATE_SHOW_ROWS_H

#include <stddef.h>

#include "collide/trial.h"
#include "show/json.h"

/* "libaio", "libaio, overtaken" */
const char *row_name(const struct row *row);
const char *row_verdict(const struct row *row);

void rows_print(const struct row *rows, size_t count);
struct json_object *rows_json(const struct row *rows, size_t count);

/* On stderr, if that is a terminal; and away with it. */
void row_progress(const struct row *row);
void row_progress_end(void);

#endif
