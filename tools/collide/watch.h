/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module and the page cache say around one write.
 */
#ifndef DIOLATE_COLLIDE_WATCH_H
#define DIOLATE_COLLIDE_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collide/scratch.h"
#include "read/late.h"

/* Of a clock that only goes on, and a short wait between two looks. */
int64_t watch_ms(void);
void watch_nap(void);

/* Counters of what has no record, of any file; false if they cannot be read. */
struct watch_counts {
	/* overtaken_unknown; and what the module knows that it has missed. */
	uint64_t unknown, missed;
};
bool watch_counts(struct watch_counts *counts);

/* Whether direct writes are followed: the last that is armed for that is in `sites` for as long. */
bool watch_follows(void);

/* Until they are, which writeback of a file with direct I/O calls for; not for ever. */
void watch_await_following(const volatile sig_atomic_t *interrupted);

/* The records of a file since a number, once their outcome is known; false if the log cannot be read. */
bool watch_records(const struct late_file *file, uint64_t since, struct late_records *records);

/*
 * Whether all that was stored, a bit for each place, is still to be written, so that nobody can have written it
 * yet. False if that cannot be seen.
 */
bool watch_is_dirty(const struct scratch *scratch, unsigned int stored);

#endif
