// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "read/cache.h"

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME ((1ULL << 55) - 1)

bool cache_is_told(int file, const struct stat *st)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	/* Root is as good as the owner where nobody may write at all, or not to this file. */
	return st->st_uid == geteuid() || !faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) ||
	       ((errno == EROFS || errno == EPERM) && !geteuid());
}

int cache_open(struct cache *cache, int file)
{
	*cache = (struct cache){ .file = file, .page = sysconf(_SC_PAGESIZE) };
	cache->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (cache->memory < 0)
		return -errno;
	/* Without these two the states are not known, and that is all. */
	cache->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	cache->flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	return 0;
}

static void unmap(struct cache *cache)
{
	if (cache->map)
		munmap(cache->map, cache->length);
	cache->map = NULL;
	free(cache->resident);
	cache->resident = NULL;
}

void cache_close(struct cache *cache)
{
	unmap(cache);
	if (cache->memory >= 0)
		close(cache->memory);
	if (cache->pagemap >= 0)
		close(cache->pagemap);
	if (cache->flags >= 0)
		close(cache->flags);
}

int cache_window(struct cache *cache, off_t start, size_t length)
{
	char *map;

	unmap(cache);
	map = mmap(NULL, length, PROT_READ, MAP_SHARED, cache->file, start);
	if (map == MAP_FAILED)
		return -errno;
	cache->map = map;
	cache->start = start;
	cache->length = length;
	cache->resident = calloc(1, (length + cache->page - 1) / cache->page);
	if (!cache->resident)
		return -ENOMEM;
	/* A page that is dropped before it is touched is read again, but nothing around it. */
	if (madvise(map, length, MADV_RANDOM) || mincore(map, length, cache->resident))
		return -errno;
	return 0;
}

bool cache_has(const struct cache *cache, off_t offset)
{
	return cache->resident[(offset - cache->start) / cache->page] & 1;
}

bool cache_still_has(struct cache *cache, off_t offset)
{
	unsigned char resident = 0;

	return !mincore(cache->map + (offset - cache->start), cache->page, &resident) &&
	       (resident & 1);
}

/* Not by the pointer: beyond the end of a file that is cut meanwhile that would be SIGBUS. */
bool cache_read(struct cache *cache, off_t offset, void *buffer, size_t length)
{
	char *from = cache->map + (offset - cache->start);

	return pread(cache->memory, buffer, length, (off_t)(uintptr_t)from) == (ssize_t)length;
}

static bool read_entry(int fd, uint64_t index, uint64_t *entry)
{
	return pread(fd, entry, sizeof(*entry), index * sizeof(*entry)) == sizeof(*entry);
}

/* The flags of a folio are those of its first page: the others have none of their own. */
static bool folio_flags(const struct cache *cache, uint64_t frame, uint64_t *flags)
{
	do {
		if (!read_entry(cache->flags, frame, flags))
			return false;
	} while (*flags & 1ULL << KPF_COMPOUND_TAIL && frame--);
	return true;
}

unsigned int cache_state(struct cache *cache, off_t offset)
{
	char *at = cache->map + (offset - cache->start);
	uint64_t entry, flags;
	unsigned int state = 0;
	char byte;

	/* In this process's page table, or pagemap does not have it. */
	if (!cache_read(cache, offset, &byte, 1) ||
	    !read_entry(cache->pagemap, (uintptr_t)at / cache->page, &entry))
		return CACHE_UNKNOWN;
	/* The frame is 0 for all but root. */
	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_FRAME) ||
	    !folio_flags(cache, entry & PAGEMAP_FRAME, &flags))
		return CACHE_UNKNOWN;
	if (flags & 1ULL << KPF_DIRTY)
		state |= CACHE_DIRTY;
	if (flags & 1ULL << KPF_WRITEBACK)
		state |= CACHE_WRITEBACK;
	return state;
}
