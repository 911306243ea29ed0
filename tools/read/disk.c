// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "read/block.h"
#include "read/disk.h"

/* A request without waiting is refused if it had to be split, so each is small. */
#define REQUEST (128 * 1024)
#define EXTENTS 64
/* A device that is busy refuses it, too. */
#define TRIES 5
#define TRY_AGAIN_US 10000

/*
 * Where FIEMAP or FIBMAP tell offsets on the device of st_dev. FIBMAP writes dirty pages back first
 * wherever that is not left out on purpose: ext4_bmap(), fs/ext4/inode.c; iomap_bmap(),
 * fs/iomap/fiemap.c, which exfat uses since 7.x. So it is for two file systems alone, and only if this
 * kernel has the function by which their older code looks a block up, and writes nothing.
 */
static const struct {
	unsigned int magic;
	bool place_is_known;
	const char *fibmap_by;
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, true, NULL }, /* ext2 and ext3, too */
	{ XFS_SUPER_MAGIC, true, NULL },
	{ F2FS_SUPER_MAGIC, true, NULL },
	{ MSDOS_SUPER_MAGIC, true, "fat_get_block_bmap" },
	{ 0x2011bab0, true, "exfat_get_block" }, /* exfat */
	{ BTRFS_SUPER_MAGIC, false, NULL },
};

/* Its name is there for all, its address is not asked for. */
static bool kernel_has(const char *function)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	bool found = false;

	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = sscanf(line, "%*s %*s %255s", name) == 1 && !strcmp(name, function);
	if (symbols)
		fclose(symbols);
	return found;
}

/* Other than the blocks of st_dev, as they are. */
static bool is_elsewhere(int file)
{
	struct fsxattr attributes;
	struct statx stx;

	if (!statx(file, "", AT_EMPTY_PATH, 0, &stx) &&
	    stx.stx_attributes & (STATX_ATTR_ENCRYPTED | STATX_ATTR_COMPRESSED))
		return true;
	return !ioctl(file, FS_IOC_FSGETXATTR, &attributes) &&
	       attributes.fsx_xflags & FS_XFLAG_REALTIME;
}

/* Such a file's newest data is in the journal, and there is no direct I/O to it. */
static bool is_journalled(int file, const char *options)
{
	long flags = 0;

	return strstr(options, "data=journal") ||
	       (!ioctl(file, FS_IOC_GETFLAGS, &flags) && flags & FS_JOURNAL_DATA_FL);
}

/*
 * Whether O_DIRECT means it. Where it does not, a direct read comes from the cache, which would then be
 * compared with itself. btrfs does not tell, but with RWF_NOWAIT it refuses instead
 * (btrfs_dio_iomap_begin()).
 */
static bool is_direct(int file, const struct statfs *fs)
{
	struct statx stx;

	if (fs->f_type == BTRFS_SUPER_MAGIC)
		return true;
	return !statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
	       stx.stx_mask & STATX_DIOALIGN && stx.stx_dio_offset_align;
}

/* Several devices make one space of blocks on f2fs: it is then larger than the first. */
static bool is_larger_than(const struct statfs *fs, int device)
{
	uint64_t bytes;

	return ioctl(device, BLKGETSIZE64, &bytes) || fs->f_blocks * (uint64_t)fs->f_bsize > bytes;
}

static void open_direct(struct disk *disk, const char *name, const struct stat *wanted)
{
	struct stat st;

	disk->direct = open(name, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	if (disk->direct < 0)
		disk->direct = open(name, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK);
	/* The name may be another file's by now. */
	if (disk->direct >= 0 && (fstat(disk->direct, &st) || st.st_dev != wanted->st_dev ||
				  st.st_ino != wanted->st_ino)) {
		close(disk->direct);
		disk->direct = -1;
	}
}

/* The place of an extent is told: whether it is by this ioctl. */
static bool has_fiemap(int file)
{
	struct fiemap map = { .fm_length = 1 };

	return !ioctl(file, FS_IOC_FIEMAP, &map);
}

static const char *why_no_device(int error)
{
	switch (error) {
	case EACCES:
		return "only root may read the block device; run this as root";
	case EPERM:
		return "its block device is kept from this container; run this on the host";
	case ENOENT:
		return "its block device is not in /dev, as in a container; run this on the host";
	default:
		return "its block device cannot be opened";
	}
}

/* Sets it up to be read by places on the device, or says why not. */
static void use_device(struct disk *disk, dev_t dev, const struct statfs *fs, const char *fibmap_by)
{
	disk->fibmap = fibmap_by && !has_fiemap(disk->file);
	if (disk->fibmap && !kernel_has(fibmap_by)) {
		disk->why = "this kernel would write the file back when asked where its blocks are";
		return;
	}
	if (disk->fibmap && ioctl(disk->file, FIGETBSZ, &disk->block)) {
		disk->why = "the size of its blocks cannot be found out";
		return;
	}
	disk->device = block_open(dev);
	if (disk->device < 0) {
		disk->no_device = why_no_device(errno);
		disk->why = disk->no_device;
	} else if (fs->f_type == F2FS_SUPER_MAGIC && is_larger_than(fs, disk->device)) {
		close(disk->device);
		disk->device = -1;
	}
}

/* By its disk if it is a partition, and by itself. */
static bool open_block(struct disk *disk, const char *name, const struct stat *st)
{
	dev_t whole;

	disk->is_block = true;
	if (block_disk(st->st_rdev, &whole, &disk->start))
		disk->device = block_open(whole);
	open_direct(disk, name, st);
	if (disk->device < 0 && disk->direct < 0)
		disk->why = "it cannot be opened with O_DIRECT; run this as root, on the host";
	return disk->device >= 0 || disk->direct >= 0;
}

bool disk_open(struct disk *disk, int file, const char *name, const struct stat *st,
	       const char *options)
{
	const size_t known = sizeof(file_systems) / sizeof(file_systems[0]);
	struct statfs fs;
	size_t i;

	*disk = (struct disk){ .file = file, .direct = -1, .device = -1,
			       .page = sysconf(_SC_PAGESIZE) };
	if (S_ISBLK(st->st_mode))
		return open_block(disk, name, st);
	if (fstatfs(file, &fs)) {
		disk->why = "its file system cannot be found out";
		return false;
	}
	for (i = 0; i < known; i++)
		if (file_systems[i].magic == (unsigned int)fs.f_type)
			break;
	if (i == known) {
		disk->why = "of its file system it is not known how to read the disk without a write; "
			    "if it is an overlay, check the file below it";
		return false;
	}
	if (fs.f_type == EXT4_SUPER_MAGIC && is_journalled(file, options)) {
		disk->why = "its data goes through a journal, where it has no direct writes, either";
		return false;
	}
	if (file_systems[i].place_is_known && !is_elsewhere(file))
		use_device(disk, st->st_dev, &fs, file_systems[i].fibmap_by);
	if (is_direct(file, &fs))
		open_direct(disk, name, st);
	if (disk->device < 0 && disk->direct < 0) {
		if (!disk->why || !file_systems[i].place_is_known)
			disk->why = "its file system reads it through the cache, also with O_DIRECT";
		return false;
	}
	return true;
}

void disk_close(struct disk *disk)
{
	if (disk->direct >= 0)
		close(disk->direct);
	if (disk->device >= 0)
		close(disk->device);
}

static void set_states(const struct disk *disk, off_t offset, size_t length, off_t start,
		       enum disk_state *states, enum disk_state state)
{
	size_t i;

	for (i = (offset - start) / disk->page; i * disk->page < offset + length - start; i++)
		if (states[i] < state)
			states[i] = state;
}

/*
 * One request that does not wait. For the file this is what makes the kernel refuse and not write back
 * (kiocb_write_and_wait() with IOCB_NOWAIT); for the device it spares what is dirty in the device's own
 * cache, metadata beside the file's blocks. 0, or -errno: -EAGAIN is such a refusal, or a busy queue.
 */
static int read_without_waiting(int fd, char *buffer, size_t length, off_t offset)
{
	struct iovec vec = { buffer, length };
	ssize_t got = preadv2(fd, &vec, 1, offset, RWF_NOWAIT);

	if (got < 0)
		return -errno;
	/* Less only at the end of the file, whose last page is zeros behind it. */
	memset(buffer + got, 0, length - got);
	return 0;
}

/* One request to the device; 0 or -errno. */
static int read_request(const struct disk *disk, char *buffer, size_t length, off_t place, int tries)
{
	int ret = -EAGAIN, i;

	for (i = 0; i < tries && ret == -EAGAIN; i++) {
		if (i)
			usleep(TRY_AGAIN_US);
		ret = read_without_waiting(disk->device, buffer, length, place);
	}
	/* A device that knows no other way, as some of the device mapper; not where what is asked about is in its cache. */
	if (ret == -EOPNOTSUPP && !disk->is_block)
		ret = pread(disk->device, buffer, length, place) == (ssize_t)length ? 0 : -EIO;
	return ret;
}

/* 0 or -errno, for a range of any size. */
static int read_device(const struct disk *disk, char *buffer, size_t length, off_t place)
{
	while (length) {
		size_t part = length < REQUEST ? length : REQUEST;
		int ret = read_request(disk, buffer, part, place, TRIES);

		if (ret)
			return ret;
		buffer += part;
		length -= part;
		place += part;
	}
	return 0;
}

static const char *why_not_read(const struct disk *disk, int error)
{
	if (error != -EAGAIN && error != -EOPNOTSUPP)
		return "it cannot be read";
	if (error == -EOPNOTSUPP)
		return disk->is_block ? "the device cannot be read without risk of a write" :
					"its file system cannot be read without risk of a write";
	if (disk->is_block)
		return "dirty or busy, or before Linux 5.13 cached: reading it could make the kernel write it";
	return disk->no_device ? disk->no_device : "dirty or busy: reading it would make the kernel write it";
}

/* Through the file: page by page, so that one that is dirty costs itself only. */
static void read_file(struct disk *disk, off_t offset, size_t length, char *buffer, off_t start,
		      enum disk_state *states)
{
	off_t at = offset - offset % disk->page;
	size_t done;

	if (disk->direct < 0) {
		disk->why = "its blocks have no place of their own on the device";
		set_states(disk, offset, length, start, states, DISK_NOT_READ);
		return;
	}
	for (done = 0; at + (off_t)done < offset + (off_t)length; done += disk->page) {
		int ret = read_without_waiting(disk->direct, buffer + (at - start) + done, disk->page,
					   at + done);
		if (!ret)
			continue;
		disk->why = why_not_read(disk, ret);
		set_states(disk, at + done, disk->page, start, states, DISK_NOT_READ);
	}
}

static void read_place(struct disk *disk, off_t offset, size_t length, off_t place, char *buffer,
		       off_t start, enum disk_state *states)
{
	size_t done, part;

	if (!read_device(disk, buffer + (offset - start), length, place))
		return;
	/*
	 * Page by page, so that one that cannot be read costs itself only. A block that was metadata
	 * before it was the file's may be dirty in the device's own cache until that is written back,
	 * and the kernel refuses a range with such a block (blkdev_read_iter(), block/fops.c, 7.3).
	 */
	for (done = 0; done < length; done += part) {
		int ret;

		part = disk->page - (offset + done) % disk->page;
		if (part > length - done)
			part = length - done;
		ret = read_request(disk, buffer + (offset - start) + done, part, place + done, 1);
		if (!ret)
			continue;
		disk->why = ret == -EAGAIN ? "the block device is busy there" :
					     "the block device cannot be read there";
		set_states(disk, offset + done, part, start, states, DISK_NOT_READ);
	}
}

/* One extent, cut to the range [start, end). */
static void read_extent(struct disk *disk, const struct fiemap_extent *extent, off_t start, off_t end,
			char *buffer, enum disk_state *states)
{
	/* FIEMAP_EXTENT_ENCODED comes with each that is compressed or encrypted. */
	const unsigned int not_plain = FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED |
				       FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE |
				       FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_UNKNOWN;
	off_t from = extent->fe_logical, to = extent->fe_logical + extent->fe_length;

	if (from < start)
		from = start;
	if (to > end)
		to = end;
	if (from >= to)
		return;
	if (extent->fe_flags & FIEMAP_EXTENT_DELALLOC)
		set_states(disk, from, to - from, start, states, DISK_NOTHING_YET);
	else if (extent->fe_flags & not_plain)
		read_file(disk, from, to - from, buffer, start, states);
	else if (!(extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN))
		read_place(disk, from, to - from, extent->fe_physical + (from - extent->fe_logical),
			   buffer, start, states);
}

static bool read_extents(struct disk *disk, off_t start, off_t end, char *buffer,
			 enum disk_state *states)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[EXTENTS];
	} request;
	off_t from = start;
	unsigned int i;

	while (from < end) {
		const struct fiemap_extent *last;

		memset(&request.map, 0, sizeof(request.map));
		request.map.fm_start = from;
		request.map.fm_length = end - from;
		request.map.fm_extent_count = EXTENTS;
		/* Never with FIEMAP_FLAG_SYNC, which writes the file back. */
		if (ioctl(disk->file, FS_IOC_FIEMAP, &request.map))
			return false;
		for (i = 0; i < request.map.fm_mapped_extents; i++)
			read_extent(disk, &request.extents[i], start, end, buffer, states);
		if (request.map.fm_mapped_extents < EXTENTS)
			break;
		last = &request.extents[EXTENTS - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST)
			break;
		from = last->fe_logical + last->fe_length;
	}
	return true;
}

/* Block by block, those that follow each other on the device in one request. */
static bool read_blocks(struct disk *disk, off_t start, off_t end, char *buffer,
			enum disk_state *states)
{
	off_t from = start, place = 0, at;

	if (end / disk->block > INT_MAX)
		return false;
	for (at = start; at <= end; at += disk->block) {
		int block = at / disk->block;
		off_t here;

		if (at < end && ioctl(disk->file, FIBMAP, &block))
			return false;
		here = at < end ? (off_t)(unsigned int)block * disk->block : 0;
		/* 0 is a hole. */
		if (at > start && at < end && place && here == place + (at - from))
			continue;
		if (place && at > from)
			read_place(disk, from, at - from, place, buffer, start, states);
		from = at;
		place = here;
	}
	return true;
}

/* What is in the disk's own cache may be refused there, and not by the partition. */
static void read_block(struct disk *disk, off_t offset, size_t length, char *buffer, enum disk_state *states)
{
	size_t i;

	if (disk->device < 0) {
		read_file(disk, offset, length, buffer, offset, states);
		return;
	}
	read_place(disk, offset, length, disk->start + offset, buffer, offset, states);
	for (i = 0; disk->direct >= 0 && i < length / disk->page; i++) {
		if (states[i] != DISK_NOT_READ)
			continue;
		states[i] = DISK_DATA;
		read_file(disk, offset + i * disk->page, disk->page, buffer, offset, states);
	}
}

void disk_read(struct disk *disk, off_t offset, size_t length, char *buffer, enum disk_state *states)
{
	off_t end = offset + length;
	bool known;

	/* What no extent covers is a hole. */
	memset(buffer, 0, length);
	memset(states, 0, length / disk->page * sizeof(*states));
	if (disk->is_block) {
		read_block(disk, offset, length, buffer, states);
		return;
	}
	if (disk->device < 0) {
		read_file(disk, offset, length, buffer, offset, states);
		return;
	}
	known = disk->fibmap ? read_blocks(disk, offset, end, buffer, states) :
			       read_extents(disk, offset, end, buffer, states);
	if (known)
		return;
	disk->why = "its file system did not tell where its blocks are";
	set_states(disk, offset, length, offset, states, DISK_NOT_READ);
}
