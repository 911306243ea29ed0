/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what became of one direct write is what the policy promises. Pure.
 */
#ifndef DIOLATE_COLLIDE_PROMISE_H
#define DIOLATE_COLLIDE_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

/* In order: of several the largest counts. */
enum promise {
	PROMISE_NOT_MET, /* nothing collided, so nothing was promised */
	PROMISE_KEPT,
	PROMISE_OPEN, /* neither: nobody can know, or it could not be told and the log says why */
	PROMISE_BROKEN,
};

/* One direct write of whole blocks, over blocks that were written before, when all is on the disk. */
struct outcome_seen {
	/* What was in force from its begin to its end; NULL without the module. */
	const char *policy;
	/* It was made by pwrite(), which has no completion event; and sync=follow was in force. */
	bool synchronous, follows;
	/* Bytes, or a negative errno. */
	long result;
	/* Bytes of it that are as they were before it: on the disk, and where the cache shows them. */
	uint64_t undone, stale;
	/* Of its late error, or of the mount if it has none. */
	const char *fstype;
	/* Its late error; outcome is NULL if the log has none of this write. */
	const char *outcome, *reason, *kind;
	/* overtaken_unknown has grown meanwhile. */
	bool unknown;
	/* Somebody's late error was not seen meanwhile, or its record lost before it was read. */
	bool missed;
	/* What was stored has been written back while the write was in flight, or might have been. */
	bool written_back;
	/* Direct writes were followed when it began. */
	bool followed;
};

/* *why, never NULL, goes on after "a write": in words for PROMISE_OPEN and PROMISE_BROKEN. */
enum promise promise_of(const struct outcome_seen *seen, const char **why);

#endif
