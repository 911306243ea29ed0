/* SPDX-License-Identifier: GPL-2.0-only */
/* A late error: a line of `log` or `files`. */
#ifndef DIOLATE_SHOW_RECORD_H
#define DIOLATE_SHOW_RECORD_H

#include "read/mounts.h"
#include "read/parse.h"
#include "show/terminal.h"

struct json_object;

/* An object with the names of the log, and `file`, the path with its mount point, or null. */
struct json_object *record_json(const struct fields *fields, const struct mounts *mounts);
/* The path with its mount point, as it is; NULL if it is not known. To be freed. */
char *record_whole_name(const struct fields *fields, const struct mounts *mounts);
/* A name for people: with the mount point if there is one, printable. To be freed. */
char *record_file(const struct fields *fields, const struct mounts *mounts);
/*
 * The write, who made it and what befell it if that is not in columns, who was in its way, and why nobody could be
 * told. To be freed.
 */
char *record_in_words(const struct fields *fields, bool in_columns);
enum colour record_colour(const char *outcome);
/* The value of a field, `-` if there is none. */
const char *record_or_dash(const char *value);
/* One line for people about one late error. */
void record_print(const struct fields *fields, const struct mounts *mounts);
/* For people: a name that the log escapes, and a process by that and its number. NULL if all is; to be freed. */
char *record_name(const char *comm);
char *record_process(const char *comm, const char *pid);
/* By what a page became dirty, for people; NULL if it is not known. */
const char *record_by(const char *by);
/* A name that the log escapes, or NULL, as json_add_name() does. */
void record_add_name(struct json_object *object, const char *key, const char *value);

/* The mounts of now; never fails, but may be empty. */
struct mounts current_mounts(void);

#endif
