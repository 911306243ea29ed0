/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of the module by time. Pure.
 */
#ifndef DIOLATE_READ_HISTORY_H
#define DIOLATE_READ_HISTORY_H

#include "read/parse.h"

struct history {
	/* How many late errors the log has since then. */
	uint64_t since;
	/* There may have been more since then, which the log has no more, or never had. */
	bool lacks;
	/* When the newest one was, with is_dated; its line may have no time. */
	struct timespec last;
	bool is_dated;
};

/* `late_errors` is how many the module has counted, before its log was read. */
void history_of(const char *log, uint64_t late_errors, const struct timespec *since, struct history *history);

bool is_before(const struct timespec *a, const struct timespec *b);

/* 2026-11-29T10:00:00Z; the seconds only. */
void format_time(const struct timespec *time, char *text, size_t size);

#endif
