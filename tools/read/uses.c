// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process has open and mapped, by its directory in /proc.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "read/parse.h"
#include "read/used.h"

/* A link of /proc ends, if the file has no name any more, with " (deleted)". */
#define NAME_SIZE (PATH_MAX + 16)

/* What fdinfo says of a descriptor. */
struct descriptor {
	int flags;
	unsigned int mount;
};

/* 0 or -errno; -ENOENT if it is gone. */
static int read_descriptor(int directory, int fd, struct descriptor *descriptor)
{
	char name[64], line[128];
	int found = -ENOENT;
	FILE *info;

	*descriptor = (struct descriptor){ 0 };
	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	info = process_file(directory, name);
	if (!info)
		return -errno;
	while (fgets(line, sizeof(line), info)) {
		if (sscanf(line, "flags: %o", (unsigned int *)&descriptor->flags) == 1)
			found = 0;
		if (sscanf(line, "mnt_id: %u", &descriptor->mount) == 1)
			break;
	}
	fclose(info);
	return found;
}

static bool is_denied(int error)
{
	return error == -EACCES || error == -EPERM;
}

/* Where a file is that has the number of no block device. */
enum place { PLACE_THERE, PLACE_ELSEWHERE, PLACE_UNKNOWN };

/* What is written to an overlay is written to the file system of its upper layer. */
static enum place place_of_overlay(const struct used_files *files, const char *line)
{
	const char *upper = strstr(line, ",upperdir=");
	enum place place = PLACE_UNKNOWN;
	struct stat st;
	char *path;

	if (!upper)
		return PLACE_ELSEWHERE;
	upper += strlen(",upperdir=");
	path = strndup(upper, strcspn(upper, ",\n"));
	if (path)
		unescape(path);
	/* A subvolume of btrfs has another number. */
	if (path && *path == '/' && files->major && !stat(path, &st) && major(st.st_dev) &&
	    (major(st.st_dev) != files->major || minor(st.st_dev) != files->minor))
		place = PLACE_ELSEWHERE;
	free(path);
	return place;
}

static bool is_of_type(int directory, const char *path, unsigned int type)
{
	int fd = openat(directory, path, O_PATH | O_CLOEXEC);
	struct statfs fs;
	bool is;

	if (fd < 0)
		return false;
	is = !fstatfs(fd, &fs) && (unsigned int)fs.f_type == type;
	close(fd);
	return is;
}

/* A process does not see each mount on which it has a file, as after chroot(). */
static enum place place_by_type(const struct used_files *files, int directory, const char *path)
{
	return is_of_type(directory, path, OVERLAYFS_SUPER_MAGIC) ||
	       (!files->major && is_of_type(directory, path, BTRFS_SUPER_MAGIC)) ? PLACE_UNKNOWN : PLACE_ELSEWHERE;
}

static enum place place_of(const struct used_files *files, int directory, int fd, unsigned int mount)
{
	FILE *mounts = process_file(directory, "mountinfo");
	unsigned int id, major, minor;
	enum place place = PLACE_ELSEWHERE;
	bool found = false;
	char *line = NULL, path[32];
	size_t size = 0;

	while (mounts && !found && getline(&line, &size, mounts) > 0) {
		found = sscanf(line, "%9u %*u %4u:%7u", &id, &major, &minor) == 3 && id == mount;
		if (found && major == files->major && minor == files->minor)
			place = PLACE_THERE;
		else if (found && strstr(line, " - overlay "))
			place = place_of_overlay(files, line);
	}
	free(line);
	if (mounts)
		fclose(mounts);
	if (found)
		return place;
	snprintf(path, sizeof(path), "fd/%d", fd);
	return place_by_type(files, directory, path);
}

/*
 * stat() has the device of the super block, but on file systems without a block device of their own: btrfs
 * gives each subvolume another, and an overlay stands for files of others.
 */
static bool is_on(struct used_files *files, const struct process *process, const struct stat *st, int fd,
		  unsigned int mount)
{
	enum place place;

	if (!S_ISREG(st->st_mode))
		return false;
	if (major(st->st_dev) == files->major && minor(st->st_dev) == files->minor)
		return true;
	if (major(st->st_dev))
		return false;
	place = place_of(files, process->directory, fd, mount);
	if (place == PLACE_UNKNOWN)
		used_hide(files, process);
	return place == PLACE_THERE;
}

static bool link_at(int directory, const char *path, char *name)
{
	ssize_t length = readlinkat(directory, path, name, NAME_SIZE - 1);

	name[length < 0 ? 0 : length] = 0;
	return length >= 0;
}

static void look_at_descriptor(struct used_files *files, const struct process *process, int fds, int fd,
			       const struct stat *st)
{
	struct used_file *file = files->of_file_system ? NULL : used_find(files, st, NULL);
	struct descriptor descriptor;
	struct use use = { .fd = fd };
	int ret;

	/* What is asked first costs least. */
	if (!file && !(files->of_file_system && S_ISREG(st->st_mode)))
		return;
	ret = read_descriptor(process->directory, fd, &descriptor);
	if (is_denied(ret))
		used_hide(files, process);
	if (ret)
		return;
	/* One that is only read through the cache cannot dirty a page; O_PATH does nothing at all. */
	if (descriptor.flags & O_PATH ||
	    (!(descriptor.flags & O_DIRECT) && (descriptor.flags & O_ACCMODE) == O_RDONLY))
		return;
	if (!file) {
		char path[16], name[NAME_SIZE];

		snprintf(path, sizeof(path), "%d", fd);
		if (!is_on(files, process, st, fd, descriptor.mount) || !link_at(fds, path, name))
			return;
		file = used_find(files, st, name);
		if (!file)
			return;
	}
	use.how = (descriptor.flags & O_DIRECT) ? USE_DIRECT : USE_BUFFERED;
	use.flags = descriptor.flags;
	used_note(files, file, process, &use);
}

static void look_at_descriptors(struct used_files *files, const struct process *process)
{
	int fd = openat(process->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!fds) {
		if (is_denied(-errno))
			used_hide(files, process);
		return;
	}
	while ((entry = readdir(fds))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (!fstatat(fd, entry->d_name, &st, 0))
			look_at_descriptor(files, process, fd, atoi(entry->d_name), &st);
		else if (is_denied(-errno))
			/* A list of numbers may be had where what they are is not told. */
			used_hide(files, process);
	}
	closedir(fds);
}

/* On the file system that is asked about: by what map_files has, or else, as maps has the device of the super block. */
static struct used_file *find_on(struct used_files *files, const struct process *process,
				 const struct mapping *mapping, const struct stat *st, char *path)
{
	struct stat made = { .st_mode = S_IFREG, .st_ino = mapping->inode };

	if (mapping->major != files->major || mapping->minor != files->minor || (st && !S_ISREG(st->st_mode)))
		return NULL;
	if (st) {
		char name[NAME_SIZE];
		bool known = mapping_link(process->directory, mapping, name, sizeof(name));

		return used_find(files, st, known ? name : path);
	}
	/* There the number alone may be that of several files. */
	if (!mapping->major) {
		used_hide(files, process);
		return NULL;
	}
	made.st_dev = makedev(mapping->major, mapping->minor);
	return used_find(files, &made, path);
}

static void look_at_mapping(struct used_files *files, const struct process *process, char *line)
{
	struct used_file *file;
	struct mapping mapping;
	struct stat st;
	struct use use;
	char *path = strchr(line, '/');
	bool known;

	if (!mapping_parse(line, &mapping) || mapping.mode[1] != 'w' || mapping.mode[3] != 's' || !mapping.inode)
		return;
	line[strcspn(line, "\n")] = 0;
	known = mapping_stat(process->directory, &mapping, &st);
	file = files->of_file_system ?
		       find_on(files, process, &mapping, known ? &st : NULL, path ? path : line) :
		       used_find_mapping(files, &mapping, known ? &st : NULL);
	if (!file)
		return;
	use = (struct use){ .how = USE_MAPPED, .offset = mapping.offset, .length = mapping.end - mapping.start };
	used_note(files, file, process, &use);
}

/* False if it has no memory: it ended, or is the kernel's. */
static bool look_at_mappings(struct used_files *files, const struct process *process)
{
	FILE *maps = process_file(process->directory, "maps");
	char *line = NULL;
	size_t size = 0;
	bool any = false;

	if (!maps) {
		/* How some kernels say that it has none. */
		any = errno != ESRCH;
		if (is_denied(-errno))
			used_hide(files, process);
		return any;
	}
	for (; getline(&line, &size, maps) > 0; any = true)
		look_at_mapping(files, process, line);
	free(line);
	fclose(maps);
	return any;
}

static bool look_at_task(struct used_files *files, const struct process *process)
{
	look_at_descriptors(files, process);
	return look_at_mappings(files, process);
}

/*
 * A main thread that has ended has neither descriptors nor memory any more, and still stands for its process, whose
 * other threads have both (do_exit(), kernel/exit.c, 5.10 to 7.3). One of them is enough, as they share them.
 */
static void look_at_threads(struct used_files *files, const struct process *process)
{
	int fd = openat(process->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct process thread = { .pid = process->pid };
	struct dirent *entry;
	bool found = false;

	if (!tasks)
		return;
	while (!found && (entry = readdir(tasks))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == process->pid)
			continue;
		thread.directory = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (thread.directory < 0)
			continue;
		found = look_at_task(files, &thread);
		close(thread.directory);
	}
	closedir(tasks);
}

static void look_at_process(const struct process *process, void *data)
{
	if (!look_at_task(data, process))
		look_at_threads(data, process);
}

/*
 * With hidepid=invisible /proc does not even list the processes of others (proc_pid_permission(), fs/proc/base.c). The
 * first one is always there, and is one of these. In a container it is the container's, and none that is outside is
 * listed.
 */
int used_look(struct used_files *files)
{
	static const struct process first = { .pid = 1 };
	int ret = process_each(look_at_process, files);

	if (!ret && !process_is_listed(first.pid))
		used_hide(files, &first);
	files->is_namespaced = !process_all_namespaces();
	return ret;
}
