// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/json.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/unseen.h"

__attribute__((format(printf, 3, 4))) static void add(struct actions *actions, enum unseen unseen,
						      const char *format, ...)
{
	struct action *action = &actions->action[actions->count];
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return;
	/* Names and purposes are the module's. */
	*action = (struct action){ .unseen = unseen, .text = printable(text, 0) };
	actions->count += !!action->text;
	free(text);
}

static bool is_the_same(const struct site *a, const struct site *b)
{
	return !strcmp(a->state, b->state) && !strcmp(a->purpose, b->purpose);
}

static const char *remedy(const char *state)
{
	static const char *const remedies[][2] = {
		{ "absent", "This kernel does not have it; look for a diolate that is newer." },
		{ "unproven", "It is not as in any kernel that was tested; see "
			      "/sys/kernel/debug/diolate/layout, and look for a diolate that is newer." },
		{ "refused", "A live patch or a tracer may have it; see dmesg | grep diolate:, and load the "
			     "module anew when that has gone." },
	};
	size_t i;

	for (i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (!strcmp(state, remedies[i][0]))
			return remedies[i][1];
	return "See dmesg | grep diolate:.";
}

/* Those like the one at `first`, which is the first of them. */
static char *names_of(const struct sites *sites, size_t first)
{
	const char *between = "";
	char *names = NULL;
	size_t size, i;
	FILE *out = open_memstream(&names, &size);

	if (!out)
		return NULL;
	for (i = first; i < sites->count; i++) {
		if (!site_is_missed(sites, i) || !is_the_same(&sites->site[first], &sites->site[i]))
			continue;
		fprintf(out, "%s%s", between, sites->site[i].symbol);
		between = ", ";
	}
	fclose(out);
	return names;
}

static void add_sites(struct actions *actions, const struct sites *sites)
{
	size_t i, j;

	for (i = 0; i < sites->count; i++) {
		const struct site *site = &sites->site[i];
		char *names;

		for (j = 0; j < i; j++)
			if (site_is_missed(sites, j) && is_the_same(&sites->site[j], site))
				break;
		if (j < i || !site_is_missed(sites, i))
			continue;
		names = names_of(sites, i);
		add(actions, UNSEEN_SITES, "%s is %s, which costs: %s. %s", names ? names : site->symbol,
		    site->state, site->purpose, remedy(site->state));
		free(names);
	}
}

static char *purposes_of_disarmed(const struct sites *sites)
{
	const char *between = ", which costs: ";
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (i = 0; i < sites->count; i++) {
		if (strcmp(sites->site[i].state, "disarmed"))
			continue;
		fprintf(out, "%s%s", between, sites->site[i].purpose);
		between = "; ";
	}
	fclose(out);
	return text;
}

static void add_one(struct actions *actions, enum unseen unseen, uint64_t count, const struct sites *sites,
		    const char *layout)
{
	char *costs;

	switch (unseen) {
	case UNSEEN_KPROBES:
		costs = purposes_of_disarmed(sites);
		add(actions, unseen, "Probes are switched off, so late errors go unseen%s. Set "
		    "/sys/kernel/debug/kprobes/enabled and kernel.ftrace_enabled to 1.", costs ? costs : "");
		free(costs);
		break;
	case UNSEEN_SITES:
		add_sites(actions, sites);
		break;
	case UNSEEN_WRITEBACK:
		add(actions, unseen, "This kernel's ftrace cannot follow writeback, which costs: direct writes "
		    "that are overtaken by writeback, and repair. Use a kernel with "
		    "CONFIG_DYNAMIC_FTRACE_WITH_ARGS or _WITH_REGS.");
		break;
	case UNSEEN_LAYOUT:
		if (!strcmp(layout, "unproven"))
			add(actions, unseen, "This kernel is not as any that was tested, which costs what relies "
			    "on it. See /sys/kernel/debug/diolate/layout, and look for a diolate that is newer.");
		else
			add(actions, unseen, "This kernel is of no tested series and does not describe itself, so "
			    "it is not proved that what is seen is right. Use one with "
			    "/sys/kernel/btf/vmlinux.");
		break;
	case UNSEEN_WRITES:
		add(actions, unseen, "Of %" PRIu64 " direct writes nobody can know whether older data were written "
		    "over them. Let the programs check what they wrote; fewer are unknown after: echo always > "
		    "/sys/module/diolate/parameters/track", count);
		break;
	case UNSEEN_CALLS:
		add(actions, unseen, "%" PRIu64 " calls could not be followed, so there may be late errors that "
		    "were not seen. Load the module anew with a larger maxactive.", count);
		break;
	case UNSEEN_REPORTS:
		add(actions, unseen, "Of %" PRIu64 " late errors it is not known which writes had them, so no "
		    "program was told, and the log lacks them. See dmesg | grep 'direct I/O'; if there come "
		    "more, load the module anew with a larger maxactive.", count);
		break;
	case UNSEENS:
		break;
	}
}

void actions_find(struct actions *actions, const struct counters *counters, const struct sites *sites,
		  const char *layout)
{
	enum unseen unseen;

	actions->count = 0;
	for (unseen = 0; unseen < UNSEENS; unseen++) {
		uint64_t count = unseen_count(unseen, counters, sites, layout);

		if (count)
			add_one(actions, unseen, count, sites, layout);
	}
}

void actions_free(struct actions *actions)
{
	while (actions->count)
		free(actions->action[--actions->count].text);
}

int actions_print(const struct actions *actions, int columns)
{
	int lines = 0;
	size_t i;

	for (i = 0; i < actions->count; i++) {
		printf("%saction:%s %s\n", colour(MAGENTA), colour(PLAIN), actions->action[i].text);
		lines += 1 + (int)(strlen("action: ") + text_width(actions->action[i].text) - 1) / columns;
	}
	return lines;
}

struct json_object *actions_json(const struct actions *actions)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < actions->count; i++) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "what",
				       json_object_new_string(unseen_names[actions->action[i].unseen]));
		json_object_object_add(object, "action", json_bytes(actions->action[i].text));
		json_object_array_add(array, object);
	}
	return array;
}
