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
#include "show/terminal.h"
#include "show/text.h"

/* Fields that are text even if they look like a number, and those that are escaped. */
static bool is_text(const char *key)
{
	static const char *const texts[] = { "time", "first", "last", "outcome", "reason", "kind",
					     "dev", "fstype", "page", "consumer" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i]))
			return true;
	return false;
}

static bool is_escaped(const char *key)
{
	return !strcmp(key, "path") || !strcmp(key, "comm");
}

static char *unescaped(const char *value)
{
	char *text = strdup(value);

	if (text)
		unescape(text);
	return text;
}

/* The path with its mount point; NULL if it is not known. To be freed. */
static char *whole_name(const struct fields *fields, const struct mounts *mounts)
{
	const char *value = field_value(fields, "path");
	char *path = value ? unescaped(value) : NULL, *file = NULL;
	unsigned int major, minor;

	if (path && field_device(fields, &major, &minor))
		file = mounts_file(mounts, major, minor, path);
	free(path);
	return file;
}

/* A name may hold bytes that JSON cannot: then it is there escaped as well, under another key. */
static void add_name(struct json_object *object, const char *key, const char *value)
{
	bool lossy = false;
	char *bytes = unescaped(value), *text = bytes ? valid_utf8(bytes, &lossy) : NULL;
	char *other;

	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
	if (lossy && asprintf(&other, "%s_escaped", key) > 0) {
		free(text);
		text = escape(bytes);
		json_object_object_add(object, other, text ? json_object_new_string(text) : NULL);
		free(other);
	}
	free(text);
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
		add_name(object, field->key, field->value);
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
	char *file = whole_name(fields, mounts);
	size_t i;

	for (i = 0; i < fields->count; i++)
		add_field(object, &fields->field[i]);
	json_object_object_add(object, "file", file ? json_bytes(file) : NULL);
	free(file);
	return object;
}

char *record_file(const struct fields *fields, const struct mounts *mounts)
{
	const char *device = field_value(fields, "dev"), *path = field_value(fields, "path");
	char *file = whole_name(fields, mounts), *shown, *rest;

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

static enum colour outcome_colour(const char *outcome)
{
	/* The submitter was told, or there was nothing to tell. */
	if (!strcmp(outcome, "delivered") || !strcmp(outcome, "already_failed") ||
	    !strcmp(outcome, "repaired") || !strcmp(outcome, "spared"))
		return GREEN;
	return !strcmp(outcome, "pending") ? YELLOW : RED;
}

static const char *or_dash(const char *value)
{
	return value ? value : "-";
}

/* The write, who made it, what befell it, and why nobody could be told. To be freed. */
static char *write_in_words(const struct fields *fields)
{
	const char *reason = field_value(fields, "reason"), *kind = field_value(fields, "kind");
	const char *comm = field_value(fields, "comm"), *pid = field_value(fields, "pid");
	char *name = comm ? unescaped(comm) : NULL, *who = name ? printable(name, 0) : NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fprintf(out, "%s bytes at %s, %s", or_dash(field_value(fields, "length")),
			or_dash(field_value(fields, "offset")),
			or_dash(field_value(fields, "consumer")));
		if (who || pid)
			fprintf(out, " by %s (%s)", or_dash(who), or_dash(pid));
		if (kind && !strcmp(kind, "overtaken"))
			fputs(", overtaken by writeback", out);
		if (reason)
			fprintf(out, ", because %s", reason);
		fclose(out);
	}
	free(name);
	free(who);
	return text;
}

void record_print(const struct fields *fields, const struct mounts *mounts)
{
	const char *outcome = or_dash(field_value(fields, "outcome"));
	char *file = record_file(fields, mounts), *words = write_in_words(fields);
	int width, rows, columns;

	/* To the millisecond, in UTC as the log has it. */
	width = printf("%.23sZ ", or_dash(field_value(fields, "time")));
	fputs(colour(outcome_colour(outcome)), stdout);
	width += printf("%-14s", outcome);
	width += printf("%s %s", colour(PLAIN), or_dash(file)) - (int)strlen(colour(PLAIN));
	/* A terminal that is too narrow gets a second line, rather than one cut anywhere. */
	terminal_size(&rows, &columns);
	width += 2 + strlen(or_dash(words));
	printf("%s%s\n", is_terminal(stdout) && width > columns ? "\n    " : "  ", or_dash(words));
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
