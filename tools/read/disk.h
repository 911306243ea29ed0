/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the disk holds of a file, without a write being made. A direct read of the file is none: before it
 * the kernel writes the dirty pages of the range back (kiocb_write_and_wait(), mm/filemap.c), and so a
 * stale one undoes the direct write that check is to save. So the blocks are read from the block
 * device, where the file system is known to give their place; elsewhere the file is, with RWF_NOWAIT,
 * for which the kernel refuses a range with a dirty page and does not write it.
 *
 * It is the same of a block device, which has a page cache of its own: a direct read of it writes back what is
 * dirty there (blkdev_read_iter(), block/fops.c, 7.3, by kiocb_write_and_wait(); generic_file_read_iter(),
 * mm/filemap.c, 5.10). With RWF_NOWAIT both refuse instead: 7.3 a range with a dirty page, 5.10 any that is cached
 * (filemap_range_has_page()). But a partition and its disk are two inodes with a cache each (bdev_alloc(),
 * block/bdev.c, 7.3; bdget(), fs/block_dev.c, 5.10), so a partition is read through its disk. Nor does opening
 * and closing it write: the last who closes a device does that (bdev_release(), block/bdev.c, 7.3; __blkdev_put(),
 * fs/block_dev.c, 5.10), and where nobody else has it open, there is nothing in its cache.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Pages are put into these; the worst of its blocks counts. */
enum disk_state {
	DISK_DATA, /* written, or a hole, or allocated and unwritten: reads as zeros */
	DISK_NOTHING_YET, /* no place on the disk before it is written back */
	DISK_NOT_READ,
};

struct disk {
	/* The file without and with O_DIRECT, and the device; -1 if it is not to be used. */
	int file, direct, device;
	/* It is a block device itself, and `device` its disk, on which it begins there. */
	bool is_block;
	off_t start;
	/* By FIBMAP, for want of FIEMAP; and its block. */
	bool fibmap;
	unsigned int block;
	size_t page;
	/* Why the device cannot be used, and what to do; NULL if it can, or is not wanted. */
	const char *no_device;
	/* Why the last that was not read was not; and why the file cannot be compared at all. */
	const char *why;
};

/* `options`: of the mount. False, and why, if this file's disk cannot be read without a write. */
bool disk_open(struct disk *disk, int file, const char *name, const struct stat *st,
	       const char *options);
void disk_close(struct disk *disk);

/*
 * Reads length bytes at offset, both multiples of the page, into a buffer aligned to pages; states has
 * one for each page. What lies beyond the end of the file is not defined.
 */
void disk_read(struct disk *disk, off_t offset, size_t length, char *buffer,
	       enum disk_state *states);

#endif
