/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that the log of the module names of one file.
 */
#ifndef DIOLATE_READ_NAMED_H
#define DIOLATE_READ_NAMED_H

#include "read/late.h"

/* A process, as it was called then, escaped as the log has it, in one of its parts. */
struct named {
	const char *comm, *pid;
	/* How it had dirtied a page, or NULL: it wrote directly. */
	const char *by;
	uint64_t number, late_errors;
	/* By named_meet(): this one, or one of its number and another name. */
	bool met, other_met;
	/* By named_hide() or named_hide_all(): whether it has the file cannot be told. */
	bool hidden;
};

/* Sorted by process. */
struct named_list {
	size_t count;
	struct named *named;
	char *log;
};

/* False if the log cannot be read: why() says why. To be freed in any case. */
bool named_read(struct named_list *list, const struct late_file *file);
/* A process that has the file now; a number alone does not make it the one that is named. */
void named_meet(struct named_list *list, int pid, const char *comm);
void named_hide(struct named_list *list, int pid);
void named_hide_all(struct named_list *list);
void named_free(struct named_list *list);

#endif
