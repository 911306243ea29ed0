// SPDX-License-Identifier: GPL-2.0-only
/*
 * A direct write drops what is cached of its range before it goes out. A byte that is stored behind that,
 * and before the write has ended, is in the way when the cache is invalidated once more.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "collide/store.h"

static bool is_over(const struct storer *storer)
{
	return __atomic_load_n(&storer->over, __ATOMIC_ACQUIRE);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The last page is dropped last; what is stored then is not written back by the write itself. */
static void collide(struct storer *storer)
{
	const struct scratch *scratch = storer->scratch;
	unsigned int place = SCRATCH_PLACES;
	int64_t then;

	while (!is_over(storer) && scratch_is_cached(scratch, SCRATCH_PLACES - 1))
		sched_yield();
	while (place-- && !is_over(storer))
		if (scratch_store(scratch, place))
			storer->stored |= 1u << place;
	if (storer->write_back_after < 0 || !storer->stored)
		return;
	then = now() + storer->write_back_after;
	while (!is_over(storer) && now() < then)
		sched_yield();
	if (!is_over(storer))
		storer->written_back = !sync_file_range(scratch->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void set(struct storer *storer, int state)
{
	storer->state = state;
	pthread_cond_broadcast(&storer->changed);
}

static void *work(void *argument)
{
	struct storer *storer = argument;

	pthread_mutex_lock(&storer->lock);
	while (storer->state != STORER_STOP) {
		if (storer->state != STORER_BEGIN) {
			pthread_cond_wait(&storer->changed, &storer->lock);
			continue;
		}
		set(storer, STORER_AT_WORK);
		pthread_mutex_unlock(&storer->lock);
		collide(storer);
		pthread_mutex_lock(&storer->lock);
		set(storer, STORER_IDLE);
	}
	pthread_mutex_unlock(&storer->lock);
	return NULL;
}

int storer_start(struct storer *storer, const struct scratch *scratch)
{
	sigset_t all, before;
	int error;

	*storer = (struct storer){ .scratch = scratch, .lock = PTHREAD_MUTEX_INITIALIZER,
				   .changed = PTHREAD_COND_INITIALIZER };
	/* Signals are for the thread that writes. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&storer->thread, NULL, work, storer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

void storer_stop(struct storer *storer)
{
	pthread_mutex_lock(&storer->lock);
	set(storer, STORER_STOP);
	pthread_mutex_unlock(&storer->lock);
	pthread_join(storer->thread, NULL);
}

void storer_begin(struct storer *storer, int64_t write_back_after)
{
	pthread_mutex_lock(&storer->lock);
	storer->write_back_after = write_back_after;
	storer->stored = 0;
	storer->written_back = false;
	__atomic_store_n(&storer->over, false, __ATOMIC_RELEASE);
	set(storer, STORER_BEGIN);
	while (storer->state == STORER_BEGIN)
		pthread_cond_wait(&storer->changed, &storer->lock);
	pthread_mutex_unlock(&storer->lock);
}

void storer_end(struct storer *storer)
{
	__atomic_store_n(&storer->over, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&storer->lock);
	while (storer->state != STORER_IDLE)
		pthread_cond_wait(&storer->changed, &storer->lock);
	pthread_mutex_unlock(&storer->lock);
}
