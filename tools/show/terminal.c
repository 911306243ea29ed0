// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show/terminal.h"

bool is_terminal(FILE *file)
{
	const char *term = getenv("TERM");

	return isatty(fileno(file)) && term && strcmp(term, "dumb");
}

const char *colour(enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m", [BOLD] = "\033[1m", [RED] = "\033[31m",
		[GREEN] = "\033[32m", [YELLOW] = "\033[33m",
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
