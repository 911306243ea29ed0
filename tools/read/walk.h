/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of the files that arguments mean: of a directory, those in it or below it.
 */
#ifndef DIOLATE_READ_WALK_H
#define DIOLATE_READ_WALK_H

#include <stdbool.h>
#include <stddef.h>

enum walk_depth {
	WALK_NOT,	/* an argument is a name, whatever it is of */
	WALK_IN,	/* of a directory, the regular files in it */
	WALK_BELOW,	/* and those of the directories below it */
};

/* Names, one behind the other, each with its NUL. */
struct walk {
	size_t count;
	/* Directories and arguments that could not be looked into. */
	size_t missed;
	size_t size;
	char *text;
};

/*
 * Each argument that is no directory, and of those that are the regular files; symbolic links are followed only if
 * they are arguments. `cannot` is called for each that is missed. 0, or -errno if the names are not known; to be
 * freed in any case.
 */
int walk_files(struct walk *walk, char **arguments, enum walk_depth depth, bool one_file_system,
	       void (*cannot)(const char *path, int error));
void walk_free(struct walk *walk);

/* The next name; NULL for `name` is before the first. NULL if there is none. */
const char *walk_next(const struct walk *walk, const char *name);

#endif
