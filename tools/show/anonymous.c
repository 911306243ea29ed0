// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "read/parse.h"
#include "show/anonymous.h"
#include "show/text.h"

void anonymous_free(struct anonymous *anonymous)
{
	if (anonymous->out)
		fclose(anonymous->out);
	free(anonymous->text);
}

static void put(const char *text, FILE *out)
{
	char *shown = printable(text, 0);

	fputs(shown ? shown : "?", out);
	free(shown);
}

/* The number of a name, from 1 on; 0 if there is no memory for it. */
static size_t number_of(struct anonymous *anonymous, const char *name)
{
	const char *known = anonymous->text;
	size_t i;

	for (i = 0; i < anonymous->count; i++, known += strlen(known) + 1)
		if (!strcmp(known, name))
			return i + 1;
	if (!anonymous->out)
		anonymous->out = open_memstream(&anonymous->text, &anonymous->size);
	if (!anonymous->out || fwrite(name, strlen(name) + 1, 1, anonymous->out) != 1 || fflush(anonymous->out))
		return 0;
	return ++anonymous->count;
}

static void put_name(struct anonymous *anonymous, const char *name, FILE *out)
{
	size_t number = number_of(anonymous, name);

	if (number)
		fprintf(out, "file-%zu", number);
	else
		fputs("file-?", out);
}

/* Of a file of that device: the name that it has here, by which the kernel's own message has it, too. */
static void put_path(struct anonymous *anonymous, unsigned int major, unsigned int minor, const char *path, FILE *out)
{
	char *name = mounts_file(anonymous->mounts, major, minor, path);

	if (!name && asprintf(&name, "%u:%u %s", major, minor, path) < 0)
		name = NULL;
	if (name)
		put_name(anonymous, name, out);
	else
		fputs("file-?", out);
	free(name);
}

static void put_field(struct anonymous *anonymous, const struct fields *fields, size_t i, FILE *out)
{
	const struct field *field = &fields->field[i];
	unsigned int major, minor;
	char *path;

	fprintf(out, "%s", i ? " " : "");
	put(field->key, out);
	fputc('=', out);
	if (strcmp(field->key, "path") || !strcmp(field->value, "-")) {
		put(field->value, out);
		return;
	}
	path = strdup(field->value);
	if (path)
		unescape(path);
	if (path && field_device(fields, &major, &minor))
		put_path(anonymous, major, minor, path, out);
	else
		fputs("file-?", out);
	free(path);
}

void anonymous_record(struct anonymous *anonymous, char *line, FILE *out)
{
	struct fields fields;
	size_t i;

	if (anonymous->names) {
		put(line, out);
	} else if (!parse_fields(line, &fields)) {
		/* What is not known to be no name is none that is told. */
		fputs("(a line of another form)", out);
	} else {
		for (i = 0; i < fields.count; i++)
			put_field(anonymous, &fields, i, out);
	}
	fputc('\n', out);
}

/* `File: NAME PID: N Comm: NAME`: a name of a file may hold such words, too, and the last are the kernel's. */
static bool put_of_kernel(struct anonymous *anonymous, const char *text, FILE *out)
{
	const char *name = text + strlen("File: "), *end = NULL, *next = name;
	char *copy;

	if (strncmp(text, "File: ", strlen("File: ")))
		return false;
	while ((next = strstr(next, " PID: ")))
		end = next++;
	if (!end)
		return false;
	copy = strndup(name, end - name);
	fputs("File: ", out);
	if (copy)
		put_name(anonymous, copy, out);
	put(end, out);
	free(copy);
	return true;
}

/* `diolate: PATH (TYPE MAJOR:MINOR, inode N): ...`, src/report/message.c */
static bool put_of_module(struct anonymous *anonymous, const char *text, FILE *out)
{
	const char *path = text + strlen("diolate: "), *end = NULL, *next = path;
	unsigned int major, minor, x, y;
	char *copy;
	int all;

	if (strncmp(text, "diolate: ", strlen("diolate: ")))
		return false;
	/* A name may hold such words, too, and the last are the module's. */
	for (; (next = strstr(next, " (")); next++) {
		all = 0;
		if (sscanf(next, " (%*15s %4u:%7u, inode %*u): %n", &x, &y, &all) != 2 || !all)
			continue;
		end = next;
		major = x;
		minor = y;
	}
	if (!end)
		return false;
	copy = strndup(path, end - path);
	fputs("diolate: ", out);
	if (copy)
		put_path(anonymous, major, minor, copy, out);
	put(end, out);
	free(copy);
	return true;
}

void anonymous_kmsg(struct anonymous *anonymous, const char *text, FILE *out)
{
	if (anonymous->names || (!put_of_kernel(anonymous, text, out) && !put_of_module(anonymous, text, out)))
		put(text, out);
	fputc('\n', out);
}

/* An absolute one has a slash; the layers of an overlay may have relative ones. */
static bool has_name(const char *option)
{
	static const char *const keys[] = { "lowerdir", "upperdir", "workdir", "datadir" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strncmp(option, keys[i], strlen(keys[i])))
			return true;
	return strchr(option, '/');
}

void anonymous_options(struct anonymous *anonymous, const char *options, FILE *out)
{
	char *copy = strdup(options), *rest = copy, *option;
	const char *between = "";

	while ((option = strsep(&rest, ","))) {
		if (!anonymous->names && has_name(option))
			option[strcspn(option, "=/")] = 0;
		unescape(option);
		fputs(between, out);
		put(option, out);
		between = ",";
	}
	free(copy);
}
