// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate: late errors of direct writes, for people and for scripts.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "show/refuse.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "status", status_command },
	{ "log", log_command },
	{ "top", top_command },
	{ "who", who_command },
	{ "check", check_command },
	{ "policy", policy_command },
	{ "selftest", selftest_command },
	{ "metrics", metrics_command },
};

/* What was printed must have been: a full disk behind --json is an error, too. */
static int flushed(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return refuse("The output could not be written; look at where it goes.");
	return status;
}

int main(int argc, char **argv)
{
	char *name = "status";
	size_t i;

	setlocale(LC_CTYPE, "");
	/* Each error gets a sentence here and not the C library's. */
	opterr = 0;
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("diolate " DIOLATE_VERSION);
		return flushed(NOTHING_FOUND);
	}
	if (argc > 1 && argv[1][0] != '-') {
		name = argv[1];
		argc--;
		argv++;
	}
	argv[0] = name;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return flushed(commands[i].run(argc, argv));
	if (!strcmp(name, "help"))
		option_refused(argv, 'h');
	return refuse_word(name, "is not a command; see diolate --help.");
}
