// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that changes nothing, and dirties.
 *
 *   dirty FILE MS
 *
 * It maps FILE, as it grows, and looks every MS milliseconds which of its pages are not in the page
 * cache: of these are the ones that a direct write in flight has dropped. Into each it stores the
 * byte that is there. So the page is read from the disk as it was before the write, and is dirty; if
 * it is ever written back it undoes the write. It never asks for that. Until SIGTERM comes; then it
 * prints how many stores it made.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

static volatile sig_atomic_t over;

/* What the compiler cannot know: it might leave out an or with 0, or make a load of it. */
static volatile char nothing;

static void stop(int signal)
{
	(void)signal;
	over = 1;
}

/* In whole pages. */
static size_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		err(1, "fstat");
	return st.st_size / PAGE;
}

static char *grown(int fd, char *map, size_t pages, size_t size)
{
	if (map && munmap(map, pages * PAGE))
		err(1, "munmap");
	map = mmap(NULL, size * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* A page at a time, or what is read around it is no longer missing. */
	if (map == MAP_FAILED || madvise(map, size * PAGE, MADV_RANDOM))
		err(1, "mmap");
	return map;
}

int main(int argc, char **argv)
{
	unsigned long stores = 0;
	unsigned char *in_cache = NULL;
	size_t pages = 0, size, ms, i;
	char *map = NULL;
	int fd;

	if (argc != 3)
		errx(2, "usage: dirty FILE MS");
	ms = number(argv[2], 10000);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	signal(SIGTERM, stop);
	while (!over) {
		size = size_of(fd);
		if (size > pages) {
			map = grown(fd, map, pages, size);
			in_cache = realloc(in_cache, size);
			if (!in_cache)
				err(1, "realloc");
			pages = size;
		}
		if (mincore(map, pages * PAGE, in_cache))
			err(1, "mincore");
		for (i = 0; i < pages && !over; i++) {
			if (in_cache[i] & 1)
				continue;
			__atomic_fetch_or(map + i * PAGE, nothing, __ATOMIC_RELAXED);
			stores++;
		}
		usleep(1000 * ms);
	}
	printf("stores=%lu\n", stores);
	return 0;
}
