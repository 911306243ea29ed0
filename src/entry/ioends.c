// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioends of xfs on zones, which writes elsewhere: what a bio has written is mapped into the
 * file when the bio has ended.
 */
#include <linux/bio.h>
#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/kprobes.h>

#include "entry/ioends.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/span.h"
#include "kernel/compat/iomap.h"
#include "write/identify.h"
#include "write/iomap_dio.h"

#if DIOLATE_IOMAP_ENDS_DIRECT
static struct kiocb *ioends_kiocb_of(const struct iomap_ioend *ioend)
{
	return diolate_iomap_dio_kiocb(ioend->io_bio.bi_private);
}
NOKPROBE_SYMBOL(ioends_kiocb_of);

/**
 * diolate_ioends_ended() - a bio has ended whose blocks have yet to be mapped
 * @bio: the argument of void xfs_end_bio(struct bio *bio), fs/xfs/xfs_ioend.c, 7.3 and 7.2; a part
 *       of a bio that was split is one, too
 *
 * Context: any, inside an ftrace callback.
 */
void diolate_ioends_ended(struct bio *bio)
{
	struct iomap_ioend *ioend = container_of(bio, struct iomap_ioend, io_bio);
	struct diolate_part part;
	struct kiocb *iocb;

	if (bio_op(bio) == REQ_OP_READ || !(ioend->io_flags & IOMAP_IOEND_DIRECT))
		return;
	part.start = ioend->io_offset;
	part.end = part.start + ioend->io_size;
	iocb = ioends_kiocb_of(ioend);
	if (!iocb)
		return;
	diolate_flight_end_elsewhere(diolate_identify_key_of(iocb), iocb->ki_filp->f_mapping, bio,
				     &part);
}
NOKPROBE_SYMBOL(diolate_ioends_ended);

/* An ioend of writeback was mapped, in whole blocks, even if the file ends within the last. */
static void ioends_mapped_of_page_cache(const struct iomap_ioend *ioend)
{
	struct inode *inode = ioend->io_inode;
	struct diolate_part part = { .start = ioend->io_offset };

	part.end = min_t(u64, LLONG_MAX,
			 round_up((u64)part.start + ioend->io_size, i_blocksize(inode)));
	if (atomic_read(&inode->i_dio_count) && diolate_spans_mapped(inode->i_mapping, &part))
		diolate_following_met_now();
}
NOKPROBE_SYMBOL(ioends_mapped_of_page_cache);

static void ioends_mapped_of_direct(const struct iomap_ioend *ioend)
{
	struct kiocb *iocb = ioends_kiocb_of(ioend);

	if (iocb)
		diolate_flight_map(diolate_identify_key_of(iocb), iocb->ki_filp->f_mapping,
				   &ioend->io_bio);
}
NOKPROBE_SYMBOL(ioends_mapped_of_direct);

/**
 * diolate_ioends_mapped() - blocks were just mapped, or read
 * @ioend: the first argument of void iomap_finish_ioends(struct iomap_ioend *ioend, int error),
 *         fs/iomap/ioend.c, 6.15 to 7.3: an ioend and the ioends joined to it, all of one kind
 * @error: the second argument
 *
 * What was mapped was mapped by the one worker of its file (xfs_end_io(), fs/xfs/xfs_ioend.c, 7.3).
 * (The garbage collector of zones maps the same bytes.)
 *
 * Context: any, inside an ftrace callback.
 */
void diolate_ioends_mapped(const struct iomap_ioend *ioend, int error)
{
	const struct iomap_ioend *next;

	if (error || bio_op(&ioend->io_bio) == REQ_OP_READ)
		return;
	if (!(ioend->io_flags & IOMAP_IOEND_DIRECT)) {
		ioends_mapped_of_page_cache(ioend);
		return;
	}
	ioends_mapped_of_direct(ioend);
	list_for_each_entry(next, &ioend->io_list, io_list)
		ioends_mapped_of_direct(next);
}
NOKPROBE_SYMBOL(diolate_ioends_mapped);
#else
void diolate_ioends_ended(struct bio *bio)
{
}

void diolate_ioends_mapped(const struct iomap_ioend *ioend, int error)
{
}
#endif
