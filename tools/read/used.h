/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files, and the processes that have them in a way that can be part in a collision: open with O_DIRECT, open for
 * buffered writing, or mapped shared and writable.
 */
#ifndef DIOLATE_READ_USED_H
#define DIOLATE_READ_USED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "read/process.h"

/* One way in which a process has a file. */
struct use {
	enum use_how { USE_DIRECT, USE_BUFFERED, USE_MAPPED } how;
	/* Of a descriptor: its number, and the flags of open(). */
	int fd, flags;
	/* Of a mapping. */
	uint64_t offset, length;
	/* Of which process. */
	int pid;
};

struct user {
	int pid;
	/* What is not known is that of one that has ended since. */
	bool has_uid, has_comm;
	unsigned int uid;
	char comm[32];
};

/*
 * The file as stat() shows it, and as a mapping of it is shown. The two differ: maps has the device of
 * the super block, which on btrfs is not the subvolume's, and on overlayfs, depending on the kernel,
 * the file below. So a mapping is compared with one of our own.
 */
struct used_file {
	/* As it was given, or as a process has it; then it may lead elsewhere here, or nowhere. */
	char *name;
	bool is_here;
	struct stat stat;
	bool mapped;
	struct mapping mapping;
	bool linked;
	struct stat link;
	size_t count;
	struct user *user;
	/* Of all of them, in the order in which they were met. */
	size_t uses;
	struct use *use;
	/* Somebody writes directly; and somebody writes by way of the page cache. */
	bool direct, cached;
};

struct used_files {
	size_t count;
	struct used_file **file;
	/* By key, for tsearch(). */
	void *by_key;
	/* Not those that were given, but all that are met on a file system, of which this is the device. */
	bool of_file_system;
	unsigned int major, minor;
	/* The processes that could not be looked at, by number. */
	size_t hidden;
	int *hidden_pid;
	/* Nor could those outside of this PID namespace, whose number nobody knows here. */
	bool is_namespaced;
	/* Not all that was met is here. */
	bool no_memory;
};

/*
 * Takes a file up, regular or a block device, if it is not there yet. It is opened for nothing but to be looked at,
 * and closed. 0 or -errno; -EINVAL is for one of another kind.
 */
int used_add(struct used_files *files, const char *name);
void used_free(struct used_files *files);

/* Looks at all processes; 0 or -errno. */
int used_look(struct used_files *files);

/* Whether there may be one that has a file and was not seen. */
static inline bool used_some_are_hidden(const struct used_files *files)
{
	return files->hidden || files->is_namespaced;
}

static inline bool used_is_mixed(const struct used_file *file)
{
	return file->direct && file->cached;
}

/* For what looks at processes: */

/* The file with this status, of those that are asked about; NULL if it is none. With `name` it may be a new one. */
struct used_file *used_find(struct used_files *files, const struct stat *st, const char *name);
/* One of those that are given, by a mapping; `st` is what map_files has for it, or NULL. */
struct used_file *used_find_mapping(struct used_files *files, const struct mapping *mapping,
				    const struct stat *st);
void used_note(struct used_files *files, struct used_file *file, const struct process *process,
	       const struct use *use);
void used_hide(struct used_files *files, const struct process *process);

#endif
