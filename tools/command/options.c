// SPDX-License-Identifier: GPL-2.0-only
/* What the options of all commands share, and the help. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "read/parse.h"
#include "show/refuse.h"

/* Each fits 24 lines of 80 columns. */
static const char general[] =
	"usage: diolate [COMMAND] [OPTION]...\n"
	"Late errors: O_DIRECT writes that were reported as successful, and that older\n"
	"data of the page cache undo, or may undo.\n"
	"\n"
	"  status          is it loaded, what has it seen (if no COMMAND is given)\n"
	"  log             the late errors, one a line\n"
	"  top             the files with most of them, with a rate\n"
	"  who FILE...     the processes that can collide on FILE now; -m: where at all\n"
	"  check FILE...   compare the page cache with the disk; never writes\n"
	"  policy [NAME]   show it; set it to propagate, observe or repair\n"
	"  selftest DIR    make writes collide, on a file of its own there\n"
	"  metrics         for Prometheus\n"
	"  explain [WORD]  what the words mean that the others print\n"
	"  report          what to attach when you ask for help, without names of files\n"
	"\n"
	"  --json          all but metrics and report, for machines\n"
	"  -V, --version   of this command; the command version: of the module, too\n"
	"  --help          behind a COMMAND: its options\n"
	"\n"
	"Exit status: 0 nothing found, 1 late errors or a difference, 2 cannot tell.\n"
	"More: man diolate\n";

static const struct {
	const char *command, *text;
} helps[] = {
	{ "status",
	  "usage: diolate status [--since TIME] [--json]\n"
	  "Is the module loaded, what has it seen, what can it not see; on one screen.\n"
	  "\n"
	  "  --since TIME    only late errors since then decide on the exit status:\n"
	  "                  '2026-11-24 04:10', 04:10, 10min, 2h, 1d; UTC with a Z\n"
	  "\n"
	  "Exit status: 0 no late error, 1 late errors, 2 none, but some may be unseen.\n"
	  "Example: diolate status --since 1h || mail -s 'late errors' root </dev/null\n" },
	{ "log",
	  "usage: diolate log [--follow] [-n N] [--since TIME] [--until TIME] [--file FILE]\n"
	  "                   [--outcome WORD] [--cursor-file FILE] [--json | --journal]\n"
	  "The late errors that the module remembers, one a line, oldest first.\n"
	  "\n"
	  "  -f, --follow      and those to come\n"
	  "  -n, --lines N     only the last N\n"
	  "  --since TIME      '2026-11-24 04:10', 04:10, 10min, 2h, 1d; UTC with a Z\n"
	  "  --until TIME      the same\n"
	  "  --file FILE       only those of this file\n"
	  "  --outcome WORD    delivered, repaired, ...: see diolate explain\n"
	  "  --journal         into systemd's journal, with fields\n"
	  "  --cursor-file F   only those behind the last one that F has; F is kept up\n"
	  "\n"
	  "Example: diolate log --since 1d --outcome undeliverable --json\n" },
	{ "top",
	  "usage: diolate top [--culprits] [--interval SECONDS] [--count N] [--json]\n"
	  "The files with most late errors, and how many more there are a second.\n"
	  "\n"
	  "  --culprits           the processes that had dirtied the pages, instead\n"
	  "  --interval SECONDS   between two looks (2)\n"
	  "  --count N            looks, then end\n"
	  "\n"
	  "Example: diolate top --culprits\n" },
	{ "who",
	  "usage: diolate who [-r] [-x] [--json] FILE...\n"
	  "       diolate who -m [--json] NAME\n"
	  "The processes that can collide on FILE now; needs no module. With it, also\n"
	  "which of them did, and those that did and have gone. FILE is a file, a block\n"
	  "device, or a directory: the files in it. Of many, those that are mixed.\n"
	  "\n"
	  "  -m, --mount             all files of the file system on which NAME is, or\n"
	  "                          which is on the block device NAME\n"
	  "  -r, --recursive         of directories, the files below them\n"
	  "  -x, --one-file-system   and not those of other file systems\n"
	  "\n"
	  "Exit status: 0 no collision is possible, 1 one is, 2 cannot tell.\n"
	  "Example: diolate who /var/lib/mysql/ibdata1; diolate who -m /var/lib/mysql\n" },
	{ "check",
	  "usage: diolate check [--strict] [-r] [-x] [--offset BYTES] [--json] FILE...\n"
	  "Compare the page cache with the disk; never writes; needs no module. FILE is a\n"
	  "file or a block device without a mounted file system.\n"
	  "\n"
	  "  --strict                what is not written back yet is a difference, too\n"
	  "  -r, --recursive         of directories, the files below them\n"
	  "  -x, --one-file-system   and not those of other file systems\n"
	  "  --offset BYTES          where to begin; 64K, 1M, 2G\n"
	  "\n"
	  "Exit status: 0 nothing found, 1 readers get other data than the disk has, 2\n"
	  "cannot tell. That they are the same does not show that nothing was lost.\n"
	  "Example: diolate check -r /var/lib/mysql\n" },
	{ "policy",
	  "usage: diolate policy [--json] [NAME]\n"
	  "What becomes of a write with a late error; NAME sets it, until it is unloaded.\n"
	  "\n"
	  "  propagate    it fails with EIO\n"
	  "  observe      it is only counted\n"
	  "  repair       it succeeds if the page cache can be put right, else as above\n"
	  "\n"
	  "Example: diolate policy observe\n" },
	{ "selftest",
	  "usage: diolate selftest [--seconds N] [--overtaken] [--json] DIR\n"
	  "Make late errors on a file of its own in DIR: is the policy's promise kept?\n"
	  "\n"
	  "  --seconds N    for each way to write (10)\n"
	  "  --overtaken    also write back what collides\n"
	  "\n"
	  "Exit status: 0 proved, 1 broken, 2 nothing could be made to collide.\n"
	  "Example: diolate selftest /srv/db\n" },
	{ "metrics",
	  "usage: diolate metrics [--output FILE]\n"
	  "The counters, in Prometheus' text format.\n"
	  "\n"
	  "  -o, --output FILE   replaced in one step, for node_exporter's textfile\n"
	  "\n"
	  "Example: diolate metrics --output /var/lib/prometheus/node-exporter/diolate.prom\n" },
	{ "explain",
	  "usage: diolate explain [--json] [WORD]\n"
	  "What a word means that status, log, top or a file of the module has; all words\n"
	  "in short if none is given. Needs no module.\n"
	  "\n"
	  "Example: diolate explain undeliverable\n" },
	{ "report",
	  "usage: diolate report [--names] [-o FILE]\n"
	  "What to attach when you ask for help, in one text, and first what is in it.\n"
	  "Names of files are replaced, each by the same file-N wherever it stands.\n"
	  "\n"
	  "  --names             leave the names of files as they are\n"
	  "  -o, --output FILE   write it there, for you alone; FILE must not be there yet\n"
	  "\n"
	  "Exit status: 0 all is in it, 2 parts could not be read; it names them, and why.\n"
	  "Example: diolate report -o diolate-report.txt\n" },
	{ "version",
	  "usage: diolate version [--json]\n"
	  "The versions of this command and of the module, if it is loaded.\n" },
};

bool print_help(const char *command)
{
	size_t i;

	if (!command) {
		fputs(general, stdout);
		return true;
	}
	for (i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (!strcmp(command, helps[i].command)) {
			fputs(helps[i].text, stdout);
			return true;
		}
	return false;
}

void option_refused(char **argv, int answer)
{
	/* The argument that getopt_long() has just refused; of bundled letters, all. */
	const char *word = argv[optind > 1 ? optind - 1 : 1];

	if (answer == 'h') {
		print_help(argv[0]);
		exit(NOTHING_FOUND);
	}
	if (answer == ':')
		refuse_word(word, "needs a value; see diolate --help.");
	else
		refuse_word(word, "is not an option of diolate %s; see diolate --help.", argv[0]);
	exit(CANNOT_TELL);
}

bool json_alone(int argc, char **argv)
{
	static const struct option options[] = { HELP_OPTION, JSON_OPTION, { 0 } };
	bool json = false;
	int answer;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (answer == 'j')
			json = true;
		else
			option_refused(argv, answer);
	}
	return json;
}

bool is_a_time(const char *text, struct timespec *time_given)
{
	if (parse_since(text, time(NULL), time_given))
		return true;
	refuse_word(text, "is not a time: give it as '2026-11-24 04:10', 04:10, 90s, 10min, 2h or 1d.");
	return false;
}

/* 23:00 is one of today: before that nothing would ever be found since then. */
bool is_a_past_time(const char *text, struct timespec *time_given)
{
	if (!is_a_time(text, time_given))
		return false;
	if (time_given->tv_sec <= time(NULL))
		return true;
	refuse_word(text, "is still to come; give a time in the past, with its day if it was not today.");
	return false;
}

void no_arguments(int argc, char **argv)
{
	if (optind == argc)
		return;
	refuse_word(argv[optind], "is one argument too many for diolate %s; see diolate --help.",
		    argv[0]);
	exit(CANNOT_TELL);
}
