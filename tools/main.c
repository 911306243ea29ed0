// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate: late errors of direct writes, for people and for scripts.
 */
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diolate.h"

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
	{ "metrics", metrics_command },
};

/* Fits 24 lines of 80 columns. */
static const char help[] =
	"usage: diolate [COMMAND] [OPTION]...\n"
	"Late errors: asynchronous O_DIRECT writes that reached the disk, while the page\n"
	"cache over them could not be dropped, so that the two disagree.\n"
	"\n"
	"  status                is it loaded, what has it seen (if no COMMAND is given)\n"
	"  log                   the late errors, one a line\n"
	"    --follow              and those to come\n"
	"    --since TIME          '2026-11-24 04:10', 04:10, 10min, 2h, 1d; UTC with a Z\n"
	"  top                   the files with most of them, with a rate\n"
	"    --interval SECONDS    between two looks (2);  --count N  looks, then end\n"
	"  who FILE              the processes that can collide on FILE now\n"
	"  check FILE...         compare the page cache with the disk; never writes\n"
	"    --offset BYTES        where to begin\n"
	"  policy [NAME]         show it; set it to propagate, observe or repair\n"
	"  metrics               for Prometheus\n"
	"    --output FILE         replaced in one step, for node_exporter's textfile\n"
	"\n"
	"  --json  all but metrics, for machines     --help     --version\n"
	"\n"
	"Exit status: 0 nothing found, 1 late errors or a difference, 2 cannot tell.\n"
	"More: man diolate\n";

static int complain(const char *word, const char *format, va_list args)
{
	char *shown = word ? printable(word, 0) : NULL;

	/* What was printed comes before it, also where both go to one file. */
	fflush(stdout);
	fprintf(stderr, "diolate: %s%s", shown ? shown : "", shown ? " " : "");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	free(shown);
	return CANNOT_TELL;
}

int refuse(const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = complain(NULL, format, args);
	va_end(args);
	return ret;
}

int refuse_word(const char *word, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = complain(word, format, args);
	va_end(args);
	return ret;
}

void option_refused(char **argv, int answer)
{
	/* The argument that getopt_long() has just refused; of bundled letters, all. */
	const char *word = argv[optind > 1 ? optind - 1 : 1];

	if (answer == 'h') {
		fputs(help, stdout);
		exit(NOTHING_FOUND);
	}
	if (answer == ':')
		refuse_word(word, "needs a value; see diolate --help.");
	else
		refuse_word(word, "is not an option of diolate %s; see diolate --help.", argv[0]);
	exit(CANNOT_TELL);
}

void no_arguments(int argc, char **argv)
{
	if (optind == argc)
		return;
	refuse_word(argv[optind], "is one argument too many for diolate %s; see diolate --help.",
		    argv[0]);
	exit(CANNOT_TELL);
}

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
