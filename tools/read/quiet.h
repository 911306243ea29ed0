/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are opened to be looked at, and nothing more.
 */
#ifndef DIOLATE_READ_QUIET_H
#define DIOLATE_READ_QUIET_H

#include <sys/stat.h>

/*
 * Opens a regular file or a block device for reading, and leaves its time of access alone if it may. Its status is in
 * `st`. -1 with errno, which is EINVAL for a file of another kind: that one is not opened.
 */
int quiet_open(const char *name, struct stat *st);

#endif
