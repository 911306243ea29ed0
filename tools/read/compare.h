/* SPDX-License-Identifier: GPL-2.0-only */
/* The page cache of a file beside what the disk holds of it. Nothing is written, nor caused to be. */
#ifndef DIOLATE_READ_COMPARE_H
#define DIOLATE_READ_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "read/cache.h"
#include "read/disk.h"

/* Pages beside each other that are alike: they differ, or could not be read, and why. */
struct range {
	off_t offset;
	/* In bytes, and how many of these differ. */
	uint64_t length, bytes;
	/* What the cache says of them (read/cache.h). */
	unsigned int state;
	/* The second look found other bytes than the first; and they have no place on the disk yet. */
	bool changing, nothing_yet;
	const char *why;
};

struct ranges {
	size_t count;
	struct range *range;
};

/* What a file is: it differs where it is not to be written back, or does so only where it is. */
enum compare_result { COMPARE_SAME, COMPARE_UNWRITTEN, COMPARE_STALE, COMPARE_UNKNOWN };

struct compare {
	const char *name;
	/* Where it began, and how far it has come. */
	off_t size, from, next;
	/* In pages: those in the cache, and those that differed at the first look alone. */
	uint64_t cached, settled;
	/* The file was changed meanwhile. A block device does not tell when it was written last. */
	bool changed;
	/* It ended for want of memory. */
	bool no_memory;
	struct ranges differing, unread;
	struct cache cache;
	struct disk disk;
	/* Of a chunk, and of a page for the second look. */
	char *in_cache, *on_disk, *page_in_cache, *page_on_disk;
	enum disk_state *states;
};

/* What is mapped at a time; a file that is smaller is soon done. */
#define COMPARE_WINDOW (64 << 20)

/* For `size` bytes from `from` on, which is rounded down to a page. False if there is no memory. */
bool compare_init(struct compare *compare, const char *name, off_t size, off_t from);
void compare_free(struct compare *compare);

/*
 * Compares all of it. `go_on` is asked after each MiB, and called with done at the end. The disk is open; the
 * descriptor is the caller's. 0, or -errno if the cache cannot be seen or there is no memory.
 */
int compare_file(struct compare *compare, int file, bool (*go_on)(const struct compare *compare, bool done));

enum compare_result compare_result(const struct compare *compare);
/* Whether what differs there is on its way to the disk. */
bool compare_is_unwritten(const struct range *range);
/* The bytes of all ranges of which that is so, or is not. */
uint64_t compare_bytes(const struct ranges *ranges, bool unwritten);

#endif
