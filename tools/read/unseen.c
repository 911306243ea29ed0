// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "read/unseen.h"

const char *const unseen_names[UNSEENS] = {
	[UNSEEN_KPROBES] = "kprobes",
	[UNSEEN_SITES] = "site",
	[UNSEEN_WRITEBACK] = "writeback",
	[UNSEEN_LAYOUT] = "layout",
	[UNSEEN_WRITES] = "overtaken_unknown",
	[UNSEEN_CALLS] = "probe_missed",
	[UNSEEN_REPORTS] = "unattributed",
};

static bool is_in_state(const struct site *site, const char *state)
{
	return !strcmp(site->state, state);
}

/*
 * A function that serves all file systems has a purpose without a comma, and those that stand in for it have
 * that purpose, a comma and the file systems which they serve (src/entry/sites.c). One of these that is not
 * followed is missed itself.
 */
static bool has_stand_in(const struct sites *sites, const struct site *site)
{
	size_t length = strlen(site->purpose), i;

	if (strchr(site->purpose, ','))
		return false;
	for (i = 0; i < sites->count; i++)
		if (!strncmp(sites->site[i].purpose, site->purpose, length) &&
		    sites->site[i].purpose[length] == ',' && is_in_state(&sites->site[i], "armed"))
			return true;
	return false;
}

bool site_is_missed(const struct sites *sites, size_t i)
{
	const struct site *site = &sites->site[i];

	return !is_in_state(site, "armed") && !is_in_state(site, "disarmed") &&
	       !has_stand_in(sites, site);
}

/* The module names what follows writeback only where the kernel's ftrace can (src/entry/writeback.c). */
static bool has_writeback(const struct sites *sites)
{
	size_t i;

	for (i = 0; i < sites->count; i++)
		if (strstr(sites->site[i].purpose, "overtaken by writeback"))
			return true;
	return false;
}

static bool is_unproved(const char *layout)
{
	return layout && strcmp(layout, "btf") && strcmp(layout, "tested");
}

uint64_t unseen_count(enum unseen unseen, const struct counters *counters, const struct sites *sites,
		      const char *layout)
{
	uint64_t count = 0;
	size_t i;

	switch (unseen) {
	case UNSEEN_KPROBES:
		for (i = 0; i < sites->count; i++)
			count += is_in_state(&sites->site[i], "disarmed");
		return count ? count : counter_value(counters, "probes_off");
	case UNSEEN_SITES:
		for (i = 0; i < sites->count; i++)
			count += site_is_missed(sites, i);
		return count;
	case UNSEEN_WRITEBACK:
		return !has_writeback(sites);
	case UNSEEN_LAYOUT:
		return is_unproved(layout);
	default:
		/* These have the names of their counters. */
		return counter_value(counters, unseen_names[unseen]);
	}
}
