/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page cache of a file, without changing it: through a shared, read-only mapping of a window, of
 * which only those pages are touched that mincore() finds cached.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Bits of a page's state; UNKNOWN alone where only root may look. */
enum { CACHE_DIRTY = 1, CACHE_WRITEBACK = 2, CACHE_UNKNOWN = 4 };

struct cache {
	int file, memory, pagemap, flags;
	size_t page;
	/* The window. */
	char *map;
	off_t start;
	size_t length;
	unsigned char *resident;
};

/*
 * Whether this process is told what is cached of a file that it has open: to who is neither its owner nor may write it
 * all of it is said to be (can_do_mincore(), mm/mincore.c, 5.10 to 7.3).
 */
bool cache_is_told(int file, const struct stat *st);

/* 0 or -errno. The descriptor is the caller's. */
int cache_open(struct cache *cache, int file);
void cache_close(struct cache *cache);

/* Moves the window to length bytes at start, a multiple of the page size; 0 or -errno. */
int cache_window(struct cache *cache, off_t start, size_t length);

/* Both for offsets in the window. Whether the page is cached: as of the last look, or as of now. */
bool cache_has(const struct cache *cache, off_t offset);
bool cache_still_has(struct cache *cache, off_t offset);

/* Copies length bytes, of which all pages are cached. False if the file was cut meanwhile. */
bool cache_read(struct cache *cache, off_t offset, void *buffer, size_t length);

/*
 * What the page, or the folio it is part of, is. It is as of now: what is dirty may be written back the
 * next moment, by others.
 */
unsigned int cache_state(struct cache *cache, off_t offset);

#endif
