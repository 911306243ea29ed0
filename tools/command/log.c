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
#include <syslog.h>
#include <unistd.h>

#include "command/command.h"
#include "read/cursor.h"
#include "read/history.h"
#include "read/late.h"
#include "read/module.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "read/quiet.h"
#include "show/columns.h"
#include "show/journal.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/words.h"

/* Between two looks; a file of debugfs does not tell when it changes. */
#define LOOK_SECONDS 1
/* How long a record may be pending before it is shown as such. */
#define PENDING_SECONDS 3
/* For how many looks a module that is loaded may be unreadable, as it is while it comes and goes. */
#define UNREADABLE_LOOKS 5

static struct {
	bool json, follow, journal, has_head;
	struct timespec since, until;
	bool has_since, has_until;
	/* It was said that the log has lost some since then. */
	bool has_told_lost;
	/* NULL: any. */
	const char *outcome;
	struct late_file file;
	bool has_file;
	/* How many that match are not to be shown, as only the last are. */
	uint64_t last, skip;
	/* The last record shown; and the descriptor it is kept by, or -1. */
	struct cursor at;
	int cursor_fd;
	bool is_unkept;
	/* For the journal: the module is awaited, and for how many looks it could not be read. */
	bool is_waiting;
	int unreadable;
} state = { .cursor_fd = -1 };

/*
 * Its outcome will be known in a moment, and a line that was printed stays as it is. Without one to look again it
 * is shown as it is.
 */
static bool is_settling(const struct fields *fields, const struct timespec *written)
{
	const char *outcome = field_value(fields, "outcome");

	return (state.follow || state.cursor_fd >= 0) && outcome && !strcmp(outcome, "pending") &&
	       time(NULL) - written->tv_sec < PENDING_SECONDS;
}

/* What the options ask for. */
static bool is_wanted(const struct fields *fields, const struct timespec *written)
{
	const char *outcome = field_value(fields, "outcome");

	return !is_before(written, &state.since) &&
	       (!state.has_until || !is_before(&state.until, written)) &&
	       (!state.outcome || (outcome && !strcmp(outcome, state.outcome))) &&
	       (!state.has_file || late_is_of(fields, &state.file));
}

/* How many of the text of the log are to be passed over, so that the last ones remain. */
static uint64_t count_skipped(const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;
	uint64_t wanted = 0;

	while ((line = next_line(&rest))) {
		struct timespec written = { 0 };
		struct fields fields;
		const char *time;

		if (!parse_fields(line, &fields) || !field_value(&fields, "seq"))
			continue;
		time = field_value(&fields, "time");
		if (time && !parse_log_time(time, &written))
			written = (struct timespec){ 0 };
		wanted += is_wanted(&fields, &written);
	}
	free(copy);
	return wanted > state.last ? wanted - state.last : 0;
}

/* False if the journal has not taken it. */
static bool show(const struct fields *fields, const struct mounts *mounts)
{
	if (state.journal)
		return journal_record(fields, mounts);
	if (state.json) {
		print_json(record_json(fields, mounts));
		return true;
	}
	if (!is_terminal(stdout)) {
		record_print(fields, mounts);
		return true;
	}
	if (!state.has_head)
		columns_head();
	state.has_head = true;
	columns_print(fields, mounts);
	return true;
}

static bool tell_overwritten(uint64_t count)
{
	char text[128];

	if (!state.journal) {
		if (!state.json && !state.skip)
			printf("(overwritten before they were read: %" PRIu64 ")\n", count);
		return true;
	}
	snprintf(text, sizeof(text), "Late errors that were overwritten in the module's log before they were read: %"
		 PRIu64 "; give it a larger log_size.", count);
	return journal_say(LOG_WARNING, text);
}

/* Only what is out counts as shown. */
static bool keep(void)
{
	if (state.cursor_fd < 0)
		return true;
	if (fflush(stdout))
		return false;
	state.is_unkept = !cursor_keep(state.cursor_fd, &state.at);
	return !state.is_unkept;
}

/*
 * Shows what is new in the text of the log. Records are numbered from 1 since the module was loaded. False, with errno,
 * if one could not be shown.
 */
static bool show_new(char *text, const struct mounts *mounts)
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
		if (seq <= state.at.seq)
			continue;
		if (is_settling(&fields, &written))
			return true;
		/* Whoever begins with this log asks for what it has; a service tells of all. */
		if (seq > state.at.seq + 1 && (state.at.seq || state.journal) &&
		    !tell_overwritten(seq - state.at.seq - 1))
			return false;
		state.at.seq = seq;
		snprintf(state.at.time, sizeof(state.at.time), "%s", time);
		if (is_wanted(&fields, &written)) {
			if (state.skip)
				state.skip--;
			else if (!show(&fields, mounts))
				return false;
		}
		if (!keep())
			return false;
	}
	return true;
}

/*
 * Whether this is the log of a module that was loaded since: it says so, or the log no longer has the record that was
 * shown last, nor only later ones.
 */
static bool is_another(const char *text, uint64_t module)
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
		if (seq == state.at.seq)
			another = !time || strcmp(time, state.at.time);
	}
	free(copy);
	return another || seq < state.at.seq || module != state.at.module;
}

static int not_taken(void)
{
	if (state.journal && !state.is_unkept)
		return refuse("A late error could not be handed on to the journal: %s; look at systemctl status "
			      "systemd-journald.", strerror(errno));
	/* The caller says it of what is printed. */
	return ferror(stdout) ? NOTHING_FOUND :
				refuse("The cursor could not be kept: %s; give a file that can be written.",
				       strerror(errno));
}

/* A service outlives the module, and says when nothing is watched. */
static int unreadable(void)
{
	bool loaded = module_is_loaded();

	if (!state.journal || !state.follow || (loaded && ++state.unreadable > UNREADABLE_LOOKS))
		return refuse("%s", why());
	if (loaded || state.is_waiting)
		return NOTHING_FOUND;
	state.is_waiting = true;
	return journal_say(LOG_WARNING, why()) ? NOTHING_FOUND : not_taken();
}

static bool tell_readable(void)
{
	bool was_waiting = state.is_waiting;

	state.is_waiting = false;
	state.unreadable = 0;
	return !was_waiting || journal_say(LOG_NOTICE, "The module diolate is loaded: its late errors are logged.");
}

/* How many the module has counted; 0 if that cannot be read. */
static uint64_t late_errors_counted(void)
{
	struct counters counters;

	return read_counters(&counters) ? counter_value(&counters, "late_errors") : 0;
}

/*
 * What is shown since then may not be all, and nothing may be shown of what was lost: that is no answer to a script.
 * `counted` is from before the log was read.
 */
static void tell_lost(const char *text, uint64_t counted)
{
	struct history history;
	char since[32];

	if (!state.has_since || state.has_told_lost)
		return;
	history_of(text, counted, &state.since, &history);
	if (!history.lacks)
		return;
	state.has_told_lost = true;
	format_time(&state.since, since, sizeof(since));
	refuse("There may have been more late errors since %s: the log has lost some. Load the module with a larger "
	       "log_size, and ask more often.", since);
}

/* Its text, and the module that it is of. */
static char *log_of(uint64_t *module)
{
	for (;;) {
		char *text;

		*module = module_number();
		text = read_debugfs("log");
		if (!text || module_number() == *module)
			return text;
		/* One has gone and another come meanwhile. */
		free(text);
	}
}

static int look(void)
{
	uint64_t module, counted = state.has_since ? late_errors_counted() : 0;
	struct mounts mounts;
	char *text;
	bool shown;

	text = log_of(&module);
	if (!text)
		return unreadable();
	if (state.at.seq && is_another(text, module))
		state.at.seq = 0;
	state.at.module = module;
	tell_lost(text, counted);
	/* Anew each time: what is mounted may change. */
	mounts = current_mounts();
	shown = tell_readable() && show_new(text, &mounts);
	if (shown)
		fflush(stdout);
	mounts_free(&mounts);
	free(text);
	return shown ? NOTHING_FOUND : not_taken();
}

/* By number, as it has it now; a name alone may have been another file's. False after a sentence. */
static bool learn_file(const char *name)
{
	struct stat st;
	int fd = quiet_open(name, &st);

	state.has_file = fd >= 0 && late_file_of(fd, &state.file);
	if (state.has_file)
		late_generation_of(fd, &state.file);
	else if (errno == EINVAL)
		refuse_word(name, "is neither a regular file nor a block device, and only these have late errors; give "
			    "one.");
	else
		refuse_word(name, "cannot be opened: %s; give a file that can be read.", strerror(errno));
	if (fd >= 0)
		close(fd);
	return state.has_file;
}

/* False after a sentence. */
static bool learn_cursor(const char *name)
{
	state.cursor_fd = cursor_open(name, &state.at);
	if (state.cursor_fd >= 0)
		return true;
	if (errno == EINVAL)
		refuse_word(name, "holds no cursor of diolate log, and stays as it is; give a new file.");
	else
		refuse_word(name, "cannot be opened: %s; give a file that can be written.", strerror(errno));
	return false;
}

int log_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "follow", no_argument, NULL, 'f' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "lines", required_argument, NULL, 'n' },
		{ "file", required_argument, NULL, 'F' },
		{ "outcome", required_argument, NULL, 'o' },
		{ "journal", no_argument, NULL, 'J' },
		{ "cursor-file", required_argument, NULL, 'c' },
		{ 0 },
	};
	const char *cursor = NULL;
	int answer, ret;
	bool has_last = false;
	char *text;

	while ((answer = getopt_long(argc, argv, ":hfn:", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			state.json = true;
			break;
		case 'f':
			state.follow = true;
			break;
		case 's':
			if (!is_a_past_time(optarg, &state.since))
				return CANNOT_TELL;
			state.has_since = true;
			break;
		case 'u':
			if (!is_a_time(optarg, &state.until))
				return CANNOT_TELL;
			state.has_until = true;
			break;
		case 'n':
			if (!parse_number(optarg, &state.last) || !state.last)
				return refuse_word(optarg, "is not a count: give a number, 1 or more.");
			has_last = true;
			break;
		case 'F':
			if (!learn_file(optarg))
				return CANNOT_TELL;
			break;
		case 'o':
			if (!strcmp(optarg, "repeat"))
				return refuse("A repeat is counted and not logged; see repeats in diolate status.");
			if (!words_in_short(WORD_OUTCOME, optarg))
				return refuse_word(optarg, "is no outcome; diolate explain lists them.");
			state.outcome = optarg;
			break;
		case 'J':
			state.journal = true;
			break;
		case 'c':
			cursor = optarg;
			break;
		default:
			option_refused(argv, answer);
		}
	}
	no_arguments(argc, argv);
	if (state.follow && state.has_until)
		return refuse("--until has an end and --follow has none; give one of them.");
	if (state.json && state.journal)
		return refuse("--journal prints nothing and --json prints; give one of them.");
	if (cursor && has_last)
		return refuse("--cursor-file and --lines both say where to begin; give one of them.");
	/* What is later than that would be passed over for good. */
	if (cursor && state.has_until)
		return refuse("--cursor-file goes on to the last one and --until ends before; give one of them.");
	if (cursor && !learn_cursor(cursor))
		return CANNOT_TELL;
	text = has_last ? read_debugfs("log") : NULL;
	if (text)
		state.skip = count_skipped(text);
	free(text);
	while (!(ret = look()) && state.follow) {
		/* Whoever reads it has gone. */
		if (ferror(stdout))
			break;
		sleep(LOOK_SECONDS);
	}
	return ret;
}
