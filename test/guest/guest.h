/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the guest share. Each ends with one sentence if something fails.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE 4096UL

/* A number of the command line, at most `most`. */
size_t number(const char *s, size_t most);

/* Run a shell command, which must succeed. */
void run(const char *command);

/* Hold or release the writes of the device of a file system. */
void device(const char *action, const char *name);

/* Whether a mapped page is in the page cache. */
bool resident(char *page);

#endif
