// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show/terminal.h"
#include "show/text.h"

#define FILL_INDENT 4

bool is_terminal(FILE *file)
{
	const char *term = getenv("TERM");

	return isatty(fileno(file)) && term && strcmp(term, "dumb");
}

const char *colour(enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m", [BOLD] = "\033[1m", [RED] = "\033[31m",
		[GREEN] = "\033[32m", [MAGENTA] = "\033[35m",
	};
	const char *no_color = getenv("NO_COLOR");

	/* https://no-color.org: present and not empty. */
	if ((no_color && *no_color) || !is_terminal(stdout))
		return "";
	return codes[colour];
}

/* A positive number of the environment, as shells export them. */
static int from_environment(const char *name, int otherwise)
{
	const char *value = getenv(name);
	int n = value ? atoi(value) : 0;

	return n > 0 && n < 10000 ? n : otherwise;
}

void terminal_size(int *rows, int *columns)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
		*rows = size.ws_row;
		*columns = size.ws_col;
		return;
	}
	*rows = from_environment("LINES", 24);
	*columns = from_environment("COLUMNS", 80);
}

/* The piece of `width` columns goes where *at is, or to the next line if this one has no room for it. */
static bool is_broken_before(int width, int *at)
{
	int rows, columns;
	bool broken;

	terminal_size(&rows, &columns);
	broken = is_terminal(stdout) && *at > FILL_INDENT && *at + width >= columns;
	*at = (broken ? FILL_INDENT : *at) + width + 1;
	return broken;
}

/* To `out`, if it is not NULL. Returns the number of lines. */
static int fill(FILE *out, const char *name, const char *text)
{
	char *copy = strdup(text), *rest = copy, *piece;
	int lines = 1, at = FILL_INDENT;

	if (name) {
		is_broken_before((int)text_width(name) + 1, &at);
		if (out)
			fprintf(out, "%*s%s ", FILL_INDENT, "", name);
	} else if (out) {
		fprintf(out, "%*s", FILL_INDENT - 1, "");
	}
	while ((piece = strsep(&rest, " "))) {
		bool broken = is_broken_before((int)text_width(piece), &at);

		lines += broken;
		if (out && broken)
			fprintf(out, "\n%*s", FILL_INDENT - 1, "");
		if (out)
			fprintf(out, " %s", piece);
	}
	if (out)
		putc('\n', out);
	free(copy);
	return lines;
}

void print_filled(const char *name, const char *text)
{
	fill(stdout, name, text);
}

int filled_lines(const char *name, const char *text)
{
	return fill(NULL, name, text);
}
