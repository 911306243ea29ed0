// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of file systems: on which of them a late error is certain to be a writer's doing,
 * and on which a dirty folio may be discarded after a direct write.
 */
#include <linux/fs.h>
#include <linux/string.h>

#include "diolate.h"

/*
 * File systems where the folio in the way is certain to have been dirtied by a writer. For these
 * dropping a clean one never fails (5.10 to 7.3). Without a release_folio() of their own (vfat, and
 * exfat up to 6.12), and in ext4_release_folio(), try_to_free_buffers() refuses dirty buffers
 * and those under I/O, whose folio is locked. iomap_release_folio() (xfs; exfat from 7.2 on)
 * refuses dirty folios and those under writeback. Who moves ext4's data, which dirties it, first
 * waits for direct writes in flight (fs/ext4/move_extent.c); who moves xfs's dirties nothing
 * (xfs_swap_extents(), fs/xfs/xfs_bmap_util.c).
 * But of what he has dirtied nothing may be of the write: see src/spared.c.
 *
 * Not so elsewhere. btrfs refuses a clean folio while its extent is locked, by a reader or, up to
 * 6.12, by the end of the very write (try_release_extent_state(), 6.1 to 7.3). f2fs refuses dirty
 * ones only, but its defragmenter dirties clean ones and waits for nobody
 * (f2fs_defragment_range(), 6.1 to 7.3). On ntfs3 it takes a private mapping, which a reader may
 * make, to dirty the page with the end of what is initialized (ntfs_file_mmap(), 6.1 to 7.3).
 */
static const char *const proven[] = {
	"ext2",	/* ext4's code, or, on some kernels, its own */
	"ext3",
	"ext4",
	"exfat",
	"vfat",
	"xfs",
};

/*
 * File systems where a folio that is dirty over blocks just written directly can be dropped under
 * its lock alone, as truncation drops it, and nothing is left of it. All keep what they know of a
 * dirty folio in the folio, or on a list from which ->invalidate_folio() takes it
 * (block_invalidate_folio(); iomap_invalidate_folio(); f2fs_invalidate_folio(), 5.10 to 7.3). Space
 * reserved for it (delayed allocation of ext4 and xfs, f2fs) was used by the direct write, which
 * has allocated every block of its range by the time it completes; or it lies in xfs's fork for
 * copies (all of it on a zoned device, 7.3), and is given back with what that reserves ahead or
 * when the inode leaves memory (xfs_inodegc).
 *
 * Truncation and hole punching wait there for direct writes in flight (inode_dio_wait()). What does
 * not, and so loses such a write on stock Linux as well: XFS_IOC_SWAPEXT (xfs_swap_extents(), of
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
#if DIOLATE_F2FS_COUNTS
	"f2fs",
#endif
	"vfat",
	"xfs",
};

static bool is_one_of(const struct inode *inode, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(inode->i_sb->s_type->name, names[i]))
			return true;
	return false;
}
NOKPROBE_SYMBOL(is_one_of);

/*
 * File systems that keep buffers in their folios (5.10 to 7.3), if they are not of iomap: xfs is,
 * and exfat from 7.2 on.
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
 * diolate_only_a_writer_is_in_the_way() - whether a late error proves that somebody wrote the cache
 * @inode: the file of a direct write whose post-write invalidation failed
 *
 * Else -EIO might be a reader's doing, so nobody is told.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_only_a_writer_is_in_the_way(const struct inode *inode)
{
	return is_one_of(inode, proven, ARRAY_SIZE(proven));
}
NOKPROBE_SYMBOL(diolate_only_a_writer_is_in_the_way);

/**
 * diolate_may_be_overtaken() - whether direct writes to a file can be overtaken, and are judged
 * @inode: the file
 *
 * Not on btrfs: who dirties a page there waits for the write, and the write for him
 * (btrfs_page_mkwrite(), 5.10 to 7.3). Nor without a block device: no bio
 * is seen.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_may_be_overtaken(const struct inode *inode)
{
	return inode->i_sb->s_bdev && strcmp(inode->i_sb->s_type->name, "btrfs");
}
NOKPROBE_SYMBOL(diolate_may_be_overtaken);

/**
 * diolate_maps_late() - whether a reader finds what was written directly only when the write is
 *                       completed, though it overwrites what is there
 * @inode: the file
 *
 * exfat counts up to where a file is valid when a write is completed (exfat_direct_IO(), 6.12; 7.2
 * and 7.3 by iomap), and behind that a reader finds zeros.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_maps_late(const struct inode *inode)
{
	return !strcmp(inode->i_sb->s_type->name, "exfat");
}
NOKPROBE_SYMBOL(diolate_maps_late);

/**
 * diolate_maps_elsewhere() - whether a file system that has iomap call it to send a direct write
 *                            writes it elsewhere, and maps that when it is there
 * @inode: the file
 *
 * xfs does on a zoned device, and what is written back, too (xfs_dio_zoned_submit_io(),
 * xfs_end_ioend_write(), 6.15 to 7.3); f2fs only looks at them (f2fs_dio_write_submit_io(), 5.17 to
 * 7.3).
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_maps_elsewhere(const struct inode *inode)
{
	return !strcmp(inode->i_sb->s_type->name, "xfs");
}
NOKPROBE_SYMBOL(diolate_maps_elsewhere);

/**
 * diolate_discard_is_proven() - whether a dirty folio of a file may be discarded after a direct
 * write
 * @inode: the file
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_discard_is_proven(const struct inode *inode)
{
	return is_one_of(inode, discards, ARRAY_SIZE(discards));
}
NOKPROBE_SYMBOL(diolate_discard_is_proven);

/**
 * diolate_has_buffers() - whether what a folio has of its own is buffers
 * @inode: its file, not of iomap
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_has_buffers(const struct inode *inode)
{
	return is_one_of(inode, buffered, ARRAY_SIZE(buffered));
}
NOKPROBE_SYMBOL(diolate_has_buffers);
