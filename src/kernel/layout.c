// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is private to the kernel is taken from the kernel's own description of its types, BTF, once,
 * while the module is loaded. Where it disagrees with the tested kernels about where a member is,
 * BTF is right. Where a member is no longer what it was, or a function is called with something
 * else, nothing is known: what relies on it is refused.
 *
 * Without BTF it is as in the tested kernels, and src/write/iomap_dio.c has the first writes prove
 * that. Flags are macros, which BTF does not have.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "kernel/btf.h"
#include "kernel/btf_file.h"
#include "kernel/compat/aio.h"
#include "kernel/compat/folio.h"
#include "kernel/compat/iomap.h"
#include "kernel/layout.h"

/* As in the tested kernels, 5.10 to 7.3. */
struct diolate_layout diolate_layout = {
	.is_tested = DIOLATE_IS_TESTED,
	.iomap_iocb = 0,
	.iomap_size = 24,
	.iomap_flags = 36,
	.iomap_error = 40,
	.iomap = DIOLATE_BY_TESTS,
	.dio = DIOLATE_BY_TESTS,
	.state = DIOLATE_IOMAP_STATE,
	.folio = DIOLATE_BY_TESTS,
	/* A kiocb of its own and a reference count are before it. */
	.orig_iocb = sizeof(struct kiocb) + sizeof(long),
	.backing = DIOLATE_BY_TESTS,
	.aio_rw = offsetof(struct diolate_aio_kiocb, rw),
	.aio_ctx = offsetof(struct diolate_aio_kiocb, ki_ctx),
	.aio_nr = offsetof(struct diolate_kioctx_table, nr),
	.aio_table = offsetof(struct diolate_kioctx_table, table),
	.aio = DIOLATE_BY_TESTS,
};

/**
 * struct member - a member of a structure
 * @structure: the name of the structure
 * @name:      the name of the member
 * @offset:    where it is
 * @size:      how many bytes it has; 0 for any number
 * @kind:      what it is
 * @known:     how that is known, of all members of the structure
 */
struct member {
	const char *structure, *name;
	unsigned int *offset, size;
	enum diolate_btf_kind kind;
	enum diolate_known *known;
};

#define MEMBER(structure, name, group, offset, size, kind)					\
	{ structure, name, &diolate_layout.offset, size, DIOLATE_BTF_##kind, &diolate_layout.group }

static const struct member members[] = {
	MEMBER("iomap_dio", "iocb", iomap, iomap_iocb, 8, POINTER),
	MEMBER("iomap_dio", "size", iomap, iomap_size, 8, INTEGER),
	MEMBER("iomap_dio", "flags", iomap, iomap_flags, 4, INTEGER),
	MEMBER("iomap_dio", "error", iomap, iomap_error, 4, INTEGER),
	MEMBER("dio", "iocb", dio, dio_iocb, 8, POINTER),
	MEMBER("dio", "result", dio, dio_result, 8, INTEGER),
	MEMBER("iomap_folio_state", "state", folio, state, 0, ARRAY),
	MEMBER("backing_aio", "orig_iocb", backing, orig_iocb, 8, POINTER),
	MEMBER("aio_kiocb", "rw", aio, aio_rw, 0, STRUCTURE),
	MEMBER("aio_kiocb", "ki_ctx", aio, aio_ctx, 8, POINTER),
	MEMBER("kioctx_table", "nr", aio, aio_nr, 4, INTEGER),
	MEMBER("kioctx_table", "table", aio, aio_table, 0, ARRAY),
};

/**
 * struct function - a function that is followed
 * @name:  the name of the function
 * @takes: the arguments that are used of it, as diolate_btf_prototype() has them
 * @or:    what it takes on other kernels, or NULL
 * @looks: how the structure is known into which it is looked there, or NULL
 * @known: how its arguments are known
 */
struct function {
	const char *name, *takes, *or;
	const enum diolate_known *looks;
	enum diolate_known known;
};

/* ->end_io() of struct iomap_dio_ops. */
#define LAYOUT_END_IO "(kiocb*,8,4,4)"

static struct function functions[] = {
	{ "__iomap_dio_rw", "(kiocb*,iov_iter*,iomap_ops*,iomap_dio_ops*", NULL,
	  &diolate_layout.iomap },
	{ "iomap_dio_rw", "(kiocb*,iov_iter*,iomap_ops*,iomap_dio_ops*", NULL,
	  &diolate_layout.iomap },
	{ "iomap_dio_bio_end_io", "(bio*)", NULL, &diolate_layout.iomap },
	{ "iomap_dio_complete", "(iomap_dio*)", NULL, &diolate_layout.iomap },
	{ "iomap_finish_ioends", "(iomap_ioend*,4)", NULL, &diolate_layout.iomap },
	{ "dio_bio_end_aio", "(bio*)", NULL, &diolate_layout.dio },
	{ "dio_bio_end_io", "(bio*)", NULL, &diolate_layout.dio },
	{ "dio_complete", "(dio*,8,4)", NULL, &diolate_layout.dio },
	{ "generic_file_direct_write", "(kiocb*,iov_iter*)" },
	{ "kiocb_invalidate_post_direct_write", "(kiocb*,8)" },
	{ "dio_warn_stale_pagecache", "(file*)" },
	{ "errseq_set", "(*,4)" },
	{ "aio_complete_rw", "(kiocb*,8" },
	{ "io_complete_rw", "(kiocb*,8" },
	{ "io_complete_rw_iopoll", "(kiocb*,8" },
	{ "kiocb_done", "(io_kiocb*,8", "(kiocb*,8" },
	{ "ext4_dio_write_end_io", LAYOUT_END_IO },
	{ "xfs_dio_write_end_io", LAYOUT_END_IO },
	{ "xfs_zoned_dio_write_end_io", LAYOUT_END_IO },
	{ "f2fs_dio_write_end_io", LAYOUT_END_IO },
	{ "exfat_file_write_dio_end_io", LAYOUT_END_IO },
	{ "ext2_dio_write_end_io", LAYOUT_END_IO },
	{ DIOLATE_START_WRITEBACK, "(folio*", "(page*" },
	{ DIOLATE_END_WRITEBACK, "(folio*", "(page*" },
};

/* diolate_layout_init() is over; and BTF was read. */
static bool is_learned, has_btf;

static void layout_learn_member(const struct diolate_btf *btf, const struct member *m)
{
	struct diolate_btf_place place;
	int err = diolate_btf_member(btf, m->structure, m->name, &place);
	bool first = *m->known == DIOLATE_BY_TESTS;

	if (err == -ENOENT) {
		/* Of a structure that is absent all members are. */
		if (first || *m->known != DIOLATE_IS_ABSENT)
			*m->known = first ? DIOLATE_IS_ABSENT : DIOLATE_HAS_CHANGED;
	} else if (err || place.kind != m->kind || (m->size && place.size != m->size) ||
		   (!first && *m->known != DIOLATE_BY_BTF)) {
		/* -ENOTUNIQ, too: of structures that differ nobody knows which one is meant. */
		*m->known = DIOLATE_HAS_CHANGED;
	} else {
		*m->offset = place.offset;
		*m->known = DIOLATE_BY_BTF;
	}
}

static bool layout_begins_with(const char *text, const char *beginning)
{
	return beginning && !strncmp(text, beginning, strlen(beginning));
}

/* The compiler may have changed what a function is called with; then BTF does not have it. */
static void layout_learn_function(const struct diolate_btf *btf, struct function *f)
{
	char text[DIOLATE_BTF_TEXT];
	int err = diolate_btf_prototype(btf, f->name, text, sizeof(text));

	if (err == -ENOENT)
		return;
	f->known = !err && (layout_begins_with(text, f->takes) || layout_begins_with(text, f->or)) ?
			   DIOLATE_BY_BTF : DIOLATE_HAS_CHANGED;
}

static void layout_learn(const struct diolate_btf *btf)
{
	struct diolate_btf_place place;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		layout_learn_member(btf, &members[i]);
	/* struct iomap_page, before 6.6, knows no dirty blocks (fs/iomap/buffered-io.c, 6.1). */
	if (diolate_layout.folio == DIOLATE_IS_ABSENT &&
	    diolate_btf_member(btf, "iomap_page", "uptodate", &place))
		diolate_layout.folio = DIOLATE_HAS_CHANGED;
	/* Its predecessor is overlayfs's, which may be a module. What it leads to is looked at. */
	if (diolate_layout.backing == DIOLATE_IS_ABSENT)
		diolate_layout.backing = DIOLATE_BY_TESTS;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		layout_learn_function(btf, &functions[i]);
}

/*
 * Nobody has tested this series: what the kernel does not say is a guess, and the flags of struct
 * iomap_dio it never says.
 */
static void layout_doubt(void)
{
	size_t i;

	if (diolate_layout.iomap == DIOLATE_BY_BTF)
		diolate_layout.iomap = DIOLATE_BY_BTF_ALONE;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (*members[i].known == DIOLATE_BY_TESTS)
			*members[i].known = DIOLATE_BY_GUESS;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].known == DIOLATE_BY_TESTS)
			functions[i].known = DIOLATE_BY_GUESS;
}

/**
 * diolate_layout_init() - learn what is private to the running kernel
 *
 * Context: process, may sleep; before anything private is looked at.
 */
void diolate_layout_init(void)
{
	struct diolate_btf btf;
	size_t size, i;
	void *data;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		functions[i].known = DIOLATE_BY_TESTS;
	if (!DIOLATE_IOMAP_KEEPS_DIRTY)
		diolate_layout.folio = DIOLATE_IS_ABSENT;
	data = diolate_btf_file_read("vmlinux", &size);
	if (!IS_ERR(data)) {
		has_btf = !diolate_btf_init(&btf, data, size, NULL);
		if (has_btf) {
			diolate_layout.folio = DIOLATE_BY_TESTS;
			layout_learn(&btf);
			diolate_btf_free(&btf);
		}
		diolate_btf_file_free(data);
	}
	if (!diolate_layout.is_tested)
		layout_doubt();
	is_learned = true;
}

/**
 * diolate_layout_is_guessed() - whether the kernel is of no tested series, and has no BTF
 *
 * Context: any.
 * Return: false as long as nobody knows.
 */
bool diolate_layout_is_guessed(void)
{
	return is_learned && !diolate_layout.is_tested && !has_btf;
}

static enum diolate_known layout_known_of(const struct function *f)
{
	enum diolate_known looks = f->looks ? READ_ONCE(*f->looks) : f->known;

	/* Where the structure is absent, so are they; or the structure has another name. */
	if (looks == DIOLATE_HAS_CHANGED ||
	    (looks == DIOLATE_IS_ABSENT && f->known == DIOLATE_BY_BTF))
		return DIOLATE_HAS_CHANGED;
	return f->known;
}

/**
 * diolate_layout_refuses() - whether a function must not be followed, because it is not known what
 *                            it is called with
 * @function: its name
 *
 * Context: any, after diolate_layout_init().
 * Return: 0 or -EPROTO.
 */
int diolate_layout_refuses(const char *function)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].name, function))
			return layout_known_of(&functions[i]) == DIOLATE_HAS_CHANGED ? -EPROTO : 0;
	return 0;
}

static const char * const layout_words[] = {
	[DIOLATE_BY_BTF] = "btf",
	[DIOLATE_BY_BEHAVIOUR] = "behaviour",
	[DIOLATE_BY_BTF_ALONE] = "unchecked",
	[DIOLATE_BY_TESTS] = "tested",
	[DIOLATE_BY_GUESS] = "untested",
	[DIOLATE_IS_ABSENT] = "absent",
	[DIOLATE_HAS_CHANGED] = "unproven",
};

/**
 * diolate_layout_summary() - how the kernel is known, in a word
 *
 * Context: any, after diolate_layout_init().
 * Return: "unproven" if something has changed; else "btf", "tested" or "untested".
 */
const char *diolate_layout_summary(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (READ_ONCE(*members[i].known) == DIOLATE_HAS_CHANGED)
			return layout_words[DIOLATE_HAS_CHANGED];
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].known == DIOLATE_HAS_CHANGED)
			return layout_words[DIOLATE_HAS_CHANGED];
	return layout_words[has_btf ? DIOLATE_BY_BTF : diolate_layout.is_tested ?
			    DIOLATE_BY_TESTS : DIOLATE_BY_GUESS];
}

/**
 * diolate_layout_show() - print the file `layout`
 * @m: gets a line `structure.member offset how` for each member and a line `function - how` for
 *     each function
 *
 * Context: process, may sleep.
 */
void diolate_layout_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *member = &members[i];

		seq_printf(m, "%s.%s %u %s\n", member->structure, member->name, *member->offset,
			   layout_words[READ_ONCE(*member->known)]);
	}
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		seq_printf(m, "%s() - %s\n", functions[i].name,
			   layout_words[layout_known_of(&functions[i])]);
}
