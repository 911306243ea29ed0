// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of file systems: on which of them a late error is certain to be a writer's doing.
 */
#include <linux/fs.h>
#include <linux/string.h>

#include "diolate.h"

/*
 * File systems where the folio in the way is certain to have been dirtied by a writer. For these
 * dropping a clean one never fails (5.10 to 7.3). Without a release_folio() of their own (vfat, and
 * exfat up to 6.12), and in ext4_release_folio(), try_to_free_buffers() refuses dirty buffers
 * and those under I/O, whose folio is locked. iomap_release_folio() (xfs; exfat of 7.3): refuses
 * dirty folios and those under writeback. Who moves ext4's data, which dirties it, first waits for
 * direct writes in flight (fs/ext4/move_extent.c); who moves xfs's dirties nothing
 * (xfs_swap_extents(), fs/xfs/xfs_bmap_util.c).
 *
 * A page with several blocks may belong to several direct writes, and one of them can go through
 * the page cache: past what is initialized (fat_direct_IO() and cont_expand_zero(), 6.1 to 7.3;
 * exfat_extend_valid_size(), 6.12), into a hole (ext2_dio_write_iter()), not aligned and shared
 * with another file (xfs_file_dio_write_unaligned()). It dirties its own blocks and waits for
 * nobody; then the other write, which lost nothing, finds the page in its way. (ext4 waits for
 * direct writes in flight first in 6.1.192, ext4_buffered_write_iter(), but not in 5.10.262:
 * nothing at load time tells which.) No page that a write covers wholly is another's.
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

/**
 * diolate_only_a_writer_is_in_the_way() - whether a late error proves that somebody wrote the cache
 * @iocb:   a direct write whose post-write invalidation failed
 * @length: bytes of it, from its ki_pos; 0 if not known
 *
 * Else -EIO might be a reader's doing, so nobody is told.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_only_a_writer_is_in_the_way(const struct kiocb *iocb, size_t length)
{
	const struct inode *inode = file_inode(iocb->ki_filp);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(proven); i++)
		if (!strcmp(inode->i_sb->s_type->name, proven[i]))
			return i_blocksize(inode) >= PAGE_SIZE ||
			       (length && PAGE_ALIGNED(iocb->ki_pos | length));
	return false;
}
NOKPROBE_SYMBOL(diolate_only_a_writer_is_in_the_way);
