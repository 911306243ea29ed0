// SPDX-License-Identifier: GPL-2.0-only
/*
 * falsify MODULE OUT WORD VALUE - a copy of the module that has another number in its table of layouts
 * falsify MODULE OUT OLD NEW    - one that has another text of the same length, wherever it is
 *
 * WORD counts the ints of diolate_layout (src/kernel/layout.h).
 */
#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *image;
static size_t length;

static void read_whole(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f || fseek(f, 0, SEEK_END))
		err(1, "%s", path);
	length = ftell(f);
	rewind(f);
	image = malloc(length);
	if (!image || fread(image, 1, length, f) != length)
		err(1, "%s", path);
	fclose(f);
}

static void write_whole(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(image, 1, length, f) != length || fclose(f))
		err(1, "%s", path);
}

/* Where the module's file has the first byte of a symbol. */
static char *symbol(const char *name)
{
	const Elf64_Ehdr *header = (void *)image;
	const Elf64_Shdr *sections = (void *)(image + header->e_shoff);
	unsigned int i, j;

	for (i = 0; i < header->e_shnum; i++) {
		const Elf64_Sym *symbols = (void *)(image + sections[i].sh_offset);
		const char *names = image + sections[sections[i].sh_link].sh_offset;

		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		for (j = 0; j < sections[i].sh_size / sizeof(*symbols); j++)
			if (!strcmp(names + symbols[j].st_name, name))
				return image + sections[symbols[j].st_shndx].sh_offset +
				       symbols[j].st_value;
	}
	errx(1, "the module has no %s", name);
}

static void replace(const char *old, const char *new)
{
	size_t bytes = strlen(old) + 1;
	unsigned int found = 0;
	char *at = image;

	if (strlen(new) + 1 != bytes)
		errx(1, "%s and %s are not as long", old, new);
	while ((at = memmem(at, image + length - at, old, bytes))) {
		memcpy(at, new, bytes);
		found++;
	}
	if (!found)
		errx(1, "the module has no %s", old);
}

int main(int argc, char **argv)
{
	char *end;
	unsigned long word;

	if (argc != 5)
		errx(1, "falsify MODULE OUT WORD VALUE | OLD NEW");
	read_whole(argv[1]);
	word = strtoul(argv[3], &end, 10);
	if (*end)
		replace(argv[3], argv[4]);
	else
		((unsigned int *)symbol("diolate_layout"))[word] = atoi(argv[4]);
	write_whole(argv[2]);
	return 0;
}
