/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices: by number, the disk that a partition is part of, and the file system that is mounted on one.
 */
#ifndef DIOLATE_READ_BLOCK_H
#define DIOLATE_READ_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "read/mounts.h"

/* To be read with O_DIRECT, by a node in /dev; -1 and errno if there is none that may be. */
int block_open(dev_t dev);

/* In bytes, of an open one; false and errno. */
bool block_size(int fd, off_t *size);

/* The disk of a partition, and at which byte of it that begins; false if it is none. */
bool block_disk(dev_t dev, dev_t *disk, off_t *start);

/* Where a file system on it is mounted, or a part of one; NULL if it is nowhere here. */
const struct mount *block_mount(const struct mounts *mounts, dev_t dev);

/* Whether one is, in whatever mount namespace, of those file systems that say so in /sys/fs. */
bool block_has_file_system(dev_t dev);

#endif
