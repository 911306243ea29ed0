/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of rate share: rate.c has the rounds, rate_engine.c submits and reaps, rate_cache.c is at
 * the page cache, rate_count.c counts.
 */
#ifndef RATE_H
#define RATE_H

#include <libaio.h>
#include <liburing.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#define MAX_DEPTH 16
#define MAX_SUBMITTERS 8
#define MAX_LENGTH (2UL << 20)

enum what { READ, WRITE, BESIDE_CACHED, CACHED, LATE, STUCK, OVERTAKEN, BUFFERED, MMAP, WHATS };

struct rate_options {
	enum what what;
	bool uring, sync, in_flight;
	unsigned int depth, ios, submitters;
	size_t length;
	const char *file;
};

extern struct rate_options opt;

/* One thread, or main if there are none. */
struct submitter {
	pthread_t thread;
	io_context_t ctx;
	struct io_uring ring;
	char *data;
	const unsigned int *places;	/* of this round */
	unsigned int eio;
};

/* The file, opened with O_DIRECT and without, and mapped where somebody stores through that. */
extern int direct, cache;
extern char *mapped;

/* Whether each write is made to collide. */
static inline bool is_late(void)
{
	return opt.what == LATE || opt.what == STUCK || opt.what == OVERTAKEN;
}

/* Where an I/O is, by its place in the file. */
static inline off_t offset(unsigned int place)
{
	return (off_t)place * (off_t)opt.length;
}

/* Between these two what is done is counted. */
void go(void);
void halt(void);
/* Instructions so far. */
double count(void);
void count_begin(void);
/* Between these two time passes at no cost, for what takes long and is not counted. */
void count_pause(void);
void count_on(void);

void set_up(struct submitter *s);
void submit(struct submitter *s);
void reap(struct submitter *s);

/* Open the file. Return: in how many places I/Os can be. */
unsigned int open_file(void);
/* Before so many I/Os in these places: nothing is dirty, and cached is what the case says. */
void prepare(const unsigned int *places, unsigned int n);
/* After them. */
void prepared_end(void);
/* Into all that is being written in these places. */
void store(const unsigned int *places, unsigned int n);
/* Write by way of the page cache in these places, and wait until it is on the disk. */
void write_back(struct submitter *s, unsigned int n);

#endif
