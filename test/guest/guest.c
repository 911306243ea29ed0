// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "guest.h"

size_t number(const char *s, size_t most)
{
	char *rest;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &rest, 0);
	if (errno || *rest || rest == s || n > most)
		errx(2, "%s: not a number, or more than %zu", s, most);
	return n;
}

void run(const char *command)
{
	int status = system(command);

	if (status)
		errx(1, "%s: status %d", command, status);
}

void device(const char *action, const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "/lib-guest/dm.sh %s %s", action, name);
	run(command);
}

bool resident(char *page)
{
	unsigned char vec;

	if (mincore(page, 1, &vec))
		err(1, "mincore");
	return vec & 1;
}
