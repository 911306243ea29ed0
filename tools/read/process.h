/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes of this machine, as /proc has them.
 */
#ifndef DIOLATE_READ_PROCESS_H
#define DIOLATE_READ_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* One, with its directory open. */
struct process {
	int pid, directory;
};

/* Calls `visit` for each but this one, by number; 0, or -errno if there is no /proc. */
int process_each(void (*visit)(const struct process *process, void *data), void *data);

/* Whether /proc lists it. */
bool process_is_listed(int pid);
/* Whether /proc lists those of all PID namespaces, as it does in the first one only, which all others are in. */
bool process_all_namespaces(void);

/*
 * The user whose rights it has; and its name, of which the newline at the end is cut. False if it cannot be read, as of
 * one that has ended.
 */
bool process_user(const struct process *process, unsigned int *uid);
bool process_name(const struct process *process, char *comm, size_t size);

/* A file of its directory, to be read. */
FILE *process_file(int directory, const char *name);

/* As maps shows a mapping. */
struct mapping {
	unsigned long start, end;
	char mode[8];
	uint64_t offset;
	unsigned int major, minor;
	uint64_t inode;
};

bool mapping_parse(const char *line, struct mapping *mapping);
/* What map_files has for it, its status and its name; only root may look. */
bool mapping_stat(int directory, const struct mapping *mapping, struct stat *st);
bool mapping_link(int directory, const struct mapping *mapping, char *name, size_t size);

/* Whether two are one file. */
static inline bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

#endif
