/* SPDX-License-Identifier: GPL-2.0-only */
/* A late error: a line of `log` or `files`. */
#ifndef DIOLATE_SHOW_RECORD_H
#define DIOLATE_SHOW_RECORD_H

#include "read/mounts.h"
#include "read/parse.h"

struct json_object;

/* An object with the names of the log, and `file`, the path with its mount point, or null. */
struct json_object *record_json(const struct fields *fields, const struct mounts *mounts);
/* A name for people: with the mount point if there is one, printable. To be freed. */
char *record_file(const struct fields *fields, const struct mounts *mounts);
/* One line for people about one late error. */
void record_print(const struct fields *fields, const struct mounts *mounts);

/* The mounts of now; never fails, but may be empty. */
struct mounts current_mounts(void);

#endif
