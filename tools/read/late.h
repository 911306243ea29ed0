/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The late errors that the module has logged of one file.
 */
#ifndef DIOLATE_READ_LATE_H
#define DIOLATE_READ_LATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the log names a file. */
struct late_file {
	unsigned int major, minor;
	uint64_t inode;
	/* The mount's; "" if it is not known. */
	char fstype[16];
	/* By which a later file of the same number is another; "" if it is not asked for or not told. */
	char generation[12];
};

/* Of an open file; false if it cannot be looked at. */
bool late_file_of(int fd, struct late_file *file);
/* Asks for its generation as well. */
void late_generation_of(int fd, struct late_file *file);

struct fields;
/* Whether a line of the log is about it. */
bool late_is_of(const struct fields *fields, const struct late_file *file);

/* One record; what it does not say is "". */
struct late {
	char outcome[16], reason[24], kind[12], fstype[16];
};

/* Records since a number of the log. */
struct late_records {
	/* The newest that was seen, of any file: where to go on. */
	uint64_t newest;
	/* Some between the two were gone before they were read. */
	bool lost;
	size_t count;
	struct late record[8];
};

/*
 * Those of the file after number `since`, of which no more than there is room for are kept, and counted
 * all; with NULL none. False if the log cannot be read: why() says why.
 */
bool late_since(const struct late_file *file, uint64_t since, struct late_records *records);

/* How many of them are there to be looked at. */
size_t late_kept(const struct late_records *records);

#endif
