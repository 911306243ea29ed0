// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the page cache of the file holds before the I/Os, and what is written by way of it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "rate.h"

/* As many pages at the end of the file are not written, but cached under `beside`. */
#define BESIDE 1024

/* Of the file. Its last page is read where a direct read is to be in flight. */
static off_t size;

int direct, cache;
char *mapped;

/* A direct read of somebody else's, which takes as long as the device lets reads wait. */
static io_context_t other;
static char *other_data;

static bool through_mmap(void)
{
	return opt.what == STUCK || opt.what == OVERTAKEN || opt.what == MMAP;
}

/* All are asked for before the first is waited for. */
static void cache_pages(const unsigned int *places, unsigned int n)
{
	static char data[PAGE];
	unsigned int i;

	for (i = 0; i < n; i++)
		if (posix_fadvise(cache, offset(places[i]), PAGE, POSIX_FADV_WILLNEED))
			errx(1, "fadvise");
	for (i = 0; i < n; i++) {
		if (pread(cache, data, PAGE, offset(places[i])) != (ssize_t)PAGE)
			err(1, "pread");
		/* Only the first store is to fault, not a load before it. */
		if (mapped)
			(void)*(volatile char *)(mapped + offset(places[i]));
	}
}

static void other_begins(void)
{
	struct iocb iocb, *list = &iocb;

	io_prep_pread(&iocb, direct, other_data, PAGE, size - (off_t)PAGE);
	if (io_submit(other, 1, &list) != 1)
		errx(1, "the other's io_submit");
}

/* It must have been in flight until now. */
static void other_ends(void)
{
	struct timespec none = { 0 };
	struct io_event event;

	if (io_getevents(other, 0, 1, &event, &none))
		errx(1, "the other's read was over too soon");
	if (io_getevents(other, 1, 1, &event, NULL) != 1 || event.res != PAGE)
		errx(1, "the other's read");
}

void prepare(const unsigned int *places, unsigned int n)
{
	if (mapped && madvise(mapped, size, MADV_DONTNEED))
		err(1, "madvise");
	if (opt.in_flight)
		count_pause();
	/* The error is the late errors' own. */
	if (fdatasync(cache) && (errno != EIO || !is_late()))
		err(1, "fdatasync");
	if (opt.what != BESIDE_CACHED && posix_fadvise(cache, 0, 0, POSIX_FADV_DONTNEED))
		errx(1, "fadvise");
	if (opt.what == CACHED || opt.what == BUFFERED || opt.what == MMAP)
		cache_pages(places, n);
	if (opt.in_flight && n)
		other_begins();
	if (opt.in_flight)
		count_on();
}

void prepared_end(void)
{
	if (!opt.in_flight)
		return;
	count_pause();
	other_ends();
	count_on();
}

void store(const unsigned int *places, unsigned int n)
{
	static char data[PAGE];
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (through_mmap())
			*(volatile char *)(mapped + offset(places[i])) = 's';
		else if (pwrite(cache, data, PAGE, offset(places[i])) != (ssize_t)PAGE)
			err(1, "store");
		/* Sent, and not waited for: it is behind the write. */
		if (opt.what == OVERTAKEN &&
		    sync_file_range(cache, offset(places[i]), PAGE, SYNC_FILE_RANGE_WRITE))
			err(1, "sync_file_range");
	}
}

void write_back(struct submitter *s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (opt.what == MMAP)
			*(volatile char *)(mapped + offset(s->places[i])) = 's';
		else if (pwrite(cache, s->data, PAGE, offset(s->places[i])) != (ssize_t)PAGE)
			err(1, "pwrite");
	}
	if (opt.what == MMAP ? msync(mapped, size, MS_SYNC) : fsync(cache))
		err(1, "fsync");
}

unsigned int open_file(void)
{
	unsigned int beside[BESIDE], i, places;
	struct stat st;

	direct = open(opt.file, O_RDWR | O_DIRECT);
	cache = open(opt.file, O_RDWR);
	if (direct < 0 || cache < 0 || fstat(cache, &st))
		err(1, "%s", opt.file);
	size = st.st_size;
	if (size < (off_t)((BESIDE + 1) * PAGE))
		errx(1, "%s is too small", opt.file);
	/* Or reading one page would cache others. */
	if (posix_fadvise(cache, 0, 0, POSIX_FADV_RANDOM) ||
	    posix_fadvise(cache, 0, 0, POSIX_FADV_DONTNEED))
		errx(1, "fadvise");
	if (through_mmap()) {
		mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cache, 0);
		/* Or one fault would map others. */
		if (mapped == MAP_FAILED || madvise(mapped, size, MADV_RANDOM))
			err(1, "mmap");
	}
	if (opt.in_flight) {
		other_data = aligned_alloc(PAGE, PAGE);
		if (!other_data || io_setup(1, &other))
			errx(1, "no queue for the other's read");
	}
	places = (size - (off_t)(BESIDE * PAGE)) / (off_t)opt.length;
	for (i = 0; i < BESIDE; i++)
		beside[i] = size / (off_t)PAGE - BESIDE + i;
	if (opt.what == BESIDE_CACHED)
		cache_pages(beside, BESIDE);
	return places;
}
