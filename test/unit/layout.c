// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel's BTF says of the structures and functions that the module knows, by src/kernel/btf.c, as
 * a table for people. test/layout runs it; it is no test.
 *   layout VMLINUX [MODULE...] <LIST     uncompressed, in which the BTF is searched for; or the BTF alone
 * LIST has a line for each: "STRUCTURE MEMBER", or "FUNCTION ()" for its prototype.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/btf.h"

/* include/uapi/linux/btf.h, struct btf_header. */
static const unsigned char begins[] = { 0x9f, 0xeb, 1, 0 };

static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	unsigned char *data;

	if (!f || fseek(f, 0, SEEK_END))
		goto bad;
	*size = ftell(f);
	data = malloc(*size + 1);
	rewind(f);
	if (!data || fread(data, 1, *size, f) != *size)
		goto bad;
	fclose(f);
	return data;
bad:
	perror(path);
	exit(1);
}

/* The end of the BTF that begins there, if one does. */
static size_t length_at(const unsigned char *data, size_t left)
{
	uint32_t h[6];
	uint64_t types, strings;

	if (left < sizeof(h))
		return 0;
	memcpy(h, data, sizeof(h));
	types = (uint64_t)h[1] + h[2] + h[3];
	strings = (uint64_t)h[1] + h[4] + h[5];
	if (types < strings)
		types = strings;
	return types <= left ? types : 0;
}

/* Whether there is one: the same bytes may be something else, and a type may have their number. */
static bool find(struct diolate_btf *btf, const char *path, const struct diolate_btf *base)
{
	size_t size, length;
	unsigned char *file = read_file(path, &size), *at = file;
	struct timespec before, after;
	void *copy;

	for (; (at = memmem(at, size - (at - file), begins, sizeof(begins))); at++) {
		length = length_at(at, size - (at - file));
		if (!length)
			continue;
		copy = malloc(length);
		memcpy(copy, at, length);
		clock_gettime(CLOCK_MONOTONIC, &before);
		if (!diolate_btf_init(btf, copy, length, base) && btf->end > btf->first)
			break;
		diolate_btf_free(btf);
		free(copy);
	}
	free(file);
	if (!at)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &after);
	fprintf(stderr, "%s: %zu bytes of BTF, %u types, %ld us\n", path, length, btf->end - btf->first,
		(after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000);
	return true;
}

static const char *reason(int err)
{
	switch (err) {
	case -ENOENT:
		return "-";
	case -ENOTUNIQ:
		return "several, which differ";
	default:
		return strerror(-err);
	}
}

/* Writes "OFFSET:SIZE KIND" of a member, or the prototype of a function, which has none. */
static int look_up(const struct diolate_btf *btf, const char *name, const char *member, char *text)
{
	static const char *const kinds[] = { "integer", "pointer", "structure", "array" };
	struct diolate_btf_place place;
	int err;

	if (!member)
		return diolate_btf_prototype(btf, name, text, DIOLATE_BTF_TEXT);
	err = diolate_btf_member(btf, name, member, &place);
	if (!err)
		snprintf(text, DIOLATE_BTF_TEXT, "%u:%u %s", place.offset, place.size, kinds[place.kind]);
	return err;
}

int main(int argc, char **argv)
{
	char line[256], text[DIOLATE_BTF_TEXT];
	struct diolate_btf btf[16];
	const char *paths[16];
	int i, n = 0;

	for (i = 1; i < argc && n < 16; i++) {
		paths[n] = argv[i];
		/* Modules of 5.10 have none. */
		if (find(&btf[n], argv[i], n ? &btf[0] : NULL))
			n++;
		else if (!n)
			return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		const char *name = strtok(line, " \t\n"), *member = strtok(NULL, " \t\n");
		bool is_function;
		int err = -ENOENT;

		if (!name || !member)
			continue;
		is_function = !strcmp(member, "()");
		for (i = 0; i < n && err == -ENOENT; i++)
			err = look_up(&btf[i], name, is_function ? NULL : member, text);
		printf("%s%s%s\t%s", name, is_function ? "" : ".", member, err ? reason(err) : text);
		/* Of a module. */
		if (!err && i > 1)
			printf(", in %s", strrchr(paths[i - 1], '/') ? strrchr(paths[i - 1], '/') + 1 : paths[i - 1]);
		putchar('\n');
	}
	return 0;
}
