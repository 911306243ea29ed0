// SPDX-License-Identifier: GPL-2.0-only
/* Errors: what was refused, why, what to do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "show/refuse.h"
#include "show/text.h"

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
