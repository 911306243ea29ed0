/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module cannot see, what that costs, and what to do. */
#ifndef DIOLATE_SHOW_UNSEEN_H
#define DIOLATE_SHOW_UNSEEN_H

#include "read/unseen.h"

struct json_object;

/* Each in some sentences, printable. */
struct actions {
	size_t count;
	struct action {
		enum unseen unseen;
		char *text;
	} action[UNSEENS + MAX_SITES];
};

/* Functions that are missed for one reason and cost the same are one. To be freed. */
void actions_find(struct actions *actions, const struct counters *counters, const struct sites *sites,
		  const char *layout);
void actions_free(struct actions *actions);

/* A line each; returns how many lines of a terminal they take. */
int actions_print(const struct actions *actions, int columns);
struct json_object *actions_json(const struct actions *actions);

#endif
