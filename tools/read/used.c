// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "read/quiet.h"
#include "read/used.h"

/* A block device is one whatever node it is opened by. */
static int by_key(const void *a, const void *b)
{
	const struct stat *x = &((const struct used_file *)a)->stat, *y = &((const struct used_file *)b)->stat;
	bool block = S_ISBLK(x->st_mode);
	dev_t dev = block ? x->st_rdev : x->st_dev, other = block ? y->st_rdev : y->st_dev;

	if (block != S_ISBLK(y->st_mode))
		return block ? 1 : -1;
	if (dev != other)
		return dev < other ? -1 : 1;
	if (block || x->st_ino == y->st_ino)
		return 0;
	return x->st_ino < y->st_ino ? -1 : 1;
}

static struct used_file *used_lookup(struct used_files *files, const struct stat *st)
{
	struct used_file wanted = { .stat = *st };
	void *found = tfind(&wanted, &files->by_key, by_key);

	return found ? *(struct used_file **)found : NULL;
}

static struct used_file *used_new(struct used_files *files, const char *name, const struct stat *st)
{
	struct used_file **more = reallocarray(files->file, files->count + 1, sizeof(*more));
	struct used_file *file = calloc(1, sizeof(*file));

	if (more)
		files->file = more;
	if (more && file) {
		file->stat = *st;
		file->name = strdup(name);
		if (file->name && tsearch(file, &files->by_key, by_key)) {
			files->file[files->count++] = file;
			return file;
		}
		free(file->name);
	}
	free(file);
	files->no_memory = true;
	return NULL;
}

/* How a mapping of it is shown, by one of ours that begins at `map`. */
static void used_learn(struct used_file *file, const void *map)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	FILE *maps = process_file(self, "maps");
	char *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		if (!mapping_parse(line, &file->mapping) || file->mapping.start != (unsigned long)map)
			continue;
		file->mapped = true;
		file->linked = mapping_stat(self, &file->mapping, &file->link);
		break;
	}
	free(line);
	if (maps)
		fclose(maps);
	close(self);
}

int used_add(struct used_files *files, const char *name)
{
	struct used_file *file;
	struct stat st;
	void *map;
	int fd;

	if (stat(name, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return -EINVAL;
	if (used_lookup(files, &st))
		return 0;
	file = used_new(files, name, &st);
	if (!file)
		return -ENOMEM;
	file->is_here = true;
	fd = quiet_open(name, &st);
	map = fd < 0 || !is_same_file(&st, &file->stat) ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		used_learn(file, map);
		munmap(map, 1);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

/* Whether the name leads to this file here, and not only where the process is that has it. */
static bool leads_here(const char *name, const struct stat *st)
{
	struct stat here;

	return *name == '/' && !stat(name, &here) && is_same_file(&here, st);
}

struct used_file *used_find(struct used_files *files, const struct stat *st, const char *name)
{
	struct used_file *file = used_lookup(files, st);

	if (!name || (file && file->is_here))
		return file;
	if (!file) {
		file = used_new(files, name, st);
		if (file)
			file->is_here = leads_here(name, st);
	} else if (leads_here(name, st)) {
		char *better = strdup(name);

		if (better) {
			free(file->name);
			file->name = better;
			file->is_here = true;
		}
	}
	return file;
}

static bool is_mapping_of(const struct used_file *file, const struct mapping *mapping, const struct stat *st)
{
	if (!file->mapped || mapping->inode != file->mapping.inode || mapping->major != file->mapping.major ||
	    mapping->minor != file->mapping.minor)
		return false;
	/*
	 * A block device has each number once. Others, with major 0, need not: btrfs has one per
	 * subvolume.
	 */
	return mapping->major || !file->linked || !st || is_same_file(st, &file->link);
}

struct used_file *used_find_mapping(struct used_files *files, const struct mapping *mapping, const struct stat *st)
{
	struct used_file *file = st ? used_lookup(files, st) : NULL;
	size_t i;

	if (file && (!file->mapped || S_ISBLK(file->stat.st_mode)))
		return file;
	for (i = 0; i < files->count; i++)
		if (is_mapping_of(files->file[i], mapping, st))
			return files->file[i];
	return NULL;
}

static struct user *used_user(struct used_files *files, struct used_file *file, const struct process *process)
{
	struct user *more, *user = file->count ? &file->user[file->count - 1] : NULL;

	if (user && user->pid == process->pid)
		return user;
	more = reallocarray(file->user, file->count + 1, sizeof(*more));
	if (!more) {
		files->no_memory = true;
		return NULL;
	}
	file->user = more;
	user = &more[file->count++];
	*user = (struct user){ .pid = process->pid };
	user->has_uid = process_user(process, &user->uid);
	user->has_comm = process_name(process, user->comm, sizeof(user->comm));
	return user;
}

void used_note(struct used_files *files, struct used_file *file, const struct process *process,
	       const struct use *use)
{
	struct user *user = used_user(files, file, process);
	struct use *more = user ? reallocarray(file->use, file->uses + 1, sizeof(*more)) : NULL;

	if (!more) {
		files->no_memory = true;
		return;
	}
	file->use = more;
	more += file->uses++;
	*more = *use;
	more->pid = process->pid;
	if (use->how != USE_DIRECT)
		file->cached = true;
	else if ((use->flags & O_ACCMODE) != O_RDONLY)
		file->direct = true;
}

void used_hide(struct used_files *files, const struct process *process)
{
	int *more;

	if (files->hidden && files->hidden_pid[files->hidden - 1] == process->pid)
		return;
	more = reallocarray(files->hidden_pid, files->hidden + 1, sizeof(*more));
	if (!more) {
		files->no_memory = true;
		return;
	}
	files->hidden_pid = more;
	more[files->hidden++] = process->pid;
}

static void used_drop(struct used_file *file)
{
	free(file->use);
	free(file->user);
	free(file->name);
	free(file);
}

static void keep(void *node)
{
	(void)node;
}

void used_free(struct used_files *files)
{
	tdestroy(files->by_key, keep);
	while (files->count)
		used_drop(files->file[--files->count]);
	free(files->file);
	free(files->hidden_pid);
	*files = (struct used_files){ 0 };
}
