/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes that have a file in a way that can be part in a collision. */
#ifndef DIOLATE_SHOW_USERS_H
#define DIOLATE_SHOW_USERS_H

#include "read/mounts.h"
#include "read/named.h"
#include "read/used.h"
#include "show/json.h"

/* A file, what the log says of it, and of a block device the mount of the file system on it, if there is one. */
struct users_shown {
	const struct used_file *file;
	const struct named_list *named;
	const struct mount *mount;
	/* One that is mounted, but not here, as in another namespace; or by another device of the same. */
	bool is_mounted_elsewhere;
};

/* A file system that is mounted on a block device writes it by the page cache, too, or may. */
bool users_can_collide(const struct users_shown *shown);

/* A table of the processes, if there are any. */
void users_print(const struct users_shown *shown);
/* What it comes to, in a sentence; and who has it no more. */
void users_print_result(const struct users_shown *shown);

/* `files` are those that were looked for with it. */
struct json_object *users_json(const struct users_shown *shown, const struct used_files *files);
/* How many processes could not be looked at. */
struct json_object *users_hidden_json(const struct used_files *files);

#endif
