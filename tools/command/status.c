// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate status: all that matters on one screen.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "read/culprits.h"
#include "read/history.h"
#include "read/module.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "show/columns.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/unseen.h"
#include "show/words.h"

struct status {
	char *version, *policy, *sync, *log;
	struct counters counters;
	struct sites sites;
	struct mounts mounts;
	struct actions actions;
	/* With has_since, only late errors since then matter. */
	struct timespec since;
	bool has_since;
	/* All there is to know if `log` is not NULL. */
	struct history history;
};

static size_t sites_armed(const struct sites *sites)
{
	size_t i, armed = 0;

	for (i = 0; i < sites->count; i++)
		armed += !strcmp(sites->site[i].state, "armed");
	return armed;
}

static void print_printable(const char *bytes)
{
	char *text = printable(bytes, 0);

	if (text)
		fputs(text, stdout);
	free(text);
}

static const char *in_words(const char *counter)
{
	const char *known = words_in_short(WORD_COUNTER, counter);

	return known ? known : counter;
}

/*
 * What a script wants to know. A late error that no write could be found for is one, too; one that was found is
 * certain, whatever went unseen beside it. Of what is only counted nobody knows when it was.
 */
static int verdict(const struct status *status)
{
	if (status->has_since) {
		if (status->history.since)
			return FOUND;
		return !status->log || status->history.lacks || status->actions.count ? CANNOT_TELL :
											NOTHING_FOUND;
	}
	if (counter_value(&status->counters, "late_errors") ||
	    counter_value(&status->counters, "unattributed"))
		return FOUND;
	return status->actions.count ? CANNOT_TELL : NOTHING_FOUND;
}

/* "?" if the module does not say. The next call has another value at the same place. */
static const char *version_of(const struct status *status, const char *name)
{
	static char value[64];

	return version_value(status->version, name, value, sizeof(value)) ? value : "?";
}

/* When the module was loaded; an older one does not say. */
static bool loaded_at(const struct status *status, struct timespec *time)
{
	return parse_log_time(version_of(status, "loaded"), time);
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
	const char *how = words_in_short(WORD_LAYOUT, version_of(status, "layout"));

	if (!how)
		return 0;
	printf("kernel    %s\n", how);
	return 1;
}

static void print_sites(const struct status *status)
{
	const struct sites *sites = &status->sites;
	size_t i, armed = sites_armed(sites);

	printf("probes    %zu of %zu armed", armed, sites->count);
	for (i = 0; i < sites->count; i++) {
		if (!strcmp(sites->site[i].state, "armed"))
			continue;
		fputs("; ", stdout);
		print_printable(sites->site[i].symbol);
		putchar(' ');
		print_printable(sites->site[i].state);
	}
	putchar('\n');
}

/* Returns how many lines it took. */
static int print_times(const struct status *status)
{
	char loaded[32] = "", last[32] = "";
	struct timespec at;

	if (loaded_at(status, &at))
		format_time(&at, loaded, sizeof(loaded));
	if (status->log && status->history.is_dated)
		format_time(&status->history.last, last, sizeof(last));
	if (*loaded)
		printf("loaded    %s%s%s\n", loaded, *last ? ", the last late error " : "", last);
	else if (*last)
		printf("last      %s\n", last);
	return *loaded || *last;
}

static void print_since(const struct status *status)
{
	const struct history *history = &status->history;
	char since[32];

	format_time(&status->since, since, sizeof(since));
	if (!status->log || (!history->since && history->lacks))
		printf("%s         ?  of these since %s%s\n", colour(MAGENTA), since, colour(PLAIN));
	else
		printf("%s%10" PRIu64 "  %sof these since %s%s\n", colour(history->since ? RED : GREEN),
		       history->since, history->lacks ? "or more " : "", since, colour(PLAIN));
}

static enum colour sum_colour(const struct status *status, uint64_t sum)
{
	if (status->has_since)
		return PLAIN;
	return sum ? RED : GREEN;
}

/* Those that are 0 say nothing, but for the sum. Returns how many lines it took. */
static int print_counters(const struct status *status)
{
	const struct counters *counters = &status->counters;
	size_t i;
	int lines = 0;

	for (i = 0; i < counters->count; i++) {
		const struct counter *counter = &counters->counter[i];
		bool sum = !strcmp(counter->name, "late_errors");

		/* Has a sentence of its own. */
		if ((!sum && !counter->value) || !strcmp(counter->name, "probes_off"))
			continue;
		printf("%s%10" PRIu64 "  ", colour(sum ? sum_colour(status, counter->value) : PLAIN),
		       counter->value);
		print_printable(in_words(counter->name));
		printf("%s\n", colour(PLAIN));
		lines++;
		if (sum && status->has_since) {
			print_since(status);
			lines++;
		}
	}
	return lines;
}

/* How many of the last ones, five at the most, take no more lines than there is room for. */
static int last_that_fit(const struct status *status, int room)
{
	int count = 0;

	while (count < 5) {
		const char *from = last_lines(status->log, count + 1);
		char *line = strndup(from, strcspn(from, "\n"));
		struct fields fields;

		if (!line)
			break;
		if (parse_fields(line, &fields))
			room -= is_terminal(stdout) ? columns_lines(&fields, &status->mounts) : 1;
		free(line);
		if (room < 0)
			break;
		count++;
		if (from == status->log)
			break;
	}
	return count;
}

static void print_last(struct status *status, int room)
{
	char *rest, *line;

	if (!status->log || !*status->log || room < 2)
		return;
	putchar('\n');
	rest = last_lines(status->log, last_that_fit(status, room - 1));
	while ((line = next_line(&rest))) {
		struct fields fields;

		if (!parse_fields(line, &fields))
			continue;
		if (is_terminal(stdout))
			columns_print(&fields, &status->mounts);
		else
			record_print(&fields, &status->mounts);
	}
}

/* Who is in the way again and again, which no line of the log says alone; to be freed, NULL if nobody is. */
static char *culprit_in_words(void)
{
	struct culprits culprits;
	char *text = NULL;
	size_t i;

	if (!culprits_read(&culprits, CULPRITS_BY_PROCESS, 0))
		culprits.count = 0;
	for (i = 0; i < culprits.count && culprits.culprit[i].late_errors > 1 && !text; i++) {
		const struct culprit *culprit = &culprits.culprit[i];
		const char *how = record_by(culprit->by);
		char *who = how ? record_process(culprit->comm, culprit->pid) : NULL;

		if (who && asprintf(&text, "%s had dirtied the page of %" PRIu64 " of the last %"
				    PRIu64 ", %s.", who, culprit->late_errors,
				    culprits.late_errors, how) < 0)
			text = NULL;
		free(who);
	}
	culprits_free(&culprits);
	return text;
}

static void print_status(struct status *status)
{
	char *culprit = culprit_in_words();
	int rows, columns, lines;

	terminal_size(&rows, &columns);
	printf("%sdiolate ", colour(BOLD));
	print_printable(version_of(status, "version"));
	printf("%s is loaded, revision ", colour(PLAIN));
	print_printable(version_of(status, "revision"));
	fputs("\npolicy    ", stdout);
	print_printable(status->policy ? status->policy : "?");
	/* A module that has no such parameter is an older one. */
	if (status->sync && !strcmp(status->sync, "follow"))
		printf(", also on synchronous writes");
	putchar('\n');
	lines = 6 + print_times(status) + print_layout(status);
	print_sites(status);
	putchar('\n');
	lines += print_counters(status);
	lines += actions_print(&status->actions, columns);
	/* The last line of the terminal is for the prompt. */
	if (culprit)
		lines += 1 + (int)(text_width(culprit) - 1) / columns;
	print_last(status, rows - lines - 1);
	if (culprit)
		puts(culprit);
	free(culprit);
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

static struct json_object *time_json(const struct timespec *time)
{
	char text[32];

	format_time(time, text, sizeof(text));
	return json_object_new_string(text);
}

static void add_times(struct json_object *object, const struct status *status)
{
	const struct history *history = &status->history;
	bool is_known = status->log && (history->since || !history->lacks);
	struct timespec at;

	json_object_object_add(object, "loaded_at", loaded_at(status, &at) ? time_json(&at) : NULL);
	json_object_object_add(object, "last_late_error",
			       status->log && history->is_dated ? time_json(&history->last) : NULL);
	if (!status->has_since)
		return;
	json_object_object_add(object, "since", time_json(&status->since));
	json_object_object_add(object, "late_errors_since",
			       is_known ? json_object_new_uint64(history->since) : NULL);
	json_object_object_add(object, "late_errors_since_at_least",
			       is_known ? json_object_new_boolean(history->lacks) : NULL);
}

static void status_json(struct status *status)
{
	static const char *const parts[] = { "version", "revision", "kernel", "arch", "layout" };
	struct json_object *object = json_object_new_object(), *counters, *last;
	char *rest = status->log ? last_lines(status->log, 5) : NULL, *line, value[64];
	size_t i;

	json_object_object_add(object, "loaded", json_object_new_boolean(true));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_object_object_add(object, parts[i],
				       version_value(status->version, parts[i], value, sizeof(value)) ?
					       json_bytes(value) : NULL);
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
	json_object_object_add(object, "unseen", actions_json(&status->actions));
	add_times(object, status);
	last = json_object_new_array();
	while ((line = next_line(&rest))) {
		struct fields fields;

		if (parse_fields(line, &fields))
			json_object_array_add(last, record_json(&fields, &status->mounts));
	}
	if (!status->log) {
		json_object_put(last);
		last = NULL;
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

/* Why there may have been one since then. An action says the rest. */
static void tell_what_since_lacks(const struct status *status, int ret, const char *log_missing)
{
	char since[32];

	if (!status->has_since || ret != CANNOT_TELL)
		return;
	format_time(&status->since, since, sizeof(since));
	if (log_missing)
		refuse("%s", log_missing);
	else if (status->history.lacks)
		refuse("There may have been late errors since %s: the log has lost some. Load the module with a "
		       "larger log_size, and ask more often.", since);
}

int status_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "since", required_argument, NULL, 's' },
		{ 0 },
	};
	struct status status = { 0 };
	bool json = false, has_layout;
	char layout[32], *log_missing = NULL;
	int answer, ret;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (answer == 'j') {
			json = true;
		} else if (answer == 's') {
			status.has_since = true;
			if (!is_a_past_time(optarg, &status.since))
				return CANNOT_TELL;
		} else {
			option_refused(argv, answer);
		}
	}
	no_arguments(argc, argv);

	status.version = read_debugfs("version");
	if (!status.version || !read_counters(&status.counters) || !read_sites(&status.sites)) {
		free(status.version);
		return cannot_tell(json);
	}
	/* The counters are enough to tell, but for --since. */
	status.log = read_debugfs("log");
	if (status.log)
		history_of(status.log, counter_value(&status.counters, "late_errors"), &status.since,
			   &status.history);
	else if (status.has_since)
		log_missing = strdup(why());
	status.policy = read_parameter("policy");
	status.sync = read_parameter("sync");
	status.mounts = current_mounts();
	has_layout = version_value(status.version, "layout", layout, sizeof(layout));
	actions_find(&status.actions, &status.counters, &status.sites, has_layout ? layout : NULL);
	ret = verdict(&status);
	if (json)
		status_json(&status);
	else
		print_status(&status);
	tell_what_since_lacks(&status, ret, log_missing);
	free(log_missing);
	mounts_free(&status.mounts);
	actions_free(&status.actions);
	free(status.version);
	free(status.policy);
	free(status.sync);
	free(status.log);
	return ret;
}
