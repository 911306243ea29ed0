// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/mounts.h"
#include "read/parse.h"

static char *copy_or_empty(const char *text)
{
	return strdup(text ? text : "");
}

static char *copy_unescaped(const char *text)
{
	char *copy = copy_or_empty(text);

	if (copy)
		unescape(copy);
	return copy;
}

static void mount_free(const struct mount *mount)
{
	free(mount->root);
	free(mount->point);
	free(mount->type);
	free(mount->source);
	free(mount->options);
}

/* Documentation/filesystems/proc.rst: ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG]... - TYPE SOURCE SUPER */
bool mounts_add(struct mounts *mounts, char *line)
{
	enum { DEVICE = 2, ROOT, POINT, OPTIONS };
	char *word[OPTIONS + 1], *rest;
	struct mount *mount;
	int end = 0;
	size_t i;

	for (i = 0; i <= OPTIONS; i++) {
		word[i] = strsep(&line, " ");
		if (!word[i] || !*word[i])
			return false;
	}
	mount = reallocarray(mounts->mount, mounts->count + 1, sizeof(*mount));
	if (!mount)
		return false;
	mounts->mount = mount;
	mount += mounts->count;
	if (sscanf(word[DEVICE], "%4u:%7u%n", &mount->major, &mount->minor, &end) != 2 ||
	    word[DEVICE][end])
		return false;
	/* Behind the tags, of which there may be none. */
	rest = line ? strstr(line, strncmp(line, "- ", 2) ? " - " : "- ") : NULL;
	if (rest)
		rest += *rest == ' ' ? 3 : 2;
	mount->root = copy_unescaped(word[ROOT]);
	mount->point = copy_unescaped(word[POINT]);
	mount->type = copy_unescaped(strsep(&rest, " "));
	mount->source = copy_unescaped(strsep(&rest, " "));
	/* As they are shown: a comma within one is escaped, too, and is not one between two. */
	mount->options = copy_or_empty(strsep(&rest, " "));
	if (!mount->root || !mount->point || !mount->type || !mount->source || !mount->options) {
		mount_free(mount);
		return false;
	}
	mounts->count++;
	return true;
}

void mounts_free(struct mounts *mounts)
{
	while (mounts->count)
		mount_free(&mounts->mount[--mounts->count]);
	free(mounts->mount);
	mounts->mount = NULL;
}

/* What remains of path below directory; NULL if it is not below it. */
static const char *below(const char *directory, const char *path)
{
	size_t length = strlen(directory);

	if (!strcmp(directory, "/"))
		return path;
	if (strncmp(path, directory, length) || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static bool is_better(const struct mount *this, const struct mount *that)
{
	if (strlen(this->root) != strlen(that->root))
		return strlen(this->root) < strlen(that->root);
	return strlen(this->point) < strlen(that->point);
}

char *mounts_file(const struct mounts *mounts, unsigned int major, unsigned int minor,
		  const char *path)
{
	const struct mount *best = NULL;
	char *file;
	size_t i;

	/* "...": its beginning is lost. */
	if (*path != '/')
		return NULL;
	for (i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->mount[i];

		if (mount->major == major && mount->minor == minor && below(mount->root, path) &&
		    (!best || is_better(mount, best)))
			best = mount;
	}
	if (!best)
		return NULL;
	if (asprintf(&file, "%s%s", strcmp(best->point, "/") ? best->point : "",
		     below(best->root, path)) < 0)
		return NULL;
	return file;
}

const char *mounts_options(const struct mounts *mounts, unsigned int major, unsigned int minor)
{
	size_t i;

	for (i = 0; i < mounts->count; i++)
		if (mounts->mount[i].major == major && mounts->mount[i].minor == minor)
			return mounts->mount[i].options;
	return "";
}
