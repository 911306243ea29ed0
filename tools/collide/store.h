/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread that is in the way: it stores bytes into a file while that is being written directly.
 */
#ifndef DIOLATE_COLLIDE_STORE_H
#define DIOLATE_COLLIDE_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collide/scratch.h"

struct storer {
	const struct scratch *scratch;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock: what it is to do, and does. */
	enum { STORER_IDLE, STORER_BEGIN, STORER_AT_WORK, STORER_STOP } state;
	/* Nanoseconds from its stores to the writeback of them; negative: none. */
	int64_t write_back_after;
	/* Read without the lock: the write has ended. */
	bool over;
	/* Where it has stored, a bit for each place, and whether it has written that back. */
	unsigned int stored;
	bool written_back;
};

/* 0 or an errno. */
int storer_start(struct storer *storer, const struct scratch *scratch);
void storer_stop(struct storer *storer);

/*
 * Around one write. When begin returns the thread waits for the write to drop its pages from the cache;
 * when end does it is idle again.
 */
void storer_begin(struct storer *storer, int64_t write_back_after);
void storer_end(struct storer *storer);

#endif
