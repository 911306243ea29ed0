// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate status: all that matters on one screen.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "read/module.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"

/* In the order of the contract; what is not here is shown by its name. */
static const struct {
	const char *name;
	const char *words;
} words[] = {
	{ "late_errors", "direct writes with a late error" },
	{ "stuck", "a page could not be dropped from the cache" },
	{ "overtaken", "a page was written back over the write" },
	{ "delivered", "told to the submitter as -EIO" },
	{ "already_failed", "had failed anyway" },
	{ "observed", "left alone by the policy" },
	{ "repaired", "put right" },
	{ "spared", "lost nothing, only what was cached was stale" },
	{ "sync", "synchronous, and nobody was told" },
	{ "kernel_owned", "the kernel's own, never changed" },
	{ "undeliverable", "could not be told; the log says why" },
	{ "pending", "not completed yet" },
	{ "unattributed", "reported, but of which write is not known" },
	{ "overtaken_unknown", "may have been overtaken; nobody can know" },
	{ "unknown_arming", "of these: in flight before direct writes were followed" },
	{ "unknown_crowded", "of these: no place in the tables" },
	{ "unknown_at_start", "of these: sent while a page was being written back" },
	{ "unknown_unseen", "of these: not all that was sent was seen" },
	{ "unknown_late", "of these: a page was read before the write was complete" },
	{ "unknown_replaced", "of these: a page may have come after the write, or not" },
	{ "repeats", "further reports of a write counted above" },
	{ "log_lost", "no longer in the log" },
	{ "probe_missed", "calls that could not be followed" },
	{ "probes_off", "probes were switched off by somebody" },
};

struct status {
	char *version, *policy, *sync, *log;
	struct counters counters;
	struct sites sites;
	struct mounts mounts;
};

static size_t sites_armed(const struct sites *sites)
{
	size_t i, armed = 0;

	for (i = 0; i < sites->count; i++)
		armed += !strcmp(sites->site[i].state, "armed");
	return armed;
}

/* A probe of ours that others have switched off; one that is absent was never needed. */
static bool is_disarmed(const struct sites *sites)
{
	size_t i;

	for (i = 0; i < sites->count; i++)
		if (!strcmp(sites->site[i].state, "disarmed"))
			return true;
	return false;
}

static const char *in_words(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, name))
			return words[i].words;
	return name;
}

/* What a script wants to know. A late error that no write could be found for is one, too. */
static int verdict(const struct status *status)
{
	if (counter_value(&status->counters, "late_errors") ||
	    counter_value(&status->counters, "unattributed"))
		return FOUND;
	if (counter_value(&status->counters, "probes_off") ||
	    counter_value(&status->counters, "probe_missed") || is_disarmed(&status->sites))
		return CANNOT_TELL;
	return NOTHING_FOUND;
}

/* The value of `name value` in the file version; "?" if there is none. Cuts the text up. */
static const char *version_of(const char *text, const char *name)
{
	static char value[64];
	size_t length = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, length) && text[length] == ' ') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(text + length + 1, "\n"),
				 text + length + 1);
			return value;
		}
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return "?";
}

/* Where the last `wanted` lines begin. */
static char *last_lines(char *text, int wanted)
{
	char *at = text + strlen(text);

	while (at > text) {
		/* This line ends at at[-1]; its beginning is behind the newline before that. */
		if (wanted-- <= 0)
			return at;
		for (at--; at > text && at[-1] != '\n';)
			at--;
	}
	return text;
}

/*
 * How the module knows what is private to the kernel; a module that does not say is an older one.
 * Returns how many lines it took.
 */
static int print_layout(const struct status *status)
{
	static const char *const how[][2] = {
		{ "btf", "describes itself" },
		{ "tested", "is of a tested series, and does not describe itself" },
		{ "untested", "is of no tested series, and does not describe itself" },
		{ "unproven", "is not as any that was tested: see /sys/kernel/debug/diolate/layout" },
	};
	const char *word = version_of(status->version, "layout");
	size_t i;

	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		if (!strcmp(word, how[i][0]))
			return printf("kernel    %s\n", how[i][1]) > 0;
	return 0;
}

static void print_sites(const struct status *status)
{
	const struct sites *sites = &status->sites;
	size_t i, armed = sites_armed(sites);

	printf("probes    %zu of %zu armed", armed, sites->count);
	for (i = 0; i < sites->count; i++)
		if (strcmp(sites->site[i].state, "armed"))
			printf("; %s %s", sites->site[i].symbol, sites->site[i].state);
	putchar('\n');
}

/* Those that are 0 say nothing, but for the sum. Returns how many lines it took. */
static int print_counters(const struct counters *counters)
{
	size_t i;
	int lines = 0;

	for (i = 0; i < counters->count; i++) {
		const struct counter *counter = &counters->counter[i];
		bool sum = !strcmp(counter->name, "late_errors");

		/* Has a sentence of its own. */
		if ((!sum && !counter->value) || !strcmp(counter->name, "probes_off"))
			continue;
		printf("%s%10" PRIu64 "  %s%s\n",
		       colour(!sum ? PLAIN : counter->value ? RED : GREEN), counter->value,
		       in_words(counter->name), colour(PLAIN));
		lines++;
	}
	return lines;
}

static void print_warnings(const struct status *status)
{
	if (counter_value(&status->counters, "probes_off") || is_disarmed(&status->sites))
		printf("%sProbes are switched off, so late errors go unseen: see "
		       "/sys/kernel/debug/kprobes/enabled\nand kernel.ftrace_enabled, both must be 1."
		       "%s\n", colour(RED), colour(PLAIN));
	if (counter_value(&status->counters, "probe_missed"))
		printf("%sNot every call could be followed, so there may be more; reload with a larger "
		       "maxactive.%s\n", colour(YELLOW), colour(PLAIN));
}

static void print_last(struct status *status, int room)
{
	char *rest, *line;

	if (!status->log || !*status->log || room < 2)
		return;
	putchar('\n');
	rest = last_lines(status->log, room - 1 > 5 ? 5 : room - 1);
	while ((line = next_line(&rest))) {
		struct fields fields;

		if (parse_fields(line, &fields))
			record_print(&fields, &status->mounts);
	}
}

static void print_status(struct status *status)
{
	int rows, columns, lines;

	terminal_size(&rows, &columns);
	printf("%sdiolate %s%s is loaded, revision ", colour(BOLD),
	       version_of(status->version, "version"), colour(PLAIN));
	printf("%s\n", version_of(status->version, "revision"));
	printf("policy    %s", status->policy ? status->policy : "?");
	/* A module that has no such parameter is an older one. */
	if (status->sync && !strcmp(status->sync, "follow"))
		printf(", also on synchronous writes");
	putchar('\n');
	lines = 6 + print_layout(status);
	print_sites(status);
	putchar('\n');
	lines += print_counters(&status->counters);
	print_warnings(status);
	/* A line of the log may take two on a narrow terminal. */
	print_last(status, (rows - lines) / (columns < 120 ? 2 : 1));
}

static struct json_object *sites_json(const struct sites *sites)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < sites->count; i++) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "symbol", json_bytes(sites->site[i].symbol));
		json_object_object_add(object, "state", json_bytes(sites->site[i].state));
		json_object_object_add(object, "missed",
				       json_object_new_uint64(sites->site[i].missed));
		json_object_object_add(object, "purpose", json_bytes(sites->site[i].purpose));
		json_object_array_add(array, object);
	}
	return array;
}

static void status_json(struct status *status)
{
	static const char *const parts[] = { "version", "revision", "kernel", "arch", "layout" };
	struct json_object *object = json_object_new_object(), *counters, *last;
	char *rest = status->log ? last_lines(status->log, 5) : NULL, *line;
	size_t i;

	json_object_object_add(object, "loaded", json_object_new_boolean(true));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_object_object_add(object, parts[i],
				       json_bytes(version_of(status->version, parts[i])));
	json_object_object_add(object, "policy", status->policy ? json_bytes(status->policy) : NULL);
	json_object_object_add(object, "sync", status->sync ? json_bytes(status->sync) : NULL);
	counters = json_object_new_object();
	for (i = 0; i < status->counters.count; i++) {
		char *name = escape(status->counters.counter[i].name);

		json_object_object_add(counters, name ? name : "?",
				       json_object_new_uint64(status->counters.counter[i].value));
		free(name);
	}
	json_object_object_add(object, "counters", counters);
	json_object_object_add(object, "sites", sites_json(&status->sites));
	last = json_object_new_array();
	while ((line = next_line(&rest))) {
		struct fields fields;

		if (parse_fields(line, &fields))
			json_object_array_add(last, record_json(&fields, &status->mounts));
	}
	json_object_object_add(object, "last", last);
	print_json(object);
}

/* Why nothing is known, for machines; people get the sentence. */
static int cannot_tell(bool json)
{
	if (json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "loaded", json_object_new_boolean(module_is_loaded()));
		json_object_object_add(object, "why", json_bytes(why()));
		print_json(object);
	}
	return refuse("%s", why());
}

int status_command(int argc, char **argv)
{
	static const struct option options[] = { HELP_OPTION, JSON_OPTION, { 0 } };
	struct status status = { 0 };
	bool json = false;
	int answer, ret;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (answer == 'j')
			json = true;
		else
			option_refused(argv, answer);
	}
	no_arguments(argc, argv);

	status.version = read_debugfs("version");
	if (!status.version || !read_counters(&status.counters) || !read_sites(&status.sites)) {
		free(status.version);
		return cannot_tell(json);
	}
	/* The counters are enough to tell. */
	status.log = read_debugfs("log");
	status.policy = read_parameter("policy");
	status.sync = read_parameter("sync");
	status.mounts = current_mounts();
	ret = verdict(&status);
	if (json)
		status_json(&status);
	else
		print_status(&status);
	mounts_free(&status.mounts);
	free(status.version);
	free(status.policy);
	free(status.sync);
	free(status.log);
	return ret;
}
