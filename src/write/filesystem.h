/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between file systems.
 */
#ifndef DIOLATE_WRITE_FILESYSTEM_H
#define DIOLATE_WRITE_FILESYSTEM_H

#include <linux/types.h>

struct inode;

bool diolate_filesystem_is_proven(const struct inode *inode);
bool diolate_filesystem_uses_dio(const struct inode *inode);
bool diolate_filesystem_discards(const struct inode *inode);
bool diolate_filesystem_has_buffers(const struct inode *inode);
bool diolate_filesystem_may_be_overtaken(const struct inode *inode);
bool diolate_filesystem_maps_late(const struct inode *inode);
bool diolate_filesystem_maps_elsewhere(const struct inode *inode);

#endif
