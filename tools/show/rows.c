// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "show/rows.h"
#include "show/terminal.h"

const char *row_name(const struct row *row)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s%s", way_name(row->way), row->overtaking ? ", overtaken" : "");
	return name;
}

const char *row_verdict(const struct row *row)
{
	static const char *const names[VERDICTS] = {
		[VERDICT_PROVED] = "proved", [VERDICT_BROKEN] = "broken",
		[VERDICT_UNDONE] = "undone", [VERDICT_OPEN] = "open",
		[VERDICT_NO_COLLISION] = "no collision", [VERDICT_NOT_HERE] = "not here",
		[VERDICT_STOPPED] = "stopped",
	};

	return names[row->verdict];
}

static enum colour verdict_colour(enum verdict verdict)
{
	if (verdict == VERDICT_PROVED)
		return GREEN;
	return verdict == VERDICT_BROKEN || verdict == VERDICT_UNDONE ? RED : MAGENTA;
}

/* "3 delivered, 1 spared"; "-" if nothing was counted. */
static void print_outcomes(const struct row *row)
{
	const char *between = "";
	unsigned int i;

	for (i = 0; i < OUTCOMES; i++)
		if (row->outcome[i]) {
			printf("%s%u %s", between, row->outcome[i], trial_outcomes[i]);
			between = ", ";
		}
	if (row->unknown)
		printf("%s%u unknown", between, row->unknown);
	else if (!*between)
		putchar('-');
}

void rows_print(const struct row *rows, size_t count)
{
	int width = 8;
	size_t i;

	for (i = 0; i < count; i++)
		if ((int)strlen(row_name(&rows[i])) > width)
			width = strlen(row_name(&rows[i]));
	printf("%-*s %6s %8s %4s %8s %6s %9s  %-12s  %s\n", width, "BY", "WRITES", "COLLIDED", "TOLD",
	       "REPAIRED", "SPARED", "UNDONE", "VERDICT", "COUNTED");
	for (i = 0; i < count; i++) {
		const struct row *row = &rows[i];

		printf("%-*s %6u %8u %4u %8u %6u %9" PRIu64 "  %s%-12s%s  ", width, row_name(row),
		       row->writes, row->collided, row->told, row->outcome[OUTCOME_REPAIRED],
		       row->outcome[OUTCOME_SPARED], row->undone, colour(verdict_colour(row->verdict)),
		       row_verdict(row), colour(PLAIN));
		print_outcomes(row);
		putchar('\n');
	}
}

static struct json_object *row_json(const struct row *row)
{
	struct json_object *object = json_object_new_object(), *counted = json_object_new_object();
	unsigned int i;

	json_object_object_add(object, "by", json_object_new_string(way_name(row->way)));
	json_object_object_add(object, "overtaken", json_object_new_boolean(row->overtaking));
	json_object_object_add(object, "writes", json_object_new_int64(row->writes));
	json_object_object_add(object, "collided", json_object_new_int64(row->collided));
	json_object_object_add(object, "told", json_object_new_int64(row->told));
	json_object_object_add(object, "undone", json_object_new_uint64(row->undone));
	json_object_object_add(object, "open", json_object_new_int64(row->open));
	json_object_object_add(object, "unknown", json_object_new_int64(row->unknown));
	for (i = 0; i < OUTCOMES; i++)
		json_object_object_add(counted, trial_outcomes[i],
				       json_object_new_int64(row->outcome[i]));
	json_object_object_add(object, "counted", counted);
	json_object_object_add(object, "verdict", json_object_new_string(row_verdict(row)));
	json_object_object_add(object, "why", *row->why ? json_bytes(row->why) : NULL);
	return object;
}

struct json_object *rows_json(const struct row *rows, size_t count)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_object_array_add(array, row_json(&rows[i]));
	return array;
}

void row_progress(const struct row *row)
{
	if (!is_terminal(stderr))
		return;
	fprintf(stderr, "\r%s: %u writes, %u collided\033[K", row_name(row), row->writes, row->collided);
	fflush(stderr);
}

void row_progress_end(void)
{
	if (is_terminal(stderr))
		fputs("\r\033[K", stderr);
}
