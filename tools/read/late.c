// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of the module, by file and by number: whoever else collides on this machine has other files.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "read/late.h"
#include "read/module.h"
#include "read/parse.h"

#define ROOM (sizeof(((struct late_records *)NULL)->record) / sizeof(struct late))

/* The number of the mount that the file was opened through; 0 if it is not told. */
static unsigned int mount_of(int fd)
{
	char path[64], line[64];
	unsigned int mount = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "mnt_id: %9u", &mount) == 1)
			break;
	fclose(file);
	return mount;
}

/* The word behind " - ". */
static void take_fstype(const char *line, struct late_file *file)
{
	const char *type = strstr(line, " - ");

	if (type)
		snprintf(file->fstype, sizeof(file->fstype), "%.*s", (int)strcspn(type + 3, " \n"),
			 type + 3);
}

/*
 * The device of the file system, which stat() does not tell of a subvolume of btrfs, nor always of a file
 * on an overlay.
 */
static void look_at_mount(unsigned int mount, struct late_file *file)
{
	FILE *mounts = open_system_file("/proc/self/mountinfo");
	unsigned int id, major, minor;
	char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return;
	while (getline(&line, &size, mounts) > 0) {
		if (sscanf(line, "%9u %*u %4u:%7u", &id, &major, &minor) != 3 || id != mount)
			continue;
		file->major = major;
		file->minor = minor;
		take_fstype(line, file);
		break;
	}
	free(line);
	fclose(mounts);
}

bool late_file_of(int fd, struct late_file *file)
{
	unsigned int mount = mount_of(fd);
	struct stat st;

	*file = (struct late_file){ 0 };
	if (fstat(fd, &st))
		return false;
	file->inode = st.st_ino;
	file->major = major(st.st_dev);
	file->minor = minor(st.st_dev);
	if (mount)
		look_at_mount(mount, file);
	return true;
}

void late_generation_of(int fd, struct late_file *file)
{
	/* It is said to be a long, and is an int. */
	unsigned int generation[2] = { 0 };

	if (!ioctl(fd, FS_IOC_GETVERSION, generation))
		snprintf(file->generation, sizeof(file->generation), "%u", generation[0]);
}

/* Of a file on an overlay the log has now that and now the file below, which has the same number. */
bool late_is_of(const struct fields *fields, const struct late_file *file)
{
	const char *generation = field_value(fields, "gen");
	unsigned int major, minor;
	uint64_t inode;

	if (*file->generation && generation && strcmp(generation, file->generation))
		return false;
	if (!field_number(fields, "ino", &inode) || inode != file->inode ||
	    !field_device(fields, &major, &minor))
		return false;
	return !strcmp(file->fstype, "overlay") || (major == file->major && minor == file->minor);
}

static void take(char *into, size_t size, const struct fields *fields, const char *key)
{
	const char *value = field_value(fields, key);

	snprintf(into, size, "%s", value ? value : "");
}

size_t late_kept(const struct late_records *records)
{
	return records->count < ROOM ? records->count : ROOM;
}

static void keep(struct late_records *records, const struct fields *fields)
{
	struct late *late = &records->record[records->count];

	if (records->count++ >= ROOM)
		return;
	take(late->outcome, sizeof(late->outcome), fields, "outcome");
	take(late->reason, sizeof(late->reason), fields, "reason");
	take(late->kind, sizeof(late->kind), fields, "kind");
	take(late->fstype, sizeof(late->fstype), fields, "fstype");
}

bool late_since(const struct late_file *file, uint64_t since, struct late_records *records)
{
	char *log = read_debugfs("log"), *rest = log, *line;

	*records = (struct late_records){ .newest = since };
	if (!log)
		return false;
	while ((line = next_line(&rest))) {
		struct fields fields;
		uint64_t seq;

		if (!parse_fields(line, &fields) || !field_number(&fields, "seq", &seq) ||
		    seq <= since)
			continue;
		records->lost |= seq != records->newest + 1;
		records->newest = seq;
		if (file && late_is_of(&fields, file))
			keep(records, &fields);
	}
	free(log);
	return true;
}
