// SPDX-License-Identifier: GPL-2.0-only
/*
 * reread FILE UNTIL: read the log again and again, while it is written, until the file UNTIL is there.
 * reread --all FILE UNTIL: read on where it ended, as tail -f does. Nothing is overwritten, and none is missing.
 *
 * A record never changes but for what became of it (outcome, reason, error), so each time a number is
 * seen the rest of its line must be what it was the first time; and the lines come in order. Prints
 * how many lines were read and of how many records; fails with two lines that differ.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The newest so many are remembered, by their number. */
#define KEPT 65536

static struct {
	unsigned long seq;
	char *line;
} kept[KEPT];

/* Take out of a line what may become another. */
static void cut(char *line, const char *name)
{
	char *from = strstr(line, name), *to;

	if (!from)
		errx(1, "a line without%s: %s", name, line);
	to = strchr(from + 1, ' ');
	if (!to)
		errx(1, "a line that ends with%s: %s", name, line);
	memmove(from, to, strlen(to) + 1);
}

/* Whether this record was not seen before. */
static bool is_new(unsigned long seq, char *line)
{
	char **known = &kept[seq % KEPT].line;

	cut(line, " outcome=");
	cut(line, " reason=");
	cut(line, " error=");
	if (*known && kept[seq % KEPT].seq == seq) {
		if (strcmp(*known, line))
			errx(1, "record %lu was\n%s\nand is\n%s", seq, *known, line);
		return false;
	}
	free(*known);
	*known = strdup(line);
	if (!*known)
		err(1, "strdup");
	kept[seq % KEPT].seq = seq;
	return true;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--all"), last;
	unsigned long before = 0, lines = 0, records = 0, seq;
	FILE *log = NULL;
	char *line = NULL;
	size_t size = 0;

	argc -= all;
	argv += all;
	if (argc != 3)
		errx(2, "usage: reread [--all] FILE UNTIL");
	do {
		last = !access(argv[2], F_OK);
		if (!log) {
			log = fopen(argv[1], "r");
			before = 0;
		}
		if (!log)
			err(1, "%s", argv[1]);
		while (getline(&line, &size, log) > 0) {
			line[strcspn(line, "\n")] = 0;
			if (sscanf(line, "seq=%lu ", &seq) != 1 || seq <= before)
				errx(1, "not a line behind that of %lu: %s", before, line);
			if (all && seq != before + 1)
				errx(1, "behind that of %lu comes %s", before, line);
			before = seq;
			lines++;
			records += is_new(seq, line);
		}
		clearerr(log);
		if (!all) {
			fclose(log);
			log = NULL;
		}
	} while (!last);
	printf("lines=%lu records=%lu\n", lines, records);
	return 0;
}
