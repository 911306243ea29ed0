// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate who: which processes can be in a collision on a file now. Without the module.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command/command.h"
#include "read/parse.h"
#include "show/json.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"

/* As /proc/PID/maps shows a mapping. */
struct mapping {
	unsigned long start, end;
	char mode[8];
	uint64_t offset;
	unsigned int major, minor;
	uint64_t inode;
};

/*
 * The file as stat() shows it, and as a mapping of it is shown. The two differ: maps has the device of
 * the super block, which on btrfs is not the subvolume's, and on overlayfs, depending on the kernel,
 * the file below. So a mapping is compared with one of our own.
 */
static struct {
	struct stat stat;
	bool mapped;
	struct mapping mapping;
	bool linked;
	struct stat link;
} target;

/* Ways in which one process has it. */
struct user {
	int pid;
	unsigned int uid;
	char comm[32];
	struct json_object *direct, *buffered, *mapped;
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool parse_mapping(const char *line, struct mapping *mapping)
{
	return sscanf(line, "%lx-%lx %7s %" SCNx64 " %x:%x %" SCNu64, &mapping->start, &mapping->end,
		      mapping->mode, &mapping->offset, &mapping->major, &mapping->minor,
		      &mapping->inode) == 7;
}

/* What map_files has for a mapping; only root may look. */
static bool stat_mapping(int process, const struct mapping *mapping, struct stat *st)
{
	char name[64];

	snprintf(name, sizeof(name), "map_files/%lx-%lx", mapping->start, mapping->end);
	return !fstatat(process, name, st, 0);
}

/* A file of a process, as /proc/PID is open in `process`. */
static FILE *open_below(int process, const char *name)
{
	int fd = openat(process, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

static void learn_mapping(const void *map)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	FILE *maps = open_below(self, "maps");
	char *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		if (!parse_mapping(line, &target.mapping) ||
		    target.mapping.start != (unsigned long)map)
			continue;
		target.mapped = true;
		target.linked = stat_mapping(self, &target.mapping, &target.link);
		break;
	}
	free(line);
	if (maps)
		fclose(maps);
	close(self);
}

/* Opened for nothing but to be mapped: it must not look like a user of the file itself. */
static int learn(const char *file)
{
	int fd, ret = NOTHING_FOUND;
	void *map;

	if (stat(file, &target.stat)) {
		ret = refuse_word(file, "cannot be looked at: %s; give a file that is there.",
				  strerror(errno));
	} else if (!S_ISREG(target.stat.st_mode)) {
		ret = refuse_word(file, "is not a regular file, and only these have late errors; "
				  "give one.");
	} else {
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
		if (fd < 0)
			fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		map = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED) {
			learn_mapping(map);
			munmap(map, 1);
		}
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

static bool is_target_mapping(int process, const struct mapping *mapping)
{
	struct stat st;

	if (!target.mapped)
		return stat_mapping(process, mapping, &st) && is_same(&st, &target.stat);
	if (mapping->inode != target.mapping.inode || mapping->major != target.mapping.major ||
	    mapping->minor != target.mapping.minor)
		return false;
	/*
	 * A block device has each number once. Others, with major 0, need not: btrfs has one per
	 * subvolume.
	 */
	return target.mapping.major || !target.linked || !stat_mapping(process, mapping, &st) || is_same(&st, &target.link);
}

/* 0, or -errno if it may not be looked at. */
static int look_at_mappings(int process, struct user *user)
{
	FILE *maps = open_below(process, "maps");
	struct mapping mapping;
	char *line = NULL;
	size_t size = 0;

	if (!maps)
		return -errno;
	while (getline(&line, &size, maps) > 0) {
		struct json_object *object;

		if (!parse_mapping(line, &mapping) || mapping.mode[1] != 'w' ||
		    mapping.mode[3] != 's' || !is_target_mapping(process, &mapping))
			continue;
		object = json_object_new_object();
		json_object_object_add(object, "offset", json_object_new_uint64(mapping.offset));
		json_object_object_add(object, "length",
				       json_object_new_uint64(mapping.end - mapping.start));
		json_object_array_add(user->mapped, object);
	}
	free(line);
	fclose(maps);
	return 0;
}

/* The flags of open() of one descriptor; -1 if it is gone. */
static int open_flags(int process, int fd)
{
	char name[64], line[128];
	int flags = -1;
	FILE *info;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	info = open_below(process, name);
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "flags: %o", (unsigned int *)&flags) == 1)
			break;
	if (info)
		fclose(info);
	return flags;
}

static const char *access_of(int flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "read";
	case O_WRONLY:
		return "write";
	default:
		return "read-write";
	}
}

static void add_descriptor(struct user *user, int fd, int flags)
{
	struct json_object *object;

	/* One that is only read through the cache cannot dirty a page; O_PATH does nothing at all. */
	if (flags < 0 || flags & O_PATH ||
	    (!(flags & O_DIRECT) && (flags & O_ACCMODE) == O_RDONLY))
		return;
	object = json_object_new_object();
	json_object_object_add(object, "fd", json_object_new_int(fd));
	json_object_object_add(object, "access", json_object_new_string(access_of(flags)));
	json_object_array_add(flags & O_DIRECT ? user->direct : user->buffered, object);
}

static int look_at_descriptors(int process, struct user *user)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	int ret = 0;

	if (!fds)
		return -errno;
	while ((entry = readdir(fds))) {
		int number = atoi(entry->d_name);

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		/* A list of numbers may be had where what they are is not told. */
		if (fstatat(fd, entry->d_name, &st, 0))
			ret = errno == EACCES ? -EACCES : ret;
		else if (is_same(&st, &target.stat))
			add_descriptor(user, number, open_flags(process, number));
	}
	closedir(fds);
	return ret;
}

static void look_at_name(int process, struct user *user)
{
	char line[256];
	FILE *file = open_below(process, "comm");

	if (file) {
		if (fgets(user->comm, sizeof(user->comm), file))
			user->comm[strcspn(user->comm, "\n")] = 0;
		fclose(file);
	}
	file = open_below(process, "status");
	while (file && fgets(line, sizeof(line), file))
		/* Real and effective; what it may do is by the effective one. */
		if (sscanf(line, "Uid: %*u %u", &user->uid) == 1)
			break;
	if (file)
		fclose(file);
}

static bool has_it(const struct user *user)
{
	return json_object_array_length(user->direct) || json_object_array_length(user->buffered) ||
	       json_object_array_length(user->mapped);
}

static bool writes(struct json_object *descriptors)
{
	size_t i;

	for (i = 0; i < json_object_array_length(descriptors); i++) {
		struct json_object *access = json_object_object_get(
			json_object_array_get_idx(descriptors, i), "access");

		if (strcmp(json_object_get_string(access), "read"))
			return true;
	}
	return false;
}

static const char *user_name(unsigned int uid)
{
	const struct passwd *entry = getpwuid(uid);

	return entry ? entry->pw_name : NULL;
}

static struct json_object *user_json(const struct user *user)
{
	struct json_object *object = json_object_new_object();
	const char *name = user_name(user->uid);

	json_object_object_add(object, "pid", json_object_new_int(user->pid));
	json_object_object_add(object, "comm", json_bytes(user->comm));
	json_object_object_add(object, "uid", json_object_new_uint64(user->uid));
	json_object_object_add(object, "user", name ? json_bytes(name) : NULL);
	json_object_object_add(object, "direct", json_object_get(user->direct));
	json_object_object_add(object, "buffered", json_object_get(user->buffered));
	json_object_object_add(object, "mapped", json_object_get(user->mapped));
	return object;
}

/* One way below the other: two of them beside each other are wider than a terminal. */
#define NEXT_WAY "\n                                    "

static void print_descriptors(const char *how, struct json_object *descriptors, const char **sep)
{
	size_t i;

	for (i = 0; i < json_object_array_length(descriptors); i++) {
		struct json_object *one = json_object_array_get_idx(descriptors, i);

		printf("%s%s (fd %d, %s)", *sep, how,
		       json_object_get_int(json_object_object_get(one, "fd")),
		       json_object_get_string(json_object_object_get(one, "access")));
		*sep = NEXT_WAY;
	}
}

static void print_user(const struct user *user)
{
	const char *name = user_name(user->uid), *sep = "";
	char number[16], *shown = printable(user->comm, 0);
	size_t i;

	snprintf(number, sizeof(number), "%u", user->uid);
	printf("%7d  %-8s  %-15s  ", user->pid, name ? name : number, shown ? shown : "?");
	free(shown);
	print_descriptors("O_DIRECT", user->direct, &sep);
	print_descriptors("buffered", user->buffered, &sep);
	for (i = 0; i < json_object_array_length(user->mapped); i++) {
		struct json_object *one = json_object_array_get_idx(user->mapped, i);

		printf("%smapped shared, writable (%" PRIu64 " bytes at %" PRIu64 ")", sep,
		       json_object_get_uint64(json_object_object_get(one, "length")),
		       json_object_get_uint64(json_object_object_get(one, "offset")));
		sep = NEXT_WAY;
	}
	putchar('\n');
}

struct found {
	struct json_object *processes;
	unsigned int count, hidden;
	bool direct, cached;
};

static void look_at_process(int proc, const char *pid, struct found *found, bool json)
{
	struct user user = { .pid = atoi(pid) };
	int process = openat(proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC), ret, ret2;

	/* It has ended meanwhile; so has one below that answers ENOENT or ESRCH. */
	if (process < 0 || user.pid == getpid())
		goto out;
	user.direct = json_object_new_array();
	user.buffered = json_object_new_array();
	user.mapped = json_object_new_array();
	ret = look_at_descriptors(process, &user);
	ret2 = look_at_mappings(process, &user);
	if (ret == -EACCES || ret == -EPERM || ret2 == -EACCES || ret2 == -EPERM)
		found->hidden++;
	if (has_it(&user)) {
		look_at_name(process, &user);
		if (json)
			json_object_array_add(found->processes, user_json(&user));
		else if (!found->count)
			printf("%s%7s  %-8s  %-15s  %s%s\n", colour(BOLD), "PID", "USER", "COMMAND",
			       "HOW", colour(PLAIN));
		if (!json)
			print_user(&user);
		found->count++;
		found->direct |= writes(user.direct);
		found->cached |= json_object_array_length(user.buffered) ||
				 json_object_array_length(user.mapped);
	}
	json_object_put(user.direct);
	json_object_put(user.buffered);
	json_object_put(user.mapped);
out:
	if (process >= 0)
		close(process);
}

static void print_found(const struct found *found, const char *file)
{
	char *shown = printable(file, 0);

	if (!found->count)
		printf("No process has %s open or mapped in a way that can collide.\n", shown);
	else if (found->direct && found->cached)
		printf("%sA collision is possible:%s direct writes, and writes through the page "
		       "cache.\n", colour(RED), colour(PLAIN));
	else if (found->direct)
		printf("No collision by these: nobody writes through the page cache.\n");
	else
		printf("No collision by these: nobody writes directly.\n");
	free(shown);
}

static void print_object(struct found *found, const char *file)
{
	struct json_object *object = json_object_new_object();
	char dev[32];

	snprintf(dev, sizeof(dev), "%u:%u", major(target.stat.st_dev), minor(target.stat.st_dev));
	json_object_object_add(object, "file", json_bytes(file));
	json_object_object_add(object, "dev", json_object_new_string(dev));
	json_object_object_add(object, "ino", json_object_new_uint64(target.stat.st_ino));
	json_object_object_add(object, "processes", found->processes);
	json_object_object_add(object, "hidden", json_object_new_int(found->hidden));
	json_object_object_add(object, "possible",
			       json_object_new_boolean(found->direct && found->cached));
	print_json(object);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int is_pid(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]);
}

static int look_at_all(const char *file, bool json)
{
	struct found found = { .processes = json_object_new_array() };
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n, i;
	struct dirent **pids;

	n = proc < 0 ? -1 : scandir("/proc", &pids, is_pid, by_number);
	if (n < 0) {
		json_object_put(found.processes);
		if (proc >= 0)
			close(proc);
		return refuse("/proc cannot be read: %s; mount it with: mount -t proc proc /proc",
			      strerror(errno));
	}
	for (i = 0; i < n; i++) {
		look_at_process(proc, pids[i]->d_name, &found, json);
		free(pids[i]);
	}
	free(pids);
	close(proc);
	if (json) {
		print_object(&found, file);
	} else {
		json_object_put(found.processes);
		print_found(&found, file);
	}
	if (found.hidden)
		refuse("Processes that cannot be looked at: %u; %s.", found.hidden,
		       geteuid() ? "run this as root" : "even root may not look at them here");
	/* What is known stays true, whatever else is not. */
	if (found.direct && found.cached)
		return FOUND;
	return found.hidden ? CANNOT_TELL : NOTHING_FOUND;
}

int who_command(int argc, char **argv)
{
	static const struct option options[] = { HELP_OPTION, JSON_OPTION, { 0 } };
	bool json = false;
	int answer;

	while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (answer == 'j')
			json = true;
		else
			option_refused(argv, answer);
	}
	if (argc - optind != 1)
		return refuse("diolate who needs the name of one file; see diolate --help.");
	if (learn(argv[optind]))
		return CANNOT_TELL;
	return look_at_all(argv[optind], json);
}
