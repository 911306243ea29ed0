// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "read/block.h"
#include "read/module.h"

/* A file of a device in /sys, and what is in its first line; false if it is not there. */
static bool read_line(dev_t dev, const char *name, const char *format, void *value)
{
	char path[96], line[128];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, format, value) == 1;
	fclose(file);
	return found;
}

/* Opens the node that has the kernel's name of a device; -1 if there is none. */
static int open_by_kernel_name(dev_t dev)
{
	char name[96] = "/dev/";

	if (!read_line(dev, "uevent", "DEVNAME=%80s", name + strlen("/dev/"))) {
		errno = ENOENT;
		return -1;
	}
	return open(name, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

/* In /dev/block, where udev is, or by its kernel name. */
int block_open(dev_t dev)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/block/%u:%u", major(dev), minor(dev));
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = open_by_kernel_name(dev);
	/* A name can be stale. */
	if (fd >= 0 && (fstat(fd, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != dev)) {
		close(fd);
		errno = ENODEV;
		fd = -1;
	}
	return fd;
}

bool block_size(int fd, off_t *size)
{
	uint64_t bytes;

	if (ioctl(fd, BLKGETSIZE64, &bytes))
		return false;
	*size = (off_t)bytes;
	return true;
}

/* Documentation/ABI/stable/sysfs-block: start is in sectors of 512 bytes, whatever those of the device are. */
bool block_disk(dev_t dev, dev_t *disk, off_t *start)
{
	unsigned int major_number, minor_number;
	uint64_t sectors;
	char text[32];

	if (!read_line(dev, "start", "%" SCNu64, &sectors) || !read_line(dev, "../dev", "%31s", text) ||
	    sscanf(text, "%4u:%7u", &major_number, &minor_number) != 2)
		return false;
	*disk = makedev(major_number, minor_number);
	*start = (off_t)sectors * 512;
	return true;
}

const struct mount *block_mount(const struct mounts *mounts, dev_t dev)
{
	struct stat st;
	size_t i;

	for (i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->mount[i];

		if (mount->major == major(dev) && mount->minor == minor(dev))
			return mount;
		/* One that has a number of its own, as btrfs, names its device. */
		if (!mount->major && *mount->source == '/' && !stat(mount->source, &st) && S_ISBLK(st.st_mode) &&
		    st.st_rdev == dev)
			return mount;
	}
	return NULL;
}

bool block_has_file_system(dev_t dev)
{
	/* ext4, xfs, f2fs and others by the name of the device; btrfs by all that a file system has. */
	static const char *const patterns[] = { "/sys/fs/*/%s", "/sys/fs/btrfs/*/devices/%s" };
	char link[64], target[PATH_MAX], pattern[PATH_MAX + 64], *path;
	bool found = false;
	ssize_t length;
	size_t i;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	path = system_path(link);
	length = path ? readlink(path, target, sizeof(target) - 1) : -1;
	free(path);
	if (length < 0)
		return false;
	target[length] = 0;
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]) && !found; i++) {
		glob_t paths;

		/* What a name of a device has for '/' is '!', which is none of the pattern's. */
		snprintf(pattern, sizeof(pattern), patterns[i], basename(target));
		path = system_path(pattern);
		found = path && !glob(path, GLOB_NOSORT, NULL, &paths);
		free(path);
		if (found)
			globfree(&paths);
	}
	return found;
}
