// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which part of a folio is written back, or is dirty. A file system that knows blocks smaller than
 * a folio writes those that are dirty and no other, and a direct write beside them loses nothing.
 */
#include <linux/bitops.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "diolate.h"

/* The release_folio() of iomap, by which its file systems are known; 0 if there is none. */
static unsigned long iomap_release;

static bool is_of_iomap(const struct address_space *mapping)
{
	return iomap_release && diolate_release_folio(mapping->a_ops) == iomap_release;
}
NOKPROBE_SYMBOL(is_of_iomap);

/* Blocks of a folio: from the first that is written to the last, and whether all between are. */
struct blocks {
	unsigned int first, last, written;
};

static void add(struct blocks *b, unsigned int block)
{
	if (!b->written++)
		b->first = block;
	b->last = block;
}
NOKPROBE_SYMBOL(add);

/*
 * A buffer that is going to be written is marked as being written, or dirty with a place on the
 * disk, as the file system gets to it before it starts writeback or after
 * (block_write_full_folio(), fs/buffer.c; ext4_bio_write_folio(), fs/ext4/page-io.c, 5.10 to 7.3).
 */
static void look_at_buffers(struct folio *folio, struct blocks *b)
{
	struct buffer_head *head = diolate_buffers(folio), *bh = head;
	unsigned int block = 0;

	do {
		if (buffer_async_write(bh) || (buffer_dirty(bh) && buffer_mapped(bh) &&
					       !buffer_delay(bh) && !buffer_unwritten(bh)))
			add(b, block);
		block++;
		bh = bh->b_this_page;
	} while (bh != head);
}
NOKPROBE_SYMBOL(look_at_buffers);

/* Before 6.6 iomap knows what is up to date and not what is dirty, and writes all of the former. */
static void look_at_iomap(struct folio *folio, unsigned int blocks, struct blocks *b)
{
	const unsigned long *state;
	unsigned int block;

	if (!DIOLATE_IOMAP_KEEPS_DIRTY || !DIOLATE_IOMAP_IS_KNOWN)
		return;
	state = diolate_iomap_state(folio);
	for (block = 0; state && block < blocks; block++)
		if (test_bit(blocks + block, state))
			add(b, block);
}
NOKPROBE_SYMBOL(look_at_iomap);

static bool a_buffer_is_dirty(struct folio *folio, unsigned int first, unsigned int last)
{
	struct buffer_head *head = diolate_buffers(folio), *bh = head;
	unsigned int block = 0;

	do {
		if (block >= first && block <= last && (buffer_dirty(bh) || buffer_async_write(bh)))
			return true;
		block++;
		bh = bh->b_this_page;
	} while (bh != head);
	return false;
}

/*
 * Where iomap keeps nothing of a folio all of it is dirty. Before 6.6 it writes back all that is up
 * to date.
 */
static enum diolate_dirt iomap_is_dirty(struct folio *folio, unsigned int blocks,
					unsigned int first, unsigned int last)
{
	const unsigned long *state;

	if (!DIOLATE_IOMAP_KEEPS_DIRTY)
		return folio_test_uptodate(folio) ? DIOLATE_DIRTY : DIOLATE_DIRTY_PERHAPS;
	if (!DIOLATE_IOMAP_IS_KNOWN)
		return DIOLATE_DIRTY_PERHAPS;
	state = diolate_iomap_state(folio);
	return !state || find_next_bit(state, blocks + last + 1, blocks + first) <= blocks + last ?
		       DIOLATE_DIRTY : DIOLATE_CLEAN;
}

/**
 * diolate_part_dirty() - whether something of a part of a file is dirty in a folio
 * @folio: it, locked, and in the file
 * @part:  of which the folio has something
 *
 * Of a folio under writeback that is told only where buffers tell.
 *
 * Context: process, may sleep.
 */
enum diolate_dirt diolate_part_dirty(struct folio *folio, const struct diolate_part *part)
{
	struct inode *inode = folio->mapping->host;
	unsigned int block_bits = inode->i_blkbits, blocks = folio_size(folio) >> block_bits;
	loff_t start = folio_pos(folio), end = diolate_end_of(folio);
	unsigned int first = (max(part->start, start) - start) >> block_bits;
	unsigned int last = (min(part->end, end) - start - 1) >> block_bits;
	bool has_buffers;

	if (blocks <= 1)
		return folio_test_dirty(folio) ? DIOLATE_DIRTY : DIOLATE_CLEAN;
	if (is_of_iomap(inode->i_mapping))
		return folio_test_dirty(folio) ? iomap_is_dirty(folio, blocks, first, last) :
						 DIOLATE_CLEAN;
	has_buffers = iomap_release && diolate_has_buffers(inode);
	if (has_buffers && diolate_buffers(folio))
		return a_buffer_is_dirty(folio, first, last) ? DIOLATE_DIRTY : DIOLATE_CLEAN;
	if (!folio_test_dirty(folio))
		return DIOLATE_CLEAN;
	/* All of it is, if it was stored into through mmap and has no buffers yet. */
	return has_buffers ? DIOLATE_DIRTY : DIOLATE_DIRTY_PERHAPS;
}

/* Nothing is written beyond the end of the file, but for the rest of a block. */
static void cut_at_end_of_file(struct diolate_part *part, struct inode *inode)
{
	loff_t size = i_size_read(inode);

	if (size < part->end)
		part->end = min_t(loff_t, part->end,
				  max_t(loff_t, part->start, round_up(size, i_blocksize(inode))));
}
NOKPROBE_SYMBOL(cut_at_end_of_file);

/**
 * diolate_part_written() - which part of a folio is written back
 * @folio: it, locked, as its writeback starts
 * @part:  set to bytes of the file; all of the folio where that is not known
 *
 * Context: any, also inside an ftrace callback.
 * Return: what is known of @part.
 */
enum diolate_written diolate_part_written(struct folio *folio, struct diolate_part *part)
{
	struct inode *inode = folio_mapping(folio)->host;
	unsigned int block_bits = inode->i_blkbits, blocks = folio_size(folio) >> block_bits;
	struct blocks b = {};
	bool all;

	part->start = folio_pos(folio);
	part->end = diolate_end_of(folio);
	cut_at_end_of_file(part, inode);
	if (blocks <= 1)
		return DIOLATE_WRITTEN;
	if (is_of_iomap(inode->i_mapping))
		look_at_iomap(folio, blocks, &b);
	else if (!iomap_release || !diolate_has_buffers(inode))
		return DIOLATE_WRITTEN_PERHAPS;
	else if (diolate_buffers(folio))
		look_at_buffers(folio, &b);
	/*
	 * Not kept; or stored into through mmap, and no buffers yet; or they are all clean already
	 * (fs/mpage.c, 5.10 to 7.3).
	 */
	all = !b.written || b.written == blocks;
	if (all)
		return DIOLATE_WRITTEN_WHOLE;
	part->end = min_t(loff_t, part->end, part->start + ((loff_t)(b.last + 1) << block_bits));
	part->start += (loff_t)b.first << block_bits;
	return b.written == b.last - b.first + 1 ? DIOLATE_WRITTEN : DIOLATE_WRITTEN_PERHAPS;
}
NOKPROBE_SYMBOL(diolate_part_written);

/**
 * diolate_part_init() - learn how to know a folio of iomap
 *
 * Where that cannot be learned, nothing is looked at that might be one.
 *
 * Context: process, may sleep; before writeback is followed.
 */
void diolate_part_init(void)
{
	int err = diolate_symbol_address(DIOLATE_IOMAP_RELEASE, &iomap_release, NULL);

	if (!err)
		return;
	iomap_release = 0;
	pr_notice("%s cannot be found on this kernel (error %d), so of folios larger than a block it is not known what is written back\n",
		  DIOLATE_IOMAP_RELEASE, err);
}
