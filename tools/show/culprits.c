// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/culprits.h"
#include "show/record.h"
#include "show/terminal.h"
#include "show/text.h"

#define HOW_COLUMNS 6
/* Late errors, rate, files and how, with two blanks behind each; and two between the others. */
#define OTHER_COLUMNS (10 + 2 + 8 + 2 + 5 + 2 + HOW_COLUMNS + 2 + 2)

static double rate_of(const struct culprit *culprit, double seconds)
{
	return seconds > 0 ? culprit->fresh / seconds : 0;
}

/* To be freed. */
static char *culprit_name(const struct culprit *culprit)
{
	char *name = culprit_is_known(culprit) ? record_process(culprit->comm, culprit->pid) : NULL;

	return name ? name : strdup("not known");
}

/* Whose writes, and how many of them. To be freed. */
static char *submitter_name(const struct culprit *culprit)
{
	char *name = record_name(culprit->submitter), *text;

	if (asprintf(&text, "%s, %" PRIu64 " of %" PRIu64, name ? name : "not known",
		     culprit->of_submitter, culprit->late_errors) < 0)
		text = NULL;
	free(name);
	return text;
}

/* Takes `pad` columns, and no more than `most` if that is not 0. Frees the text. */
static void print_text(char *text, int pad, int most)
{
	char *shown = printable(text ? text : "?", most);
	int width = shown ? text_width(shown) : 0;

	printf("%s%*s", shown ? shown : "?", width < pad ? pad - width : 0, "");
	free(shown);
	free(text);
}

void culprits_print(const struct culprits *culprits, double seconds, bool live)
{
	const char *end = live ? "\033[K\n" : "\n";
	int rows, columns, rest, width = strlen("CULPRIT");
	size_t i;

	terminal_size(&rows, &columns);
	for (i = 0; i < culprits->count; i++) {
		char *name = culprit_name(&culprits->culprit[i]);

		if (name && (int)text_width(name) > width)
			width = text_width(name);
		free(name);
	}
	/* Three fifths of what the others leave; the rest is for the submitter. */
	rest = columns > OTHER_COLUMNS + 20 ? columns - OTHER_COLUMNS : 20;
	if (live && width > rest * 3 / 5)
		width = rest * 3 / 5;
	rest -= width;
	printf("%s%10s  %8s  %5s  %-*s  %-*s  ", colour(BOLD), "LATE", "A SECOND", "FILES",
	       HOW_COLUMNS, "HOW", width, "CULPRIT");
	print_text(strdup("WRITES OF"), 0, live ? rest : 0);
	printf("%s%s", colour(PLAIN), end);
	if (!culprits->count)
		printf("No late errors in the log.%s", end);
	/* The header, and the line the cursor stays in. */
	for (i = 0; i < culprits->count && (!live || i + 2 < (size_t)rows); i++) {
		const struct culprit *culprit = &culprits->culprit[i];
		double rate = rate_of(culprit, seconds);

		printf("%s%10" PRIu64 "  %8.1f%s  %5zu  ", colour(rate > 0 ? RED : MAGENTA),
		       culprit->late_errors, rate, colour(PLAIN), culprit->files);
		print_text(strdup(culprit->by ? culprit->by : "-"), HOW_COLUMNS,
			   live ? HOW_COLUMNS : 0);
		fputs("  ", stdout);
		print_text(culprit_name(culprit), width, live ? width : 0);
		fputs("  ", stdout);
		print_text(submitter_name(culprit), 0, live ? rest : 0);
		fputs(end, stdout);
	}
}

struct json_object *culprits_json(const struct culprits *culprits, double seconds)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < culprits->count; i++) {
		const struct culprit *culprit = &culprits->culprit[i];
		struct json_object *object = json_object_new_object();

		record_add_name(object, "dirtied_comm", culprit->comm);
		json_object_object_add(object, "dirtied_pid", culprit->pid ?
				       json_object_new_uint64(strtoull(culprit->pid, NULL, 10)) : NULL);
		json_object_object_add(object, "dirtied_by", culprit->by ? json_bytes(culprit->by) : NULL);
		json_object_object_add(object, "late_errors",
				       json_object_new_uint64(culprit->late_errors));
		json_object_object_add(object, "rate",
				       json_object_new_double(rate_of(culprit, seconds)));
		json_object_object_add(object, "files", json_object_new_uint64(culprit->files));
		record_add_name(object, "comm", culprit->submitter);
		json_object_object_add(object, "comm_late_errors",
				       json_object_new_uint64(culprit->of_submitter));
		json_object_array_add(array, object);
	}
	return array;
}
