// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate log: the records, and with --follow those to come.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "read/module.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"

/* Between two looks; a file of debugfs does not tell when it changes. */
#define LOOK_SECONDS 1
/* How long a record may be pending before it is shown as such. */
#define PENDING_SECONDS 3

static struct {
	bool json, follow;
	struct timespec since;
	/* The last record shown: its number, and its time, by which a reloaded module is known. */
	uint64_t seq;
	char time[40];
} state;

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Its outcome will be known in a moment, and a line that was printed stays as it is. */
static bool is_settling(const struct fields *fields, const struct timespec *written)
{
	const char *outcome = field_value(fields, "outcome");

	return state.follow && outcome && !strcmp(outcome, "pending") &&
	       time(NULL) - written->tv_sec < PENDING_SECONDS;
}

static void show(const struct fields *fields, const struct mounts *mounts)
{
	if (state.json)
		print_json(record_json(fields, mounts));
	else
		record_print(fields, mounts);
}

/*
 * Shows what is new in the text of the log. Records are numbered from 1 since the module was loaded:
 * if the last one shown is there no more as it was, and none before it, it is another module's log.
 */
static void show_new(char *text, const struct mounts *mounts)
{
	char *line;

	while ((line = next_line(&text))) {
		struct timespec written = { 0 };
		struct fields fields;
		const char *time;
		uint64_t seq;

		if (!parse_fields(line, &fields) || !field_number(&fields, "seq", &seq))
			continue;
		time = field_value(&fields, "time");
		if (!time || !parse_log_time(time, &written))
			time = "";
		if (seq <= state.seq)
			continue;
		if (is_settling(&fields, &written))
			return;
		if (state.seq && seq > state.seq + 1 && !state.json)
			printf("(overwritten before they were read: %" PRIu64 ")\n",
			       seq - state.seq - 1);
		state.seq = seq;
		snprintf(state.time, sizeof(state.time), "%s", time);
		if (!is_before(&written, &state.since))
			show(&fields, mounts);
	}
}

/* Whether the log no longer has the record that was shown last, nor only later ones. */
static bool is_another(const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;
	bool another = false;
	uint64_t seq = 0;

	while ((line = next_line(&rest))) {
		struct fields fields;
		const char *time;

		if (!parse_fields(line, &fields) || !field_number(&fields, "seq", &seq))
			continue;
		time = field_value(&fields, "time");
		if (seq == state.seq)
			another = !time || strcmp(time, state.time);
	}
	if (seq < state.seq)
		another = true;
	free(copy);
	return another;
}

static int look(void)
{
	char *text = read_debugfs("log");
	struct mounts mounts;

	if (!text)
		return refuse("%s", why());
	if (state.seq && is_another(text))
		state.seq = 0;
	/* Anew each time: what is mounted may change. */
	mounts = current_mounts();
	show_new(text, &mounts);
	fflush(stdout);
	mounts_free(&mounts);
	free(text);
	return NOTHING_FOUND;
}

int log_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "follow", no_argument, NULL, 'f' },
		{ "since", required_argument, NULL, 's' },
		{ 0 },
	};
	int answer, ret;

	while ((answer = getopt_long(argc, argv, ":hf", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			state.json = true;
			break;
		case 'f':
			state.follow = true;
			break;
		case 's':
			if (!parse_since(optarg, time(NULL), &state.since))
				return refuse_word(optarg, "is not a time: give it as '2026-11-24 "
						   "04:10', 04:10, 90s, 10min, 2h or 1d.");
			break;
		default:
			option_refused(argv, answer);
		}
	}
	no_arguments(argc, argv);
	while (!(ret = look()) && state.follow) {
		/* Whoever reads it has gone. */
		if (ferror(stdout))
			break;
		sleep(LOOK_SECONDS);
	}
	return ret;
}
