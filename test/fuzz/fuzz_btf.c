// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer on what the module takes apart of the kernel's BTF: the input is that of vmlinux, and behind it
 * may be one of a module. All is looked up in it that its names may be; besides not crashing, what comes
 * out must be what it promises to be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"

/* Each is looked up as a structure and as a member of each. */
#define NAMES 24

static void must(bool condition)
{
	if (!condition)
		abort();
}

static bool is_known(int err)
{
	return !err || err == -ENOENT || err == -EINVAL || err == -ENOTUNIQ;
}

static void fuzz_member(const struct diolate_btf *btf, const char *structure, const char *member)
{
	struct diolate_btf_place place, again;
	int err;

	err = diolate_btf_member(btf, structure, member, &place);
	must(is_known(err));
	if (!err) {
		must(*structure && *member && place.kind <= DIOLATE_BTF_ARRAY);
		must(!diolate_btf_member(btf, structure, member, &again) && !memcmp(&place, &again, sizeof(place)));
	}
}

static void fuzz_function(const struct diolate_btf *btf, const char *function, char *text, size_t size)
{
	int err = diolate_btf_prototype(btf, function, text, size);

	must(is_known(err) || err == -ENOSPC);
	must(err || (*function && strlen(text) < size && text[0] == '(' && strstr(text, ")=")));
}

static void fuzz_names(const struct diolate_btf *btf, const char *names, size_t left)
{
	const char *list[NAMES] = { "" };
	char text[DIOLATE_BTF_TEXT], small[16];
	size_t n, i, j;

	/* The last byte of them is 0. */
	for (n = 1; n < NAMES && left; n++) {
		list[n] = names;
		left -= strlen(names) + 1;
		names += strlen(names) + 1;
	}
	for (i = 0; i < n; i++) {
		fuzz_function(btf, list[i], text, sizeof(text));
		fuzz_function(btf, list[i], small, sizeof(small));
		for (j = 0; j < n; j++)
			fuzz_member(btf, list[i], list[j]);
	}
}

/* In memory of exactly its size. */
static bool fuzz_init(struct diolate_btf *btf, void **copy, const uint8_t *data, size_t size,
		      const struct diolate_btf *base)
{
	int err;

	*copy = malloc(size);
	memcpy(*copy, data, size);
	err = diolate_btf_init(btf, *copy, size, base);
	must(!err || err == -EINVAL);
	return !err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t begins[] = { 0x9f, 0xeb, 1, 0 };
	const uint8_t *second = size ? memmem(data + 1, size - 1, begins, sizeof(begins)) : NULL;
	size_t first = second ? second - data : size;
	struct diolate_btf btf, module;
	void *copy, *other;

	if (fuzz_init(&btf, &copy, data, first, NULL)) {
		fuzz_names(&btf, btf.strings, btf.strings_size);
		if (second) {
			if (fuzz_init(&module, &other, second, size - first, &btf)) {
				fuzz_names(&module, btf.strings, btf.strings_size);
				fuzz_names(&module, module.strings, module.strings_size);
			}
			diolate_btf_free(&module);
			free(other);
		}
	}
	diolate_btf_free(&btf);
	free(copy);
	return 0;
}
