/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines that name files, for who must not know the names. */
#ifndef DIOLATE_SHOW_ANONYMOUS_H
#define DIOLATE_SHOW_ANONYMOUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "read/mounts.h"

/* The names that were met: each is the same file-N wherever it stands. */
struct anonymous {
	/* Leaves all as it is. */
	bool names;
	const struct mounts *mounts;
	size_t count, size;
	/* One behind the other, each with its NUL. */
	FILE *out;
	char *text;
};

void anonymous_free(struct anonymous *anonymous);

/* A line of the module's log or files, which is cut up; printable, with its end. */
void anonymous_record(struct anonymous *anonymous, char *line, FILE *out);
/* A line of the kernel's log that kmsg_is_ours(). */
void anonymous_kmsg(struct anonymous *anonymous, const char *text, FILE *out);
/* The options of a mount, of which those with a path are left out. */
void anonymous_options(struct anonymous *anonymous, const char *options, FILE *out);

#endif
