// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folio may be written back, or be dirty, in part: a file system with blocks smaller than a folio
 * writes back only dirty blocks, and a direct write beside those loses nothing.
 */
#include <linux/bitops.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/pagemap.h>
#include <linux/string.h>

#include "flight/folio_part.h"
#include "kernel/compat/iomap.h"
#include "kernel/layout.h"
#include "kernel/symbol.h"
#include "write/filesystem.h"

/* The release_folio() of iomap, which identifies its file systems; 0 if unknown. */
static unsigned long iomap_release;

static bool folio_part_is_of_iomap(const struct address_space *mapping)
{
	return iomap_release && diolate_release_folio(mapping->a_ops) == iomap_release;
}
NOKPROBE_SYMBOL(folio_part_is_of_iomap);

/* A block of a folio is written. */
static void folio_part_add(struct diolate_written *w, unsigned int block, unsigned int block_bits)
{
	w->blocks++;
	__set_bit(block >> (w->unit_bits - block_bits), w->units);
}
NOKPROBE_SYMBOL(folio_part_add);

/*
 * A buffer that is going to be written is under I/O if the file system visits the buffer before
 * writeback of the folio starts; if after, the buffer is dirty and has a place on the disk
 * (block_write_full_folio(), fs/buffer.c; ext4_bio_write_folio(), fs/ext4/page-io.c, 5.10 to 7.3).
 */
static void folio_part_look_at_buffers(struct folio *folio, unsigned int block_bits,
				       struct diolate_written *w)
{
	struct buffer_head *head = diolate_buffers(folio), *bh = head;
	unsigned int block = 0;

	do {
		if (buffer_async_write(bh) || (buffer_dirty(bh) && buffer_mapped(bh) &&
					       !buffer_delay(bh) && !buffer_unwritten(bh)))
			folio_part_add(w, block, block_bits);
		block++;
		bh = bh->b_this_page;
	} while (bh != head);
}
NOKPROBE_SYMBOL(folio_part_look_at_buffers);

/* Whether iomap knows which blocks are dirty; before 6.6 it writes back all that are up to date. */
static bool folio_part_iomap_keeps_dirty(void)
{
	return diolate_layout.folio != DIOLATE_IS_ABSENT;
}
NOKPROBE_SYMBOL(folio_part_iomap_keeps_dirty);

/*
 * The bitmaps of the blocks of a folio: those up to date, and behind them those dirty. If the folio
 * is up to date all its blocks are (ifs_alloc(), ifs_set_range_uptodate(), fs/iomap/buffered-io.c,
 * 6.12 and 7.3); else it is not the bitmap, and -EPROTO is returned. A folio of few blocks may be
 * so by chance. So, unless BTF has the place of the bitmaps, the rest of their last word has to be
 * zero, too, as ifs_alloc() made it.
 */
static int folio_part_iomap_state(struct folio *folio, unsigned int blocks,
				  const unsigned long **state)
{
	unsigned long end = round_up(2 * blocks, BITS_PER_LONG);

	*state = NULL;
	if (diolate_layout.folio > DIOLATE_BY_TESTS || !DIOLATE_IOMAP_IS_KNOWN)
		return -EPROTO;
	if (!folio->private)
		return 0;
	*state = (const void *)folio->private + diolate_layout.state;
	if (diolate_layout.folio == DIOLATE_BY_TESTS &&
	    find_next_bit(*state, end, 2 * blocks) < end)
		return -EPROTO;
	return folio_test_uptodate(folio) && find_first_zero_bit(*state, blocks) < blocks ?
		       -EPROTO : 0;
}
NOKPROBE_SYMBOL(folio_part_iomap_state);

static void folio_part_look_at_iomap(struct folio *folio, unsigned int blocks,
				     unsigned int block_bits, struct diolate_written *w)
{
	const unsigned long *state;
	unsigned int block;

	if (!folio_part_iomap_keeps_dirty())
		return;
	if (folio_part_iomap_state(folio, blocks, &state)) {
		w->kind = DIOLATE_WRITTEN_PERHAPS;
		return;
	}
	for (block = 0; state && block < blocks; block++)
		if (test_bit(blocks + block, state))
			folio_part_add(w, block, block_bits);
}
NOKPROBE_SYMBOL(folio_part_look_at_iomap);

static bool folio_part_a_buffer_is_dirty(struct folio *folio, unsigned int first, unsigned int last)
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

/* A dirty folio without state is all dirty. */
static enum diolate_dirt folio_part_iomap_is_dirty(struct folio *folio, unsigned int blocks,
						   unsigned int first, unsigned int last)
{
	const unsigned long *state;

	if (!folio_part_iomap_keeps_dirty())
		return folio_test_uptodate(folio) ? DIOLATE_DIRTY : DIOLATE_DIRTY_PERHAPS;
	if (folio_part_iomap_state(folio, blocks, &state))
		return DIOLATE_DIRTY_PERHAPS;
	return !state || find_next_bit(state, blocks + last + 1, blocks + first) <= blocks + last ?
		       DIOLATE_DIRTY : DIOLATE_CLEAN;
}

/**
 * diolate_folio_part_dirty() - whether a folio is dirty within a part of its file
 * @folio: the folio, locked and in the file
 * @part:  bytes of the file; the folio has some of them
 *
 * Only a folio with buffers counts as dirty for being under writeback.
 *
 * Context: process, may sleep.
 * Return: DIOLATE_DIRTY_PERHAPS if that cannot be seen.
 */
enum diolate_dirt diolate_folio_part_dirty(struct folio *folio, const struct diolate_part *part)
{
	struct inode *inode = folio->mapping->host;
	unsigned int block_bits = inode->i_blkbits, blocks = folio_size(folio) >> block_bits;
	loff_t start = folio_pos(folio), end = diolate_folio_part_end(folio);
	unsigned int first = (max(part->start, start) - start) >> block_bits;
	unsigned int last = (min(part->end, end) - start - 1) >> block_bits;
	bool has_buffers;

	if (blocks <= 1)
		return folio_test_dirty(folio) ? DIOLATE_DIRTY : DIOLATE_CLEAN;
	if (folio_part_is_of_iomap(inode->i_mapping))
		return folio_test_dirty(folio) ?
			       folio_part_iomap_is_dirty(folio, blocks, first, last) :
			       DIOLATE_CLEAN;
	has_buffers = iomap_release && diolate_filesystem_has_buffers(inode);
	if (has_buffers && diolate_buffers(folio))
		return folio_part_a_buffer_is_dirty(folio, first, last) ? DIOLATE_DIRTY :
									  DIOLATE_CLEAN;
	if (!folio_test_dirty(folio))
		return DIOLATE_CLEAN;
	/* A folio stored into through mmap, without buffers yet, is all dirty. */
	return has_buffers ? DIOLATE_DIRTY : DIOLATE_DIRTY_PERHAPS;
}

/* Writeback ends at the end of the file, rounded up to a block. */
static void folio_part_cut_at_end_of_file(struct diolate_part *part, struct inode *inode)
{
	loff_t size = i_size_read(inode);

	if (size < part->end)
		part->end = min_t(loff_t, part->end,
				  max_t(loff_t, part->start, round_up(size, i_blocksize(inode))));
}
NOKPROBE_SYMBOL(folio_part_cut_at_end_of_file);

/**
 * diolate_folio_part_written() - which part of a folio is written back
 * @folio: the folio, locked, as its writeback starts
 * @w:     filled in
 *
 * Context: any, also inside an ftrace callback.
 */
void diolate_folio_part_written(struct folio *folio, struct diolate_written *w)
{
	struct inode *inode = folio_mapping(folio)->host;
	unsigned int block_bits = inode->i_blkbits, blocks = folio_size(folio) >> block_bits;

	memset(w, 0, sizeof(*w));
	w->part.start = folio_pos(folio);
	w->part.end = diolate_folio_part_end(folio);
	folio_part_cut_at_end_of_file(&w->part, inode);
	w->kind = DIOLATE_WRITTEN;
	if (blocks <= 1)
		return;
	w->unit_bits = max_t(unsigned int, block_bits,
			     ilog2(folio_size(folio)) - ilog2(DIOLATE_WRITTEN_UNITS));
	if (folio_part_is_of_iomap(inode->i_mapping))
		folio_part_look_at_iomap(folio, blocks, block_bits, w);
	else if (!iomap_release || !diolate_filesystem_has_buffers(inode))
		w->kind = DIOLATE_WRITTEN_PERHAPS;
	else if (diolate_buffers(folio))
		folio_part_look_at_buffers(folio, block_bits, w);
	if (w->kind == DIOLATE_WRITTEN_PERHAPS)
		return;
	/*
	 * No block was found if iomap does not know dirty blocks, if a folio stored into through
	 * mmap has no buffers yet, or if its buffers are clean already (fs/mpage.c, 5.10 to 7.3).
	 */
	if (!w->blocks || w->blocks == blocks) {
		w->kind = DIOLATE_WRITTEN_WHOLE;
		w->blocks = 0;
	} else if (w->unit_bits > block_bits) {
		w->kind = DIOLATE_WRITTEN_PERHAPS;
	}
}
NOKPROBE_SYMBOL(diolate_folio_part_written);

/**
 * diolate_folio_part_meets() - whether the written part of a folio overlaps a part of its file
 * @w:    of diolate_folio_part_written()
 * @part: bytes of the file
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_folio_part_meets(const struct diolate_written *w, const struct diolate_part *part)
{
	loff_t start = max(w->part.start, part->start), end = min(w->part.end, part->end);
	unsigned int unit, last;

	if (start >= end || !w->blocks)
		return start < end;
	unit = (start - w->part.start) >> w->unit_bits;
	last = (end - 1 - w->part.start) >> w->unit_bits;
	return find_next_bit(w->units, last + 1, unit) <= last;
}
NOKPROBE_SYMBOL(diolate_folio_part_meets);

/**
 * diolate_folio_part_init() - find release_folio() of iomap
 *
 * Without its address no folio is looked into, because any may be of iomap.
 *
 * Context: process, may sleep; before writeback is followed.
 */
void diolate_folio_part_init(void)
{
	int err = diolate_symbol_address(DIOLATE_IOMAP_RELEASE, &iomap_release, NULL);

	if (!err)
		return;
	iomap_release = 0;
	pr_notice("%s cannot be found on this kernel (error %d), so of folios larger than a block it is not known what is written back\n",
		  DIOLATE_IOMAP_RELEASE, err);
}
