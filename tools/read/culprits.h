/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of the module, by who had dirtied the page: the culprit.
 */
#ifndef DIOLATE_READ_CULPRITS_H
#define DIOLATE_READ_CULPRITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Late errors with the same culprit. Texts are escaped, as the log has them, or NULL: not known. */
struct culprit {
	const char *comm, *pid, *by;
	/* Whose writes most of them were, and how many. */
	const char *submitter;
	uint64_t late_errors, of_submitter;
	/* Later than the number that was asked for. */
	uint64_t fresh;
	size_t files;
	/* Among those with as many. */
	int order;
};

struct culprits {
	/* How many late errors the log has, and the number of the newest. */
	uint64_t late_errors, newest;
	/* Those with most first; that none is known is one, too. */
	size_t count;
	struct culprit *culprit;
	/* What they were counted from. */
	struct culprit_record *record;
	char *log;
};

/* A culprit is a process, or all of a name, in whose way the writes of all of another name were. */
enum culprits_by { CULPRITS_BY_PROCESS, CULPRITS_BY_NAMES };

/*
 * From the log as it is now; a number `since` that it has not come to was that of an earlier load. False if it
 * cannot be read: why() says why. To be freed in any case.
 */
bool culprits_read(struct culprits *culprits, enum culprits_by by, uint64_t since);
void culprits_free(struct culprits *culprits);

/* Whether it is known who that is. */
static inline bool culprit_is_known(const struct culprit *culprit)
{
	return culprit->by;
}

#endif
