// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "show/named.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/users.h"

bool users_can_collide(const struct users_shown *shown)
{
	return shown->file->direct && (shown->file->cached || shown->mount || shown->is_mounted_elsewhere);
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

static const char *user_name(unsigned int uid)
{
	const struct passwd *entry = getpwuid(uid);

	return entry ? entry->pw_name : NULL;
}

/* One way below the other: two of them beside each other are wider than a terminal. */
#define NEXT_WAY "\n                                    "

/* Those of one sort, in the order in which they were met. */
static void print_uses(const struct used_file *file, const struct user *user, enum use_how how, const char **sep)
{
	const struct use *use;

	for (use = file->use; use < file->use + file->uses; use++) {
		if (use->pid != user->pid || use->how != how)
			continue;
		if (how == USE_MAPPED)
			printf("%smapped shared, writable (%" PRIu64 " bytes at %" PRIu64 ")", *sep, use->length,
			       use->offset);
		else
			printf("%s%s (fd %d, %s)", *sep, how == USE_DIRECT ? "O_DIRECT" : "buffered", use->fd,
			       access_of(use->flags));
		*sep = NEXT_WAY;
	}
}

static void print_user(const struct users_shown *shown, const struct user *user)
{
	char number[16] = "?", *comm = user->has_comm ? printable(user->comm, 0) : NULL;
	const char *name = user->has_uid ? user_name(user->uid) : NULL, *sep = "";

	if (user->has_uid)
		snprintf(number, sizeof(number), "%u", user->uid);
	printf("%7d  %-8s  %-15s  ", user->pid, name ? name : number, comm ? comm : "?");
	free(comm);
	print_uses(shown->file, user, USE_DIRECT, &sep);
	print_uses(shown->file, user, USE_BUFFERED, &sep);
	print_uses(shown->file, user, USE_MAPPED, &sep);
	named_print(shown->named, user->pid, NEXT_WAY);
	putchar('\n');
}

void users_print(const struct users_shown *shown)
{
	size_t i;

	if (!shown->file->count)
		return;
	printf("%s%7s  %-8s  %-15s  %s%s\n", colour(BOLD), "PID", "USER", "COMMAND", "HOW", colour(PLAIN));
	for (i = 0; i < shown->file->count; i++)
		print_user(shown, &shown->file->user[i]);
}

static void print_mount(const struct mount *mount)
{
	char *point = printable(mount->point, 0), *type = printable(mount->type, 0);

	printf("A file system (%s) on it is mounted at %s, and writes it, too.\n", type ? type : "?",
	       point ? point : "?");
	free(point);
	free(type);
}

void users_print_result(const struct users_shown *shown)
{
	char *name = printable(shown->file->name, 0);

	if (shown->mount)
		print_mount(shown->mount);
	if (shown->is_mounted_elsewhere)
		puts("A file system on it is mounted, though not seen here, and writes it, too.");
	if (users_can_collide(shown))
		printf("%sA collision is possible:%s direct writes, and writes through the page "
		       "cache.\n", colour(RED), colour(PLAIN));
	else if (!shown->file->count)
		printf("No process has %s open or mapped in a way that can collide.\n", name ? name : "it");
	else if (shown->file->direct)
		printf("No collision by these: nobody writes through the page cache.\n");
	else
		printf("No collision by these: nobody writes directly.\n");
	named_print_gone(shown->named);
	free(name);
}

static struct json_object *uses_json(const struct used_file *file, const struct user *user, enum use_how how)
{
	struct json_object *array = json_object_new_array(), *object;
	const struct use *use;

	for (use = file->use; use < file->use + file->uses; use++) {
		if (use->pid != user->pid || use->how != how)
			continue;
		object = json_object_new_object();
		if (how == USE_MAPPED) {
			json_object_object_add(object, "offset", json_object_new_uint64(use->offset));
			json_object_object_add(object, "length", json_object_new_uint64(use->length));
		} else {
			json_object_object_add(object, "fd", json_object_new_int(use->fd));
			json_object_object_add(object, "access", json_object_new_string(access_of(use->flags)));
		}
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *user_json(const struct users_shown *shown, const struct user *user)
{
	struct json_object *object = json_object_new_object();
	const char *name = user->has_uid ? user_name(user->uid) : NULL;

	json_object_object_add(object, "pid", json_object_new_int(user->pid));
	json_add_name(object, "comm", user->has_comm ? user->comm : NULL);
	json_object_object_add(object, "uid", user->has_uid ? json_object_new_uint64(user->uid) : NULL);
	json_object_object_add(object, "user", name ? json_bytes(name) : NULL);
	json_object_object_add(object, "direct", uses_json(shown->file, user, USE_DIRECT));
	json_object_object_add(object, "buffered", uses_json(shown->file, user, USE_BUFFERED));
	json_object_object_add(object, "mapped", uses_json(shown->file, user, USE_MAPPED));
	json_object_object_add(object, "log", named_json(shown->named, user->pid));
	return object;
}

/* A name that leads elsewhere here is not the file's. */
static void add_file(struct json_object *object, const struct users_shown *shown)
{
	const struct used_file *file = shown->file;
	bool block = S_ISBLK(file->stat.st_mode);
	dev_t number = block ? file->stat.st_rdev : file->stat.st_dev;
	char dev[32];

	snprintf(dev, sizeof(dev), "%u:%u", major(number), minor(number));
	json_add_name(object, "file", file->is_here ? file->name : NULL);
	if (!file->is_here)
		json_add_name(object, "file_there", file->name);
	json_object_object_add(object, "dev", json_object_new_string(dev));
	json_object_object_add(object, "ino", block ? NULL : json_object_new_uint64(file->stat.st_ino));
	if (block)
		json_add_name(object, "mounted_on", shown->mount ? shown->mount->point : NULL);
}

struct json_object *users_hidden_json(const struct used_files *files)
{
	return files->is_namespaced ? NULL : json_object_new_uint64(files->hidden);
}

struct json_object *users_json(const struct users_shown *shown, const struct used_files *files)
{
	struct json_object *object = json_object_new_object(), *processes = json_object_new_array();
	bool possible = users_can_collide(shown);
	size_t i;

	add_file(object, shown);
	for (i = 0; i < shown->file->count; i++)
		json_object_array_add(processes, user_json(shown, &shown->file->user[i]));
	json_object_object_add(object, "processes", processes);
	json_object_object_add(object, "hidden", users_hidden_json(files));
	/* It is certain if it was seen; that it was not says nothing while some are hidden. */
	json_object_object_add(object, "possible", used_some_are_hidden(files) && !possible ?
					       NULL : json_object_new_boolean(possible));
	json_object_object_add(object, "gone", named_gone_json(shown->named));
	return object;
}
