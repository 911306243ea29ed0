// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer on all that the command takes apart: the module's files, mountinfo, names, times. Besides not
 * crashing, what comes out must be what it promises to be.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/mounts.h"
#include "read/parse.h"
#include "show/text.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void fuzz_text(const char *bytes)
{
	char *copy = strdup(bytes), *text;
	bool lossy;

	unescape(copy);
	must(strlen(copy) <= strlen(bytes));
	free(copy);

	text = escape(bytes);
	must(text[strcspn(text, " \n\033")] == 0);
	unescape(text);
	must(!strcmp(text, bytes));
	free(text);

	/* Valid text stays as it is, and what was made valid is. */
	text = valid_utf8(bytes, &lossy);
	must(lossy == !!strcmp(text, bytes));
	copy = valid_utf8(text, &lossy);
	must(!lossy && !strcmp(copy, text));
	free(copy);
	free(text);

	text = printable(bytes, 0);
	must(text[strcspn(text, "\n\r\033\177")] == 0);
	free(text);
	text = printable(bytes, 7);
	must(text_width(text) <= 7);
	free(text);
}

static void fuzz_line(char *line, struct mounts *mounts)
{
	static struct counters counters;
	static struct sites sites;
	unsigned int major, minor;
	struct timespec time;
	struct fields fields;
	const char *path;
	char *copy;
	uint64_t n;

	counters.count %= MAX_COUNTERS;
	sites.count %= MAX_SITES;
	parse_counter(line, &counters);
	parse_site(line, &sites);
	parse_log_time(line, &time);
	parse_since(line, 1795493405, &time);
	fuzz_text(line);
	copy = strdup(line);
	mounts_add(mounts, copy);
	free(copy);
	if (!parse_fields(line, &fields))
		return;
	must(fields.count <= MAX_FIELDS);
	field_number(&fields, "seq", &n);
	path = field_value(&fields, "path");
	if (path && field_device(&fields, &major, &minor))
		free(mounts_file(mounts, major, minor, path));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setlocale(LC_CTYPE, "C.UTF-8");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mounts mounts = { 0 };
	char *text = malloc(size + 1), *rest = text, *line;

	memcpy(text, data, size);
	text[size] = 0;
	while ((line = next_line(&rest)))
		fuzz_line(line, &mounts);
	mounts_free(&mounts);
	free(text);
	return 0;
}
