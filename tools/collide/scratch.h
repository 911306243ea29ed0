/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file of no name, to collide on: nothing of it is left when it is closed, whoever ends the process.
 */
#ifndef DIOLATE_COLLIDE_SCRATCH_H
#define DIOLATE_COLLIDE_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where a byte is stored: one page in each quarter of the file. */
#define SCRATCH_PLACES 4

struct scratch {
	/* Open with O_DIRECT. */
	int fd;
	/* Of the file, and of each write over it. */
	size_t length, page;
	/* All of it, shared and writable. */
	char *map;
	/* What is written next, and room to read it back. */
	char *data, *disk;
	/* What the newest write has in each byte. */
	char letter;
	/* Why it could not be made; goes on after the directory's name. */
	char why[256];
};

/* False, and why. To be closed in either case. */
bool scratch_open(struct scratch *scratch, const char *directory);
void scratch_close(struct scratch *scratch);

/* Where a byte is stored: the first of that page of the file. */
off_t scratch_place(const struct scratch *scratch, unsigned int place);

/*
 * All is on the disk, the places are cached and clean, and the data to be written next is other than all
 * before. 0 or -errno.
 */
int scratch_prepare(struct scratch *scratch);

/* Whether the page of that place is cached. */
bool scratch_is_cached(const struct scratch *scratch, unsigned int place);

/* Stores one byte there, through the mapping; false if the page could not be had. */
bool scratch_store(const struct scratch *scratch, unsigned int place);

/* Bytes that are not those of the newest write, where the places are cached; what was stored is not counted. */
uint64_t scratch_stale(const struct scratch *scratch);

/* The same of all the disk has, when all is written: or -errno. */
int64_t scratch_undone(const struct scratch *scratch);

#endif
