// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate selftest: late errors made on a file of its own, and whether the policy's promise is kept.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collide/trial.h"
#include "command/command.h"
#include "read/module.h"
#include "show/json.h"
#include "show/refuse.h"
#include "show/rows.h"
#include "show/text.h"

#define SECONDS 10
#define MOST_SECONDS 3600

struct selftest {
	const char *directory;
	bool json, overtaken;
	unsigned int seconds;
	struct scratch scratch;
	struct storer storer;
	struct late_file file;
	uint64_t module;
	size_t count;
	struct row rows[2 * WAYS];
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

/* The first row of that verdict; NULL if there is none. Of verdict_of() there is one. */
static const struct row *first(const struct selftest *test, enum verdict verdict)
{
	size_t i;

	for (i = 0; i < test->count; i++)
		if (test->rows[i].verdict == verdict)
			return &test->rows[i];
	return NULL;
}

/* The worst there is: of what is not here nothing is asked. */
static enum verdict verdict_of(const struct selftest *test)
{
	static const enum verdict order[] = { VERDICT_BROKEN, VERDICT_UNDONE, VERDICT_STOPPED,
					      VERDICT_OPEN, VERDICT_NO_COLLISION,
					      VERDICT_PROVED };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (first(test, order[i]))
			return order[i];
	return VERDICT_NOT_HERE;
}

static int status_of(enum verdict verdict)
{
	if (verdict == VERDICT_PROVED)
		return NOTHING_FOUND;
	return verdict == VERDICT_BROKEN || verdict == VERDICT_UNDONE ? FOUND : CANNOT_TELL;
}

static unsigned int count_open(const struct selftest *test)
{
	unsigned int open = 0;
	size_t i;

	for (i = 0; i < test->count; i++)
		open += test->rows[i].open;
	return open;
}

static bool are_probes_off(void)
{
	struct counters counters;

	return module_is_loaded() && read_counters(&counters) &&
	       counter_value(&counters, "probes_off");
}

/* One sentence. */
static void print_verdict(const struct selftest *test, enum verdict verdict, const char *policy)
{
	const struct row *row = first(test, verdict);
	const char *name = row_name(row), *why = row->why;

	switch (verdict) {
	case VERDICT_PROVED:
		printf("Proved: what collided came to what the policy %s promises here", policy);
		if (count_open(test))
			printf(", but for %u writes of which that cannot be known", count_open(test));
		puts(".");
		break;
	case VERDICT_BROKEN:
		printf("Broken promise of the policy %s: by %s a write %s; %s.\n", policy, name, why,
		       are_probes_off() ? "the probes are switched off, see "
					  "/sys/kernel/debug/kprobes/enabled and "
					  "kernel.ftrace_enabled, both must be 1" :
					  "unload the module, and report this with what diolate "
					  "status and diolate log say");
		break;
	case VERDICT_UNDONE:
		printf("Stock Linux: by %s a write %s, and was said to have succeeded; the module tells of it: "
		       "modprobe diolate policy=observe\n", name, why);
		break;
	case VERDICT_OPEN:
		printf("Not proved: by %s a write %s; try again.\n", name, why);
		break;
	case VERDICT_NO_COLLISION:
		printf("Not proved: by %s nothing could be made to collide%s; %s.\n", name,
		       row->overtaking ? " in that way" : "",
		       strcmp(test->file.fstype, "btrfs") ?
			       "give more --seconds, or another directory" :
			       "that is as it should be on btrfs, where a store nearly always waits for a "
			       "direct write: give another directory");
		break;
	case VERDICT_NOT_HERE:
		printf("Not proved: none of the ways to write is to be had here.\n");
		break;
	default:
		printf("Not proved: by %s it was stopped: %s; run it again.\n", name, why);
		break;
	}
}

static void print_text(const struct selftest *test, enum verdict verdict, const char *policy)
{
	size_t i;

	rows_print(test->rows, test->count);
	for (i = 0; i < test->count; i++)
		if (test->rows[i].verdict == VERDICT_NOT_HERE)
			printf("%s is not here: %s.\n", row_name(&test->rows[i]), test->rows[i].why);
	putchar('\n');
	print_verdict(test, verdict, policy);
}

static void print_object(const struct selftest *test, enum verdict verdict, const char *policy)
{
	const struct row *row = first(test, verdict);
	struct json_object *object = json_object_new_object();

	json_add_name(object, "directory", test->directory);
	json_object_object_add(object, "loaded", json_object_new_boolean(policy != NULL));
	json_object_object_add(object, "policy", policy ? json_bytes(policy) : NULL);
	json_object_object_add(object, "length", json_object_new_uint64(test->scratch.length));
	json_object_object_add(object, "interrupted", json_object_new_boolean(interrupted != 0));
	json_object_object_add(object, "rows", rows_json(test->rows, test->count));
	json_object_object_add(object, "verdict", json_bytes(row_verdict(row)));
	json_object_object_add(object, "why", *row->why ? json_bytes(row->why) : NULL);
	print_json(object);
}

static void announce(const struct selftest *test, const char *policy)
{
	char *shown = printable(test->directory, 0);

	if (!test->json)
		printf("Direct writes of %zu KiB to a scratch file in %s, and to no other file; %s%s.\n",
		       test->scratch.length >> 10, shown ? shown : "?",
		       policy ? "policy " : "the module is not loaded, so this is stock Linux",
		       policy ? policy : "");
	fflush(stdout);
	free(shown);
}

static void run(struct selftest *test, const char *policy)
{
	struct trial trial = { .scratch = &test->scratch, .storer = &test->storer, .policy = policy,
			       .module = test->module, .follows = trial_follows(), .file = test->file, .seconds = test->seconds,
			       .interrupted = &interrupted, .progress = row_progress };
	unsigned int way, overtaking;

	for (overtaking = 0; overtaking <= test->overtaken; overtaking++)
		for (way = 0; way < WAYS; way++)
			trial_run(&trial, way, overtaking, &test->rows[test->count++]);
	row_progress_end();
}

/* A second one ends it at once: of the scratch file there is nothing to be removed. */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
	struct sigaction before;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Not under nohup. */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
}

/* As the shell expects of what ends by a signal, when all that was seen is said. */
static void end_by_signal(void)
{
	int number = interrupted;

	fflush(stdout);
	signal(number, SIG_DFL);
	raise(number);
}

static int test_here(struct selftest *test, const char *policy)
{
	enum verdict verdict;
	int error;

	if (!late_file_of(test->scratch.fd, &test->file))
		return refuse("The scratch file cannot be looked at: %s; give another directory.",
			      strerror(errno));
	announce(test, policy);
	error = storer_start(&test->storer, &test->scratch);
	if (error)
		return refuse("There can be no second thread: %s; try again.", strerror(error));
	run(test, policy);
	storer_stop(&test->storer);
	verdict = verdict_of(test);
	if (test->json)
		print_object(test, verdict, policy);
	else
		print_text(test, verdict, policy);
	return status_of(verdict);
}

/* False, and a sentence, if the module is loaded and does not say what it sees; *policy is to be freed. */
static bool ask_module(struct selftest *test, char **policy)
{
	struct late_records records;
	struct counters counters;

	*policy = NULL;
	test->module = module_number();
	if (!test->module)
		return true;
	*policy = read_parameter("policy");
	if (*policy && read_counters(&counters) && late_since(NULL, 0, &records))
		return true;
	refuse("%s", why());
	free(*policy);
	return false;
}

static int selftest(struct selftest *test)
{
	int ret = CANNOT_TELL;
	char *policy;

	if (!ask_module(test, &policy))
		return CANNOT_TELL;
	if (scratch_open(&test->scratch, test->directory))
		ret = test_here(test, policy);
	else
		refuse_word(test->directory, "%s", test->scratch.why);
	scratch_close(&test->scratch);
	free(policy);
	if (interrupted)
		end_by_signal();
	return ret;
}

int selftest_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "seconds", required_argument, NULL, 's' },
		{ "overtaken", no_argument, NULL, 'o' },
		{ 0 },
	};
	struct selftest test = { .seconds = SECONDS };
	uint64_t seconds;
	int answer;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			test.json = true;
			break;
		case 's':
			if (!parse_number(optarg, &seconds) || !seconds || seconds > MOST_SECONDS)
				return refuse_word(optarg, "is not a time for each way: give seconds, 1 to "
						   "%d.", MOST_SECONDS);
			test.seconds = seconds;
			break;
		case 'o':
			test.overtaken = true;
			break;
		default:
			option_refused(argv, answer);
		}
	}
	if (argc - optind != 1)
		return refuse("diolate selftest takes one directory, not %d; see diolate --help.",
			      argc - optind);
	test.directory = argv[optind];
	catch_signals();
	return selftest(&test);
}
