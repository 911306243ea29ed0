// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who wrote a file directly, and who had dirtied its pages, by the log.
 */
#include <stdlib.h>
#include <string.h>

#include "read/module.h"
#include "read/named.h"
#include "read/parse.h"

static int in_order(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = (x->number > y->number) - (x->number < y->number);

	if (!order)
		order = strcmp(x->comm, y->comm);
	if (!order)
		order = x->by && y->by ? strcmp(x->by, y->by) : !!x->by - !!y->by;
	return order;
}

static void take(struct named_list *list, const struct fields *fields, const char *comm, const char *pid,
		 const char *by)
{
	struct named *named = &list->named[list->count];

	named->comm = field_value(fields, comm);
	named->pid = field_value(fields, pid);
	if (!named->comm || !field_number(fields, pid, &named->number))
		return;
	named->by = by;
	named->late_errors = 1;
	list->count++;
}

/* One of each, which has the sum. */
static void merge(struct named_list *list)
{
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++)
		if (kept && !in_order(&list->named[kept - 1], &list->named[i]))
			list->named[kept - 1].late_errors++;
		else
			list->named[kept++] = list->named[i];
	list->count = kept;
}

bool named_read(struct named_list *list, const struct late_file *file)
{
	char *rest, *line;
	size_t lines = 1;

	*list = (struct named_list){ .log = read_debugfs("log") };
	if (!list->log)
		return false;
	for (rest = list->log; *rest; rest++)
		lines += *rest == '\n';
	list->named = calloc(lines, 2 * sizeof(*list->named));
	if (!list->named)
		return false;
	for (rest = list->log; (line = next_line(&rest));) {
		struct fields fields;
		const char *by;

		if (!parse_fields(line, &fields) || !late_is_of(&fields, file))
			continue;
		take(list, &fields, "comm", "pid", NULL);
		by = field_value(&fields, "dirtied_by");
		if (by)
			take(list, &fields, "dirtied_comm", "dirtied_pid", by);
	}
	qsort(list->named, list->count, sizeof(*list->named), in_order);
	merge(list);
	return true;
}

void named_meet(struct named_list *list, int pid, const char *comm)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct named *named = &list->named[i];
		char *bytes = named->number == (uint64_t)pid ? strdup(named->comm) : NULL;

		if (!bytes)
			continue;
		unescape(bytes);
		if (strcmp(bytes, comm))
			named->other_met = true;
		else
			named->met = true;
		free(bytes);
	}
}

void named_hide(struct named_list *list, int pid)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->named[i].number == (uint64_t)pid)
			list->named[i].hidden = true;
}

void named_hide_all(struct named_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		list->named[i].hidden = true;
}

void named_free(struct named_list *list)
{
	free(list->named);
	free(list->log);
	*list = (struct named_list){ 0 };
}
