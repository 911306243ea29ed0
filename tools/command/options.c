// SPDX-License-Identifier: GPL-2.0-only
/* What the options of all commands share, and the help. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "show/refuse.h"

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
	"  selftest DIR          make writes collide, on a file of its own there\n"
	"    --seconds N           for each way to write (10);  --overtaken  these, too\n"
	"  metrics               for Prometheus\n"
	"    --output FILE         replaced in one step, for node_exporter's textfile\n"
	"\n"
	"  --json  all but metrics, for machines     --help     --version\n"
	"\n"
	"Exit status: 0 nothing found, 1 late errors or a difference, 2 cannot tell.\n"
	"More: man diolate\n";

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
