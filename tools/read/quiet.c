// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "read/process.h"
#include "read/quiet.h"

/* Only the owner and root may leave the time of access alone. */
static int open_to_read(const char *name)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? open(name, flags) : fd;
}

/* To open a device may do something by itself, as a watchdog begins to run, so what it is is looked at before. */
int quiet_open(const char *name, struct stat *st)
{
	struct stat before;
	int fd;

	if (stat(name, &before))
		return -1;
	*st = before;
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	fd = open_to_read(name);
	if (fd < 0)
		return -1;
	if (!fstat(fd, st) && is_same_file(st, &before))
		return fd;
	/* The name is another file's by now. */
	close(fd);
	errno = ESTALE;
	return -1;
}
