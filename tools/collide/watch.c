// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "collide/watch.h"
#include "read/cache.h"
#include "read/module.h"

/* How long a record may wait for its outcome, and direct writes to be followed; milliseconds. */
#define SETTLED_MS 2000
#define FOLLOWED_MS 10000

int64_t watch_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

void watch_nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

bool watch_counts(struct watch_counts *counts)
{
	struct counters counters;

	if (!read_counters(&counters))
		return false;
	counts->unknown = counter_value(&counters, "overtaken_unknown");
	counts->missed = counter_value(&counters, "log_lost") +
			 counter_value(&counters, "probe_missed") +
			 counter_value(&counters, "unattributed");
	return true;
}

/* The last that is armed to follow direct writes is in `sites` for as long as they are. */
bool watch_follows(void)
{
	struct sites sites;
	size_t i;

	if (!read_sites(&sites))
		return false;
	for (i = 0; i < sites.count; i++)
		if (!strcmp(sites.site[i].symbol, "block_bio_queue"))
			return !strcmp(sites.site[i].state, "armed");
	return false;
}

void watch_await_following(const volatile sig_atomic_t *interrupted)
{
	int64_t end = watch_ms() + FOLLOWED_MS;

	while (!watch_follows() && !*interrupted && watch_ms() < end)
		watch_nap();
}

static bool is_pending(const struct late_records *records)
{
	size_t i;

	for (i = 0; i < late_kept(records); i++)
		if (!strcmp(records->record[i].outcome, "pending"))
			return true;
	return false;
}

bool watch_records(const struct late_file *file, uint64_t since, struct late_records *records)
{
	int64_t end = watch_ms() + SETTLED_MS;

	while (late_since(file, since, records)) {
		if (!is_pending(records) || watch_ms() >= end)
			return true;
		watch_nap();
	}
	return false;
}

bool watch_is_dirty(const struct scratch *scratch, unsigned int stored)
{
	struct cache cache;
	unsigned int place;
	bool dirty;

	if (cache_open(&cache, scratch->fd))
		return false;
	dirty = !cache_window(&cache, 0, scratch->length);
	for (place = 0; dirty && place < SCRATCH_PLACES; place++)
		if (stored & 1u << place)
			dirty = scratch_is_cached(scratch, place) &&
				(cache_state(&cache, scratch_place(scratch, place)) & CACHE_DIRTY);
	cache_close(&cache);
	return dirty;
}
