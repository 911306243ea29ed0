/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's description of its own types and functions, BTF.
 */
#ifndef DIOLATE_KERNEL_BTF_H
#define DIOLATE_KERNEL_BTF_H

#include <linux/types.h>

/**
 * struct diolate_btf - a BTF that has been checked
 * @base:         what it continues; NULL for that of vmlinux
 * @types:        its types, one behind the other, each of a whole number of words
 * @first:        the number of its first type
 * @end:          and the number behind its last one
 * @strings:      its names
 * @first_string: what a type calls the first byte of them
 * @strings_size: how many bytes they have; the last one is 0
 * @index:        where its types are, and which have a name in common (src/kernel/btf.c)
 */
struct diolate_btf {
	const struct diolate_btf *base;
	const u32 *types;
	u32 first, end;
	const char *strings;
	u32 first_string, strings_size;
	u32 *index;
};

/* Bytes of a prototype as text, such as all that is looked up has in Debian's kernels. */
#define DIOLATE_BTF_TEXT 128

/* What a member of a structure is, behind all typedefs. */
enum diolate_btf_kind {
	DIOLATE_BTF_INTEGER, /* or an enum, or a floating-point number */
	DIOLATE_BTF_POINTER,
	DIOLATE_BTF_STRUCTURE, /* or a union */
	DIOLATE_BTF_ARRAY,
};

/**
 * struct diolate_btf_place - where a member of a structure is
 * @offset: from the start of the structure, bytes
 * @size:   bytes; 0 for an array of no certain length
 * @kind:   what it is
 */
struct diolate_btf_place {
	u32 offset, size;
	enum diolate_btf_kind kind;
};

int diolate_btf_init(struct diolate_btf *btf, const void *data, size_t size,
		     const struct diolate_btf *base);
void diolate_btf_free(struct diolate_btf *btf);
int diolate_btf_member(const struct diolate_btf *btf, const char *structure, const char *member,
		       struct diolate_btf_place *place);
int diolate_btf_prototype(const struct diolate_btf *btf, const char *function, char *text,
			  size_t size);

#endif
