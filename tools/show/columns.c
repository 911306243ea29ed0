// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "show/columns.h"
#include "show/record.h"
#include "show/terminal.h"

void columns_head(void)
{
	printf("%s%-20s %-14s %-9s %-8s %7s  %s%s\n", colour(BOLD), "TIME", "OUTCOME", "KIND", "BY",
	       "PID", "COMMAND", colour(PLAIN));
}

void columns_print(const struct fields *fields, const struct mounts *mounts)
{
	const char *outcome = record_or_dash(field_value(fields, "outcome"));
	char *file = record_file(fields, mounts), *words = record_in_words(fields, true);
	char *comm = record_name(field_value(fields, "comm"));

	printf("%.19sZ %s%-14s%s %-9s %-8s %7s  %s\n", record_or_dash(field_value(fields, "time")),
	       colour(record_colour(outcome)), outcome, colour(PLAIN),
	       record_or_dash(field_value(fields, "kind")), record_or_dash(field_value(fields, "consumer")),
	       record_or_dash(field_value(fields, "pid")), record_or_dash(comm));
	print_filled(record_or_dash(file), record_or_dash(words));
	free(file);
	free(words);
	free(comm);
}

int columns_lines(const struct fields *fields, const struct mounts *mounts)
{
	char *file = record_file(fields, mounts), *words = record_in_words(fields, true);
	int lines = 1 + filled_lines(record_or_dash(file), record_or_dash(words));

	free(file);
	free(words);
	return lines;
}
