// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read/module.h"
#include "read/process.h"

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int is_pid(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]);
}

static void process_visit(int proc, const char *pid, void (*visit)(const struct process *process, void *data),
			  void *data)
{
	struct process process = { .pid = atoi(pid) };

	if (process.pid == getpid())
		return;
	process.directory = openat(proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* It has ended meanwhile; so has one whose files answer ENOENT or ESRCH. */
	if (process.directory < 0)
		return;
	visit(&process, data);
	close(process.directory);
}

int process_each(void (*visit)(const struct process *process, void *data), void *data)
{
	char *path = system_path("/proc");
	int proc = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, n, i, error;
	struct dirent **pids;

	n = proc < 0 ? -1 : scandir(path, &pids, is_pid, by_number);
	error = errno;
	for (i = 0; i < n; i++) {
		process_visit(proc, pids[i]->d_name, visit, data);
		free(pids[i]);
	}
	if (n >= 0)
		free(pids);
	if (proc >= 0)
		close(proc);
	free(path);
	return n < 0 ? -error : 0;
}

bool process_is_listed(int pid)
{
	char name[32], *path;
	bool is;

	snprintf(name, sizeof(name), "/proc/%d", pid);
	path = system_path(name);
	is = path && !access(path, F_OK);
	free(path);
	return is;
}

/* What /proc/self/ns/pid is in the first PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h, 5.10 to 7.3). */
#define FIRST_NAMESPACE "pid:[4026531836]"

bool process_all_namespaces(void)
{
	char *self = system_path("/proc/self"), *path = system_path("/proc/self/ns/pid"), name[32];
	ssize_t length = path ? readlink(path, name, sizeof(name)) : -1;
	bool all;

	if (length < 0)
		/* A kernel without such namespaces; but not where /proc is that of a namespace this process is not in. */
		all = self && path && errno == ENOENT && !access(self, F_OK);
	else
		all = length == (ssize_t)strlen(FIRST_NAMESPACE) && !memcmp(name, FIRST_NAMESPACE, length);
	free(self);
	free(path);
	return all;
}

FILE *process_file(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

bool process_user(const struct process *process, unsigned int *uid)
{
	FILE *file = process_file(process->directory, "status");
	bool known = false;
	char line[256];

	if (!file)
		return false;
	while (!known && fgets(line, sizeof(line), file))
		/* Real and effective; what it may do is by the effective one. */
		known = sscanf(line, "Uid: %*u %u", uid) == 1;
	fclose(file);
	return known;
}

bool process_name(const struct process *process, char *comm, size_t size)
{
	FILE *file = process_file(process->directory, "comm");
	size_t length;

	*comm = 0;
	if (!file)
		return false;
	/* It may hold a newline, and ends with one. */
	length = fread(comm, 1, size - 1, file);
	fclose(file);
	comm[length ? length - 1 : 0] = 0;
	return length;
}

bool mapping_parse(const char *line, struct mapping *mapping)
{
	return sscanf(line, "%lx-%lx %7s %" SCNx64 " %x:%x %" SCNu64, &mapping->start, &mapping->end,
		      mapping->mode, &mapping->offset, &mapping->major, &mapping->minor,
		      &mapping->inode) == 7;
}

static void mapping_path(const struct mapping *mapping, char path[64])
{
	snprintf(path, 64, "map_files/%lx-%lx", mapping->start, mapping->end);
}

bool mapping_stat(int directory, const struct mapping *mapping, struct stat *st)
{
	char path[64];

	mapping_path(mapping, path);
	return !fstatat(directory, path, st, 0);
}

bool mapping_link(int directory, const struct mapping *mapping, char *name, size_t size)
{
	char path[64];
	ssize_t length;

	mapping_path(mapping, path);
	length = readlinkat(directory, path, name, size - 1);
	if (length < 0)
		return false;
	name[length] = 0;
	return true;
}
