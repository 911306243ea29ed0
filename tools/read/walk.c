// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "read/walk.h"

static void walk_add(struct walk *walk, FILE *out, const char *name)
{
	fwrite(name, strlen(name) + 1, 1, out);
	walk->count++;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk_take(struct walk *walk, FILE *out, FTS *tree, FTSENT *entry, enum walk_depth depth,
		      void (*cannot)(const char *path, int error))
{
	switch (entry->fts_info) {
	case FTS_D:
		if (depth == WALK_IN && entry->fts_level > FTS_ROOTLEVEL)
			fts_set(tree, entry, FTS_SKIP);
		break;
	case FTS_F:
		walk_add(walk, out, entry->fts_path);
		break;
	case FTS_DEFAULT:
		/* Neither a file nor a link: who gave it may mean it. */
		if (entry->fts_level == FTS_ROOTLEVEL)
			walk_add(walk, out, entry->fts_path);
		break;
	case FTS_SLNONE:
		entry->fts_errno = ENOENT;
		/* fall through */
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		/* What was there a moment ago is not there: that is as good as if it had gone before. */
		if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_errno == ENOENT)
			break;
		cannot(entry->fts_path, entry->fts_errno);
		walk->missed++;
		break;
	}
}

/* 0 or -errno. */
static int walk_tree(struct walk *walk, FILE *out, char **arguments, enum walk_depth depth, bool one_file_system,
		     void (*cannot)(const char *path, int error))
{
	int flags = FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | (one_file_system ? FTS_XDEV : 0), error;
	FTS *tree = fts_open(arguments, flags, by_name);
	FTSENT *entry;

	if (!tree)
		return -errno;
	while (errno = 0, entry = fts_read(tree))
		walk_take(walk, out, tree, entry, depth, cannot);
	error = errno;
	fts_close(tree);
	return -error;
}

int walk_files(struct walk *walk, char **arguments, enum walk_depth depth, bool one_file_system,
	       void (*cannot)(const char *path, int error))
{
	FILE *out;
	int ret = 0;

	*walk = (struct walk){ 0 };
	out = open_memstream(&walk->text, &walk->size);
	if (!out)
		return -ENOMEM;
	if (depth == WALK_NOT)
		for (; *arguments; arguments++)
			walk_add(walk, out, *arguments);
	else
		ret = walk_tree(walk, out, arguments, depth, one_file_system, cannot);
	if (fclose(out) && !ret)
		ret = -ENOMEM;
	return ret;
}

void walk_free(struct walk *walk)
{
	free(walk->text);
	*walk = (struct walk){ 0 };
}

const char *walk_next(const struct walk *walk, const char *name)
{
	const char *next = name ? name + strlen(name) + 1 : walk->text;

	return walk->text && next < walk->text + walk->size ? next : NULL;
}
