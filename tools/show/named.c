// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/named.h"
#include "show/record.h"
#include "show/terminal.h"

/* Of those that have the file no more, as many are shown; JSON has all. */
#define MAX_GONE 10

static bool is_of(const struct named *named, int pid)
{
	return named->met && named->number == (uint64_t)pid;
}

static void print_part(const struct named *named)
{
	const char *how = record_by(named->by);

	if (named->by)
		printf("had dirtied pages of it%s%s", how ? " " : "", how ? how : "");
	else
		printf("wrote it directly");
}

void named_print(const struct named_list *list, int pid, const char *sep)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!is_of(&list->named[i], pid))
			continue;
		printf("%s%s", sep, colour(list->named[i].by ? RED : MAGENTA));
		print_part(&list->named[i]);
		fputs(colour(PLAIN), stdout);
	}
}

void named_print_gone(const struct named_list *list)
{
	unsigned int shown = 0, left = 0;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct named *named = &list->named[i];
		char *who;

		if (named->met)
			continue;
		if (shown == MAX_GONE) {
			left++;
			continue;
		}
		shown++;
		who = record_process(named->comm, named->pid);
		printf("%s ", who ? who : "?");
		free(who);
		print_part(named);
		/* A thread of the kernel has no descriptor to be seen. */
		if (named->other_met)
			printf(", and the process of that number has another name now");
		else if (named->hidden)
			printf(", and cannot be looked at now");
		else if (!named->by || strcmp(named->by, "kernel"))
			printf(", and has it open no more");
		puts(".");
	}
	if (left)
		printf("The log names %u more; see diolate log.\n", left);
}

static void add_part(struct json_object *object, const struct named *named)
{
	json_object_object_add(object, "wrote_directly", json_object_new_boolean(!named->by));
	json_object_object_add(object, "dirtied_by", named->by ? json_bytes(named->by) : NULL);
	json_object_object_add(object, "late_errors", json_object_new_uint64(named->late_errors));
}

struct json_object *named_json(const struct named_list *list, int pid)
{
	struct json_object *array = list->log ? json_object_new_array() : NULL, *part;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!is_of(&list->named[i], pid))
			continue;
		part = json_object_new_object();
		add_part(part, &list->named[i]);
		json_object_array_add(array, part);
	}
	return array;
}

struct json_object *named_gone_json(const struct named_list *list)
{
	struct json_object *array = list->log ? json_object_new_array() : NULL, *part;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct named *named = &list->named[i];

		if (named->met)
			continue;
		part = json_object_new_object();
		json_object_object_add(part, "pid", json_object_new_uint64(named->number));
		record_add_name(part, "comm", named->comm);
		add_part(part, named);
		json_object_array_add(array, part);
	}
	return array;
}
