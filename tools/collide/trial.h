/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct writes of one way, each in the way of a store, until enough have collided; and what became of them.
 */
#ifndef DIOLATE_COLLIDE_TRIAL_H
#define DIOLATE_COLLIDE_TRIAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collide/promise.h"
#include "collide/scratch.h"
#include "collide/store.h"
#include "collide/submit.h"
#include "read/late.h"

struct row;

/* What is the same for all of them. */
struct trial {
	struct scratch *scratch;
	struct storer *storer;
	struct late_file file;
	/* NULL and 0 without the module. */
	const char *policy;
	uint64_t module;
	/* The parameter sync is follow. */
	bool follows;
	/* For each row. */
	unsigned int seconds;
	const volatile sig_atomic_t *interrupted;
	/* Called after each write. */
	void (*progress)(const struct row *row);
};

enum verdict {
	VERDICT_PROVED,
	VERDICT_BROKEN,
	VERDICT_UNDONE,		/* in silence, as nothing is promised without the module */
	VERDICT_OPEN,		/* collided, and never in a way that promises anything */
	VERDICT_NO_COLLISION,
	VERDICT_NOT_HERE,
	VERDICT_STOPPED,	/* interrupted, or the machine changed meanwhile */
	VERDICTS
};

/* Outcomes in the order of the contract; the last is for those of a later version. */
enum { OUTCOME_DELIVERED, OUTCOME_REPAIRED = 3, OUTCOME_SPARED = 4, OUTCOMES = 10 };
extern const char *const trial_outcomes[OUTCOMES];

struct row {
	enum way way;
	/* What was stored was also written back during the write. */
	bool overtaking;
	unsigned int writes, collided, told, unknown;
	unsigned int outcome[OUTCOMES];
	uint64_t undone;
	/* Late errors by what was promised; of the wanted kind alone those that were kept. */
	unsigned int kept, open;
	/* Ended before its time. */
	bool stopped;
	enum verdict verdict;
	/* Why: goes on after "a write", or is a sentence's part for VERDICT_NOT_HERE and STOPPED. "" if proved. */
	char why[160];
};

/* Whether synchronous writes are told, too. */
bool trial_follows(void);
void trial_run(const struct trial *trial, enum way way, bool overtaking, struct row *row);

#endif
