/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of systemd's journal, with fields. Both return false, with errno, if the journal did not take it.
 */
#ifndef DIOLATE_SHOW_JOURNAL_H
#define DIOLATE_SHOW_JOURNAL_H

#include <stdbool.h>

#include "read/mounts.h"
#include "read/parse.h"

/* A late error: each field of the log by its name, as DIOLATE_OUTCOME=delivered. */
bool journal_record(const struct fields *fields, const struct mounts *mounts);

/* What else there is to be said; the priorities are those of syslog(3). */
bool journal_say(int priority, const char *message);

#endif
