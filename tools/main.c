// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate: late errors of direct writes, for people and for scripts.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	{ "explain", explain_command },
	{ "report", report_command },
	{ "version", version_command },
};

/* Where one is closed, a file that is opened later would take its place, and what is printed with it. */
static void have_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/full", O_RDWR);
	} while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* What was printed must have been: a full disk behind --json is an error, too. */
static int flushed(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return refuse("The output could not be written; look at where it goes.");
	return status;
}

/* What is asked of no command: -h, --help, help [COMMAND], -V, --version. */
static bool is_of_all(int argc, char **argv, int *status)
{
	bool help = argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"));

	*status = NOTHING_FOUND;
	if (argc > 1 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))) {
		puts("diolate " DIOLATE_VERSION);
		return true;
	}
	if (!help && (argc == 1 || strcmp(argv[1], "help")))
		return false;
	if (!print_help(help || argc == 2 ? NULL : argv[2]))
		*status = refuse_word(argv[2], "is not a command; see diolate --help.");
	return true;
}

static bool is_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	char *name = "status";
	int status;
	size_t i;

	have_standard_files();
	setlocale(LC_CTYPE, "");
	/* Each error gets a sentence here and not the C library's. */
	opterr = 0;
	if (is_of_all(argc, argv, &status))
		return flushed(status);
	/* The option that nearly all have may come first. */
	if (argc > 2 && !strcmp(argv[1], "--json") && is_command(argv[2])) {
		argv[1] = argv[2];
		argv[2] = "--json";
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
	return refuse_word(name, "is not a command; see diolate --help.");
}
