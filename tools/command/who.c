// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate who: which processes can be in a collision now, on files, on a block device, or on a whole file system;
 * without the module, and with it which were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command/command.h"
#include "read/block.h"
#include "read/late.h"
#include "read/named.h"
#include "read/quiet.h"
#include "read/used.h"
#include "read/walk.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/users.h"

/* What is asked, and what has come of it. */
struct who {
	bool json, recurse, one_file_system;
	/* The file system, with -m. */
	const char *mount;
	char fstype[16];
	struct used_files files;
	struct mounts mounts;
	/* One file was asked about: it is shown whatever it is. */
	bool is_one;
	size_t possible;
	/* Something could not be looked at. */
	bool unknown;
};

/* Without the module, without the right to, or of what has gone there is nothing to read. */
static void learn_log(const struct used_file *file, struct named_list *named)
{
	struct late_file late;
	struct stat st;
	int fd;

	*named = (struct named_list){ 0 };
	if (!file->is_here || !S_ISREG(file->stat.st_mode))
		return;
	fd = quiet_open(file->name, &st);
	if (fd < 0)
		return;
	if (is_same_file(&st, &file->stat) && late_file_of(fd, &late)) {
		late_generation_of(fd, &late);
		named_read(named, &late);
	}
	close(fd);
}

static void meet_all(const struct who *who, const struct used_file *file, struct named_list *named)
{
	size_t i;

	for (i = 0; i < who->files.hidden; i++)
		named_hide(named, who->files.hidden_pid[i]);
	if (who->files.is_namespaced)
		named_hide_all(named);
	for (i = 0; i < file->count; i++)
		if (file->user[i].has_comm)
			named_meet(named, file->user[i].pid, file->user[i].comm);
		else
			named_hide(named, file->user[i].pid);
}

/* Above those of one of several. */
static void print_heading(const struct used_file *file)
{
	char *name = printable(file->name, 0);

	printf("%s%s%s", colour(BOLD), name ? name : "?", colour(PLAIN));
	if (!file->is_here)
		printf(" (as its processes see it; device %u:%u, inode %ju)", major(file->stat.st_dev),
		       minor(file->stat.st_dev), (uintmax_t)file->stat.st_ino);
	putchar('\n');
	free(name);
}

static void show_file(struct who *who, const struct used_file *file)
{
	struct users_shown shown = { .file = file };
	struct named_list named;

	if (S_ISBLK(file->stat.st_mode)) {
		shown.mount = block_mount(&who->mounts, file->stat.st_rdev);
		shown.is_mounted_elsewhere = !shown.mount && block_has_file_system(file->stat.st_rdev);
	}
	who->possible += users_can_collide(&shown);
	if (!who->is_one && !users_can_collide(&shown))
		return;
	learn_log(file, &named);
	meet_all(who, file, &named);
	shown.named = &named;
	if (who->json) {
		print_json(users_json(&shown, &who->files));
	} else {
		if (!who->is_one)
			print_heading(file);
		users_print(&shown);
		users_print_result(&shown);
		if (!who->is_one)
			putchar('\n');
	}
	named_free(&named);
}

/* How many there were, of which those that cannot collide were not shown. */
static void show_sum(const struct who *who)
{
	char *shown;

	if (who->json) {
		struct json_object *object = json_object_new_object();

		json_add_name(object, "mount", who->mount);
		json_object_object_add(object, "files", json_object_new_uint64(who->files.count));
		json_object_object_add(object, "mixed", json_object_new_uint64(who->possible));
		json_object_object_add(object, "hidden", users_hidden_json(&who->files));
		json_object_object_add(object, "possible", who->unknown && !who->possible ?
						       NULL : json_object_new_boolean(who->possible));
		print_json(object);
		return;
	}
	shown = who->mount ? printable(who->mount, 0) : NULL;
	if (shown)
		printf("On the file system of %s, files that somebody has open directly or for writing: %zu; a collision is possible on %zu.\n",
		       shown, who->files.count, who->possible);
	else
		printf("Files looked at: %zu; a collision is possible on %zu.\n", who->files.count, who->possible);
	free(shown);
}

static int look(struct who *who)
{
	int ret = used_look(&who->files);
	size_t i;

	if (ret)
		return refuse("/proc cannot be read: %s; mount it with: mount -t proc proc /proc", strerror(-ret));
	who->unknown |= used_some_are_hidden(&who->files) || who->files.no_memory;
	for (i = 0; i < who->files.count; i++)
		show_file(who, who->files.file[i]);
	if (!who->is_one)
		show_sum(who);
	if (who->files.no_memory)
		refuse("There is no memory left, so not all was looked at; give fewer files.");
	if (who->files.hidden)
		refuse("Processes that cannot be looked at: %zu; %s.", who->files.hidden,
		       geteuid() ? "run this as root" : "even root may not look at them here: run it on the host");
	if (who->files.is_namespaced)
		refuse("Processes outside of this PID namespace cannot be looked at, as in a container; run this on the "
		       "host.");
	/* What is known stays true, whatever else is not. */
	if (who->possible)
		return FOUND;
	return who->unknown ? CANNOT_TELL : NOTHING_FOUND;
}

static void cannot_look(const char *path, int error)
{
	refuse_word(path, "cannot be looked at: %s; give a file that is there.", strerror(error));
}

static int who_files(struct who *who, char **arguments)
{
	struct walk walk;
	const char *name = NULL;
	int ret = walk_files(&walk, arguments, who->recurse ? WALK_BELOW : WALK_IN, who->one_file_system, cannot_look);

	if (ret) {
		walk_free(&walk);
		return refuse("The names of the files cannot be found: %s; give fewer.", strerror(-ret));
	}
	who->unknown = walk.missed;
	while ((name = walk_next(&walk, name))) {
		ret = used_add(&who->files, name);
		if (!ret)
			continue;
		who->unknown = true;
		if (ret == -EINVAL)
			refuse_word(name, "is neither a regular file nor a block device, and only these have late "
				    "errors; give one.");
		else
			cannot_look(name, -ret);
	}
	if (!walk.count && !walk.missed)
		ret = refuse("There is no regular file in it; give a file, or -r for the directories below.");
	else if (!who->files.count)
		ret = CANNOT_TELL;
	else
		ret = look(who);
	walk_free(&walk);
	return ret;
}

/* By any name on it, or by the block device, as fuser -m has it. */
static int who_mount(struct who *who, const char *name)
{
	int fd = open(name, O_PATH | O_CLOEXEC);
	const struct mount *mount;
	struct late_file late;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !late_file_of(fd, &late)) {
		cannot_look(name, errno);
		if (fd >= 0)
			close(fd);
		return CANNOT_TELL;
	}
	close(fd);
	who->mount = name;
	who->files.of_file_system = true;
	who->files.major = late.major;
	who->files.minor = late.minor;
	memcpy(who->fstype, late.fstype, sizeof(who->fstype));
	if (S_ISBLK(st.st_mode)) {
		mount = block_mount(&who->mounts, st.st_rdev);
		if (!mount)
			return refuse_word(name, "has no file system that is mounted here; give a directory of the "
					   "file system, or leave -m out to ask about the device.");
		who->files.major = mount->major;
		who->files.minor = mount->minor;
		snprintf(who->fstype, sizeof(who->fstype), "%s", mount->type);
	}
	if (!*who->fstype) {
		who->unknown = true;
		refuse_word(name, "is on a mount that /proc/self/mountinfo does not have, as in a chroot, so not all of "
				  "its file system can be told; run this outside of it.");
	}
	/* Which device maps has for a mapping depends on the kernel there. */
	if (!strcmp(who->fstype, "overlay")) {
		who->unknown = true;
		refuse_word(name, "is on an overlay, whose mappings cannot be told; ask about the file system below it.");
	}
	return look(who);
}

int who_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "mount", no_argument, NULL, 'm' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "one-file-system", no_argument, NULL, 'x' },
		{ 0 },
	};
	struct who who = { 0 };
	bool mount = false;
	struct stat st;
	int answer, ret;

	while ((answer = getopt_long(argc, argv, ":hmrx", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			who.json = true;
			break;
		case 'm':
			mount = true;
			break;
		case 'r':
			who.recurse = true;
			break;
		case 'x':
			who.one_file_system = true;
			break;
		default:
			option_refused(argv, answer);
		}
	}
	if (optind == argc)
		return refuse("diolate who needs the name of a file; see diolate --help.");
	if (mount && (argc - optind != 1 || who.recurse || who.one_file_system))
		return refuse("-m is for one file system, with all that is on it; give one name, and no -r or -x.");
	who.is_one = !mount && argc - optind == 1 && (stat(argv[optind], &st) || !S_ISDIR(st.st_mode));
	who.mounts = current_mounts();
	ret = mount ? who_mount(&who, argv[optind]) : who_files(&who, argv + optind);
	mounts_free(&who.mounts);
	used_free(&who.files);
	return ret;
}
