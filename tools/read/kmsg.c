// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read/kmsg.h"
#include "read/module.h"
#include "read/parse.h"

/*
 * Documentation/ABI/testing/dev-kmsg: PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT, then lines with a blank first.
 * PRIORITY is 8 or more where a program has written the record.
 */
static void kmsg_line(const char *line, void (*take)(unsigned long long us, const char *text, void *data), void *data)
{
	const char *text = strchr(line, ';');
	unsigned long long us;
	unsigned int priority;

	if (text && sscanf(line, "%u,%*u,%llu,", &priority, &us) == 2 && priority < 8)
		take(us, text + 1, data);
}

/* A read gives one record; EPIPE says that some were overwritten meanwhile, and the next goes on behind them. */
static int kmsg_copy(int fd, FILE *out)
{
	/* The largest record, with escapes (PRINTKRB_RECORD_MAX, CONSOLE_EXT_LOG_MAX, 8192). */
	char record[8192];
	ssize_t n;

	while ((n = read(fd, record, sizeof(record))) > 0 || (n < 0 && (errno == EPIPE || errno == EINTR)))
		if (n > 0)
			fwrite(record, n, 1, out);
	return n < 0 && errno != EAGAIN ? -errno : 0;
}

int kmsg_each(void (*take)(unsigned long long us, const char *text, void *data), void *data)
{
	char *path = system_path("/dev/kmsg"), *text = NULL, *rest, *line;
	int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1, ret = -errno;
	size_t size;
	FILE *out;

	free(path);
	if (fd < 0)
		return ret;
	out = open_memstream(&text, &size);
	ret = out ? kmsg_copy(fd, out) : -ENOMEM;
	close(fd);
	if (out && fclose(out) && !ret)
		ret = -ENOMEM;
	for (rest = text; !ret && (line = next_line(&rest));)
		kmsg_line(line, take, data);
	free(text);
	return ret;
}

/* dio_warn_stale_pagecache() says two lines; the first since 4.14, the second has the file. */
int kmsg_is_ours(const char *text)
{
	return strstr(text, "Page cache invalidation failure on direct I/O") ||
	       (!strncmp(text, "File: ", 6) && strstr(text, " PID: ") && strstr(text, " Comm: ")) ||
	       !strncmp(text, "diolate:", 8);
}
