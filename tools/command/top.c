// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate top: the files with most late errors, or their culprits, with a live rate.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command/command.h"
#include "read/culprits.h"
#include "read/module.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "show/culprits.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"

/* As many as the module gives lines for, those with most first. */
#define MAX_FILES 1025
/* late_errors and rate, with two blanks behind each. */
#define NUMBER_COLUMNS (10 + 2 + 8 + 2)

/* Of files, or of culprits. */
struct look {
	struct culprits culprits;
	char *text;
	struct timespec when;
	/* Since the look before; 0 if there was none. */
	double seconds;
	size_t count;
	struct file {
		struct fields fields;
		uint64_t late_errors;
		double rate;
	} file[MAX_FILES];
};

static volatile sig_atomic_t ended, resized;
/* What is looked at, which a key changes. */
static bool of_culprits, changed;
static struct termios saved;

static void on_signal(int signal)
{
	if (signal == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

static void forget(struct look *look)
{
	culprits_free(&look->culprits);
	free(look->text);
	look->text = NULL;
	look->count = 0;
}

static bool look_at_files(struct look *look)
{
	char *rest, *line;

	look->text = read_debugfs("files");
	if (!look->text)
		return false;
	for (rest = look->text; (line = next_line(&rest)) && look->count < MAX_FILES;) {
		struct file *file = &look->file[look->count];

		if (parse_fields(line, &file->fields) &&
		    field_number(&file->fields, "late_errors", &file->late_errors))
			look->count++;
	}
	return true;
}

static bool is_same_field(const struct fields *a, const struct fields *b, const char *key)
{
	const char *x = field_value(a, key), *y = field_value(b, key);

	return x == y || (x && y && !strcmp(x, y));
}

/* An inode's number is given anew after the file is gone; its generation then is another. */
static bool is_same_file(const struct fields *a, const struct fields *b)
{
	return is_same_field(a, b, "dev") && is_same_field(a, b, "ino") && is_same_field(a, b, "gen");
}

/* Late errors a second between the two looks; a file that is new had none before. */
static void find_rates(const struct look *before, struct look *now)
{
	size_t i, j;

	for (i = 0; i < now->count; i++) {
		uint64_t had = 0;

		for (j = 0; j < before->count; j++)
			if (is_same_file(&before->file[j].fields, &now->file[i].fields))
				had = before->file[j].late_errors;
		/* Fewer than before: the module was loaded anew. */
		if (had > now->file[i].late_errors)
			had = 0;
		now->file[i].rate = now->seconds > 0 ?
					    (now->file[i].late_errors - had) / now->seconds : 0;
	}
}

/* The first look has none before. */
static bool take_look(struct look *look, const struct look *before)
{
	bool good;

	forget(look);
	good = of_culprits ? culprits_read(&look->culprits, CULPRITS_BY_PROCESS,
					   before ? before->culprits.newest : 0) :
			     look_at_files(look);
	clock_gettime(CLOCK_MONOTONIC, &look->when);
	look->seconds = before ? look->when.tv_sec - before->when.tv_sec +
				 (look->when.tv_nsec - before->when.tv_nsec) / 1e9 : 0;
	if (before)
		find_rates(before, look);
	return good;
}

/* Its length against the most of all; at least one, since this file has some. */
static void print_bar(uint64_t value, uint64_t most, int columns)
{
	/* Not in integers: the product may not fit. */
	int length = most ? (double)value * columns / most : 0, i;

	if (!length && value)
		length = 1;
	for (i = 0; i < columns; i++)
		putchar(i < length ? '#' : ' ');
}

static void print_files(const struct look *look, bool live)
{
	const char *end = live ? "\033[K\n" : "\n";
	struct mounts mounts = current_mounts();
	int rows, columns, bar;
	uint64_t most = 0;
	size_t i;

	terminal_size(&rows, &columns);
	/* A third of what the numbers leave; the rest is for the name. */
	bar = (columns - NUMBER_COLUMNS) / 3;
	bar = bar < 4 ? 4 : bar > 40 ? 40 : bar;
	for (i = 0; i < look->count; i++)
		if (look->file[i].late_errors > most)
			most = look->file[i].late_errors;
	printf("%s%10s  %8s  %-*s  %s%s%s", colour(BOLD), "LATE", "A SECOND", bar, "", "FILE",
	       colour(PLAIN), end);
	if (!look->count)
		printf("No late errors so far.%s", end);
	/* The header, and the line the cursor stays in. */
	for (i = 0; i < look->count && (!live || i + 2 < (size_t)rows); i++) {
		const struct file *file = &look->file[i];
		char *name = record_file(&file->fields, &mounts), *shown;

		if (live && name && columns > NUMBER_COLUMNS + bar + 2) {
			shown = printable(name, columns - NUMBER_COLUMNS - bar - 2);
			free(name);
			name = shown;
		}
		printf("%10" PRIu64 "  %8.1f  %s", file->late_errors, file->rate,
		       colour(file->rate > 0 ? RED : MAGENTA));
		print_bar(file->late_errors, most, bar);
		printf("%s  %s%s", colour(PLAIN), name ? name : "?", end);
		free(name);
	}
	mounts_free(&mounts);
}

static void print_table(const struct look *look, bool live)
{
	if (of_culprits)
		culprits_print(&look->culprits, look->seconds, live);
	else
		print_files(look, live);
}

static struct json_object *files_json(const struct look *look)
{
	struct json_object *array = json_object_new_array();
	struct mounts mounts = current_mounts();
	size_t i;

	for (i = 0; i < look->count; i++) {
		struct json_object *file = record_json(&look->file[i].fields, &mounts);

		json_object_object_add(file, "rate", json_object_new_double(look->file[i].rate));
		json_object_array_add(array, file);
	}
	mounts_free(&mounts);
	return array;
}

static void print_object(const struct look *look)
{
	struct json_object *object = json_object_new_object();

	if (of_culprits)
		json_object_object_add(object, "culprits",
				       culprits_json(&look->culprits, look->seconds));
	else
		json_object_object_add(object, "files", files_json(look));
	print_json(object);
}

/* Waits for the next look, or for a key; a terminal that was resized is drawn at once. */
static void wait_for(double seconds, bool live)
{
	struct pollfd keys = { .fd = live ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	if (poll(&keys, 1, seconds * 1000) <= 0)
		return;
	if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q')
		ended = 1;
	else if (key == 'c' || key == 'C')
		changed = true;
}

/* The other screen, no cursor, and keys without Enter; restored by leave_screen(). */
static void enter_screen(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct termios keys;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGWINCH, &action, NULL);
	keys = saved;
	keys.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	fputs("\033[?1049h\033[?25l", stdout);
}

static void leave_screen(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/* Looks until it is ended, or `looks` times; the first has no rate and is only shown live. */
static bool watch(double interval, unsigned long looks, bool json, bool live)
{
	struct look *look = calloc(2, sizeof(*look));
	unsigned long shown = 0;
	bool good = false;
	int now = 0;

	if (!look || !take_look(&look[now], NULL))
		goto out;
	while (!ended) {
		if (live) {
			fputs("\033[H", stdout);
			print_table(&look[now], true);
			printf("\033[J(q ends, c shows %s)", of_culprits ? "files" : "culprits");
			fflush(stdout);
		}
		if (ferror(stdout))
			break;
		wait_for(interval, live);
		if (resized) {
			resized = 0;
			fputs("\033[2J", stdout);
			continue;
		}
		if (ended)
			break;
		if (changed) {
			changed = false;
			of_culprits = !of_culprits;
			if (!take_look(&look[now], NULL))
				goto out;
			continue;
		}
		now = !now;
		if (!take_look(&look[now], &look[!now]))
			goto out;
		if (json)
			print_object(&look[now]);
		else if (!live)
			print_table(&look[now], false);
		fflush(stdout);
		if (++shown == looks)
			break;
	}
	good = true;
out:
	if (look) {
		forget(&look[0]);
		forget(&look[1]);
	}
	free(look);
	return good;
}

static bool parse_interval(const char *text, double *seconds)
{
	char *rest;

	errno = 0;
	*seconds = strtod(text, &rest);
	return !errno && rest != text && !*rest && *seconds >= 0.1 && *seconds <= 86400;
}

int top_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "culprits", no_argument, NULL, 'p' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 },
	};
	bool json = false, live, good;
	double interval = 2;
	uint64_t count = 0;
	int answer;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			json = true;
			break;
		case 'p':
			of_culprits = true;
			break;
		case 'i':
			if (!parse_interval(optarg, &interval))
				return refuse_word(optarg, "is not an interval: give seconds, "
						   "0.1 to 86400.");
			break;
		case 'c':
			if (!parse_number(optarg, &count) || !count)
				return refuse_word(optarg, "is not a count: give a number, 1 or "
						   "more.");
			break;
		default:
			option_refused(argv, answer);
		}
	}
	no_arguments(argc, argv);
	live = !json && is_terminal(stdout) && !tcgetattr(STDIN_FILENO, &saved);
	/* Nobody is there to press q. */
	if (!live && !count)
		count = 1;
	if (live)
		enter_screen();
	good = watch(interval, count, json, live);
	if (live)
		leave_screen();
	return good ? NOTHING_FOUND : refuse("%s", why());
}
