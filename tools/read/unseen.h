/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module cannot see, by its own files: where there is something, no late error does not mean that
 * there was none. Pure.
 */
#ifndef DIOLATE_READ_UNSEEN_H
#define DIOLATE_READ_UNSEEN_H

#include "read/parse.h"

enum unseen {
	UNSEEN_KPROBES,		/* somebody has switched them off */
	UNSEEN_SITES,		/* functions are not followed, and no others stand in for them */
	UNSEEN_WRITEBACK,	/* nothing looks for writes that are overtaken */
	UNSEEN_LAYOUT,		/* the kernel is not proved to be as the module takes it to be */
	UNSEEN_WRITES,		/* the counter overtaken_unknown */
	UNSEEN_CALLS,		/* the counter probe_missed */
	UNSEEN_REPORTS,		/* the counter unattributed */
	UNSEENS
};

/* Those before this one are a state of now; this one and those behind it are counted since load. */
#define UNSEEN_COUNTED UNSEEN_WRITES

/* A word for machines. */
extern const char *const unseen_names[UNSEENS];

/* Whether a function is not followed, for another reason than that kprobes are off, and is missed. */
bool site_is_missed(const struct sites *sites, size_t i);

/* How many of these there are; `layout` is that of the module's version, NULL if it does not say. */
uint64_t unseen_count(enum unseen unseen, const struct counters *counters, const struct sites *sites,
		      const char *layout);

#endif
