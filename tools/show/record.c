// SPDX-License-Identifier: GPL-2.0-only
/*
 * One late error, or one file with late errors, for machines and for people.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/module.h"
#include "show/json.h"
#include "show/record.h"
#include "show/text.h"
#include "show/words.h"

/* Fields that are text even if they look like a number, and those that are escaped. */
static bool is_text(const char *key)
{
	static const char *const texts[] = { "time", "first", "last", "outcome", "reason", "kind",
					     "dev", "fstype", "page", "consumer", "dirtied_by" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i]))
			return true;
	return false;
}

/* test/documents finds them here. */
static bool is_escaped(const char *key)
{
	return !strcmp(key, "path") || !strcmp(key, "comm") || !strcmp(key, "dirtied_comm");
}

static char *unescaped(const char *value)
{
	char *text = strdup(value);

	if (text)
		unescape(text);
	return text;
}

char *record_whole_name(const struct fields *fields, const struct mounts *mounts)
{
	const char *value = field_value(fields, "path");
	char *path = value ? unescaped(value) : NULL, *file = NULL;
	unsigned int major, minor;

	if (path && field_device(fields, &major, &minor))
		file = mounts_file(mounts, major, minor, path);
	free(path);
	return file;
}

void record_add_name(struct json_object *object, const char *key, const char *value)
{
	char *bytes = value ? unescaped(value) : NULL;

	json_add_name(object, key, bytes);
	free(bytes);
}

static void add_field(struct json_object *object, const struct field *field)
{
	const char *digits = field->value[0] == '-' ? field->value + 1 : field->value;
	struct json_object *value = NULL;
	uint64_t n;

	if (!strcmp(field->value, "-")) {
		/* null */
	} else if (is_escaped(field->key)) {
		record_add_name(object, field->key, field->value);
		return;
	} else if (!strcmp(field->key, "pages")) {
		/* "12+" is at least 12. */
		char *rest;

		n = strtoull(field->value, &rest, 10);
		value = json_object_new_uint64(n);
		json_object_object_add(object, "pages_at_least",
				       json_object_new_boolean(*rest == '+'));
	} else if (!is_text(field->key) && parse_number(digits, &n)) {
		value = digits == field->value ? json_object_new_uint64(n) :
						 json_object_new_int64(-(int64_t)n);
	} else {
		value = json_bytes(field->value);
	}
	json_object_object_add(object, field->key, value);
}

struct json_object *record_json(const struct fields *fields, const struct mounts *mounts)
{
	struct json_object *object = json_object_new_object();
	char *file = record_whole_name(fields, mounts);
	size_t i;

	for (i = 0; i < fields->count; i++)
		add_field(object, &fields->field[i]);
	json_add_name(object, "file", file);
	free(file);
	return object;
}

char *record_file(const struct fields *fields, const struct mounts *mounts)
{
	const char *device = field_value(fields, "dev"), *path = field_value(fields, "path");
	char *file = record_whole_name(fields, mounts), *shown, *rest;

	if (file) {
		shown = printable(file, 0);
		free(file);
		return shown;
	}
	if (!path)
		return strdup("(all other files)");
	/* Not to be taken for a name that can be opened. */
	rest = unescaped(path);
	shown = rest ? printable(rest, 0) : NULL;
	free(rest);
	if (!shown || asprintf(&file, "[%s]%s", device ? device : "?", shown) < 0)
		file = NULL;
	free(shown);
	return file;
}

enum colour record_colour(const char *outcome)
{
	/* The submitter was told, or there was nothing to tell. */
	if (!strcmp(outcome, "delivered") || !strcmp(outcome, "already_failed") ||
	    !strcmp(outcome, "repaired") || !strcmp(outcome, "spared"))
		return GREEN;
	return !strcmp(outcome, "pending") ? MAGENTA : RED;
}

const char *record_or_dash(const char *value)
{
	return value ? value : "-";
}

char *record_name(const char *comm)
{
	char *name = comm ? unescaped(comm) : NULL, *shown = name ? printable(name, 0) : NULL;

	free(name);
	return shown;
}

char *record_process(const char *comm, const char *pid)
{
	char *who = record_name(comm), *text = NULL;

	if ((who || pid) && asprintf(&text, "%s (%s)", record_or_dash(who), record_or_dash(pid)) < 0)
		text = NULL;
	free(who);
	return text;
}

const char *record_by(const char *by)
{
	return by ? words_in_short(WORD_DIRTIED_BY, by) : NULL;
}

char *record_in_words(const struct fields *fields, bool in_columns)
{
	const char *reason = field_value(fields, "reason"), *kind = field_value(fields, "kind");
	char *who = in_columns ? NULL : record_process(field_value(fields, "comm"),
						       field_value(fields, "pid"));
	char *dirtier = record_process(field_value(fields, "dirtied_comm"),
				       field_value(fields, "dirtied_pid"));
	const char *by = record_by(field_value(fields, "dirtied_by"));
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fprintf(out, "%s bytes at %s", record_or_dash(field_value(fields, "length")),
			record_or_dash(field_value(fields, "offset")));
		if (!in_columns)
			fprintf(out, ", %s", record_or_dash(field_value(fields, "consumer")));
		if (who)
			fprintf(out, " by %s", who);
		if (!in_columns && kind && !strcmp(kind, "overtaken"))
			fputs(", overtaken by writeback", out);
		if (dirtier && by)
			fprintf(out, "; %s had dirtied the page %s", dirtier, by);
		if (reason)
			fprintf(out, ", because %s", reason);
		fclose(out);
	}
	free(who);
	free(dirtier);
	return text;
}

void record_print(const struct fields *fields, const struct mounts *mounts)
{
	const char *outcome = record_or_dash(field_value(fields, "outcome"));
	char *file = record_file(fields, mounts), *words = record_in_words(fields, false);

	/* To the millisecond, in UTC as the log has it. */
	printf("%.23sZ %-14s %s  %s\n", record_or_dash(field_value(fields, "time")), outcome, record_or_dash(file),
	       record_or_dash(words));
	free(file);
	free(words);
}

struct mounts current_mounts(void)
{
	FILE *file = open_system_file("/proc/self/mountinfo");
	struct mounts mounts = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return mounts;
	while ((length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = 0;
		mounts_add(&mounts, line);
	}
	free(line);
	fclose(file);
	return mounts;
}
