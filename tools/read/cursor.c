// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read/cursor.h"

/* Of one length, as each is written over the last one. A record without a time has "-". */
#define FORM "%-20" PRIu64 " %-39s %-20" PRIu64 "\n"
#define LENGTH 82

static bool take(const char *text, struct cursor *cursor)
{
	char behind;

	return sscanf(text, "%20" SCNu64 " %39s %20" SCNu64 "%c", &cursor->seq, cursor->time, &cursor->module,
		      &behind) == 4 && (behind == ' ' || behind == '\n');
}

/* A device, a pipe or a socket: to open one may do something by itself, as a watchdog begins to run. */
static bool is_special(const char *file)
{
	struct stat st;

	return !lstat(file, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode);
}

int cursor_open(const char *file, struct cursor *cursor)
{
	char text[LENGTH + 1] = "";
	ssize_t length;
	int fd, error;

	*cursor = (struct cursor){ 0 };
	if (is_special(file)) {
		errno = EINVAL;
		return -1;
	}
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -1;
	length = pread(fd, text, LENGTH, 0);
	if (!length || (length == LENGTH && take(text, cursor)))
		return fd;
	error = length < 0 ? errno : EINVAL;
	close(fd);
	errno = error;
	return -1;
}

bool cursor_keep(int fd, const struct cursor *cursor)
{
	char text[LENGTH + 1];

	snprintf(text, sizeof(text), FORM, cursor->seq, *cursor->time ? cursor->time : "-",
		 cursor->module);
	return pwrite(fd, text, LENGTH, 0) == LENGTH;
}
