// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems on which a late error proves that a writer dirtied the page cache, and those on
 * which a dirty folio may be discarded after a direct write.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/string.h>

#include "kernel/compat/filesystem.h"
#include "write/filesystem.h"

/*
 * File systems where a folio in the way of the invalidation was certainly dirtied by a writer:
 * dropping a clean folio never fails there (5.10 to 7.3). try_to_free_buffers(), which drops the
 * folios of file systems without a release_folio() (vfat, and exfat up to 6.12) and which
 * ext4_release_folio() calls, refuses dirty buffers and buffers under I/O, whose folio is locked.
 * iomap_release_folio() (xfs; exfat from 7.2 on) refuses dirty folios and folios under writeback.
 * Moving the data of an ext4 file dirties folios, but waits for direct writes in flight first
 * (fs/ext4/move_extent.c); moving the data of an xfs file dirties none (xfs_swap_extents(),
 * fs/xfs/xfs_bmap_util.c). The dirty bytes may still lie beside the write (src/outcome/spared.c).
 *
 * Other file systems are not proven. btrfs refuses a clean folio while its extent is locked by a
 * reader or, up to 6.12, by the end of the write itself (try_release_extent_state(), 6.1 to 7.3).
 * f2fs refuses dirty folios only, but its defragmenter dirties clean folios and waits for no write
 * (f2fs_defragment_range(), 6.1 to 7.3). On ntfs3 a private mapping, which a reader may make,
 * dirties the page with the end of the initialized part (ntfs_file_mmap(), 6.1 to 7.3).
 */
static const char *const proven[] = {
	"ext2",	/* ext4's code or, on some kernels, its own */
	"ext3",
	"ext4",
#if !DIOLATE_EXFAT_READERS_DIRTY
	"exfat",
#endif
	"vfat",
	"xfs",
};

/*
 * File systems where a folio that is dirty over blocks just written directly can be dropped under
 * its lock alone, as truncation drops it, and nothing is left of it. All of them keep the state of
 * a dirty folio in the folio, or on a list from which ->invalidate_folio() removes it
 * (block_invalidate_folio(); iomap_invalidate_folio(); f2fs_invalidate_folio(), 5.10 to 7.3). The
 * direct write used any space reserved for the folio (delayed allocation of ext4 and xfs, f2fs): it
 * has allocated every block of its range by the time it completes. Or the space is in xfs's
 * copy-on-write fork (all of it on a zoned device, 7.3), and is given back with what that fork
 * reserves ahead, or when the inode leaves memory (xfs_inodegc).
 *
 * Truncation and hole punching wait for direct writes in flight there (inode_dio_wait()). These do
 * not, and so lose such a write on stock Linux as well: XFS_IOC_SWAPEXT (xfs_swap_extents(), of
 * xfs_fsr; 5.10 to 7.3); F2FS_IOC_MOVE_RANGE; the commit of f2fs's atomic writes, which replaces
 * blocks without PG_writeback (__f2fs_commit_atomic_write(), 6.1 to 7.3).
 */
static const char *const discards[] = {
	"ext2",
	"ext3",
	"ext4",
#if DIOLATE_EXFAT_WAITS
	"exfat",
#endif
#if DIOLATE_F2FS_WAITS
	"f2fs",
#endif
	"vfat",
	"xfs",
};

/*
 * Whether a file is of a file system. This is asked of each followed write, and nearly all names
 * differ in their first letters, which takes no call.
 */
static __always_inline bool filesystem_is(const struct inode *inode, const char *name)
{
	const char *its = inode->i_sb->s_type->name;

	return its[0] == name[0] && its[1] == name[1] && its[2] == name[2] && !strcmp(its, name);
}

static bool filesystem_is_one_of(const struct inode *inode, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(inode->i_sb->s_type->name, names[i]))
			return true;
	return false;
}
NOKPROBE_SYMBOL(filesystem_is_one_of);

/*
 * File systems that keep buffers in their folios (5.10 to 7.3). xfs, and exfat from 7.2 on, use
 * iomap instead.
 */
static const char *const buffered[] = {
	"ext2",
	"ext3",
	"ext4",
#if !DIOLATE_EXFAT_WAITS
	"exfat",
#endif
	"vfat",
};

/**
 * diolate_filesystem_is_proven() - whether a late error proves that somebody wrote the page cache
 * @inode: the file of a direct write whose post-write invalidation failed
 *
 * On other file systems a reader may cause the late error, so no submitter is told.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_is_proven(const struct inode *inode)
{
	return filesystem_is_one_of(inode, proven, ARRAY_SIZE(proven));
}
NOKPROBE_SYMBOL(diolate_filesystem_is_proven);

/**
 * diolate_filesystem_may_be_overtaken() - whether direct writes to a file can be overtaken, and are
 *                                         judged
 * @inode: the file
 *
 * On btrfs btrfs_page_mkwrite() and a direct write wait for each other (5.10 to 7.3). A file system
 * without a block device sends no bio that could be seen.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_may_be_overtaken(const struct inode *inode)
{
	return inode->i_sb->s_bdev && !filesystem_is(inode, "btrfs");
}
NOKPROBE_SYMBOL(diolate_filesystem_may_be_overtaken);

/**
 * diolate_filesystem_maps_late() - whether a reader sees a direct write only when it has completed,
 *                                  even an overwrite
 * @inode: the file
 *
 * exfat advances the valid size of a file when a write completes (exfat_direct_IO(), 6.12; 7.2 and
 * 7.3 by iomap). A reader finds zeros beyond the valid size.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_maps_late(const struct inode *inode)
{
	return filesystem_is(inode, "exfat");
}
NOKPROBE_SYMBOL(diolate_filesystem_maps_late);

/**
 * diolate_filesystem_maps_elsewhere() - whether a file system with its own ->submit_io() (struct
 *                                       iomap_dio_ops) may write to new blocks and map them later
 * @inode: the file
 *
 * xfs does so on a zoned device, also for writeback (xfs_dio_zoned_submit_io(),
 * xfs_end_ioend_write(), 6.15 to 7.3). f2fs only looks at the bios (f2fs_dio_write_submit_io(),
 * 5.17 to 7.3).
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_maps_elsewhere(const struct inode *inode)
{
	return filesystem_is(inode, "xfs");
}
NOKPROBE_SYMBOL(diolate_filesystem_maps_elsewhere);

/**
 * diolate_filesystem_uses_dio() - whether direct writes to a file are those of fs/direct-io.c, for
 *                                 certain
 * @inode: the file
 *
 * What their file system says at the end is part of their result, and if that is an error
 * dio_complete() does not invalidate (5.10 to 7.3).
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_uses_dio(const struct inode *inode)
{
	return filesystem_is(inode, "vfat");
}
NOKPROBE_SYMBOL(diolate_filesystem_uses_dio);

/**
 * diolate_filesystem_discards() - whether a dirty folio may be discarded after a direct write
 * @inode: the file
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_discards(const struct inode *inode)
{
	return filesystem_is_one_of(inode, discards, ARRAY_SIZE(discards));
}
NOKPROBE_SYMBOL(diolate_filesystem_discards);

/**
 * diolate_filesystem_has_buffers() - whether the private data of a folio is buffers
 * @inode: the file of the folio, which does not use iomap for it
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_filesystem_has_buffers(const struct inode *inode)
{
	return filesystem_is_one_of(inode, buffered, ARRAY_SIZE(buffered));
}
NOKPROBE_SYMBOL(diolate_filesystem_has_buffers);
