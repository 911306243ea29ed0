/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the path of a log record is in this mount namespace. Pure but for memory.
 */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct mounts {
	size_t count;
	struct mount {
		unsigned int major, minor;
		/* Unescaped: what of the file system is mounted, where, its type, of what. Escaped: the super block's options. */
		char *root, *point, *type, *source, *options;
	} *mount;
};

/* One line of /proc/PID/mountinfo; false if it is none, or there is no memory. */
bool mounts_add(struct mounts *mounts, char *line);
void mounts_free(struct mounts *mounts);

/*
 * The name of a file, given by its path from the root of the file system; NULL if it is not to be
 * seen here. To be freed. Of several the one that shows the whole file system, at the shortest
 * place; what is mounted below may hide it all the same.
 */
char *mounts_file(const struct mounts *mounts, unsigned int major, unsigned int minor,
		  const char *path);

/* The options of the file system; "" if it is not mounted here. */
const char *mounts_options(const struct mounts *mounts, unsigned int major, unsigned int minor);

#endif
