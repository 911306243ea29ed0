// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bios of direct writes: a write begins, a bio of it is sent, and the bio ends.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "entry/direct_bios.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "kernel/compat/bio.h"
#include "outcome/judge.h"
#include "write/filesystem.h"
#include "write/identify.h"
#include "write/inside.h"
#include "write/iomap_dio.h"

/**
 * diolate_direct_bios_begin() - __iomap_dio_rw() or iomap_dio_rw() is called
 * @iocb: the first argument
 * @iter: the second; what is read or written
 * @dops: the fourth, const struct iomap_dio_ops *; 5.10 to 7.3
 *
 * Context: any, inside an ftrace callback.
 */
void diolate_direct_bios_begin(struct kiocb *iocb, const struct iov_iter *iter, const void *dops)
{
	if (iov_iter_rw(iter) == WRITE)
		diolate_judge_begins_slow(iocb, iov_iter_count(iter), dops,
					  diolate_following_sees_iomap);
}
NOKPROBE_SYMBOL(diolate_direct_bios_begin);

static __always_inline void direct_bios_sent(struct kiocb *iocb, const struct bio *bio, bool late)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	const struct kiocb *key = diolate_identify_key_of(iocb);
	struct diolate_part part;
	unsigned long index;

	/* Its position advances when it has written. */
	if (!diolate_flight_send(key, mapping, iocb->ki_pos, bio, bio->bi_iter.bi_size, late,
				 current, diolate_bio_disk(bio), &part))
		return;
	if (!mapping_tagged(mapping, PAGECACHE_TAG_WRITEBACK))
		return;
	index = part.start >> PAGE_SHIFT;
	if (xa_find(&mapping->i_pages, &index, (part.end - 1) >> PAGE_SHIFT,
		    PAGECACHE_TAG_WRITEBACK))
		diolate_flight_doubt(key, DIOLATE_UNKNOWN_AT_START);
}

/**
 * diolate_direct_bios_sent_by_iomap() - a bio of a direct write of iomap is sent
 * @bio: its bi_private is a struct iomap_dio (fs/iomap/direct-io.c, 5.4 to 7.3)
 *
 * Context: any, inside a tracepoint.
 */
void diolate_direct_bios_sent_by_iomap(const struct bio *bio)
{
	struct kiocb *iocb = diolate_iomap_dio_kiocb(bio->bi_private);

	if (iocb)
		direct_bios_sent(iocb, bio, diolate_iomap_dio_is_late(bio->bi_private));
}
NOKPROBE_SYMBOL(diolate_direct_bios_sent_by_iomap);

/*
 * The kiocbs of the bios of fs/direct-io.c. A bio has its kiocb somewhere in a private structure,
 * and an interrupt is no place to search that.
 */
#define DIO_BIOS_BITS 12
/* A bio may be in so many places, from the place of its hash on. */
#define DIO_BIOS_REACH 16
static struct dio_bio {
	const struct bio *bio;
	struct kiocb *iocb;
} dio_bios[1 << DIO_BIOS_BITS];

static struct dio_bio *direct_bios_nth_place(const struct bio *bio, unsigned int n)
{
	return &dio_bios[(hash_ptr((void *)bio, DIO_BIOS_BITS) + n) % ARRAY_SIZE(dio_bios)];
}
NOKPROBE_SYMBOL(direct_bios_nth_place);

static bool direct_bios_note(const struct bio *bio, struct kiocb *iocb)
{
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = direct_bios_nth_place(bio, n);

		if (!READ_ONCE(place->bio) && !cmpxchg(&place->bio, NULL, bio)) {
			/* The bio is not sent yet, so nobody looks for its place. */
			place->iocb = iocb;
			return true;
		}
	}
	return false;
}
NOKPROBE_SYMBOL(direct_bios_note);

/**
 * diolate_direct_bios_sent_by_dio() - a bio of a direct write of fs/direct-io.c is sent
 * @bio: sent by the task that writes, see dio_bio_submit(), 5.10 to 7.3
 *
 * Context: any, inside a tracepoint.
 */
void diolate_direct_bios_sent_by_dio(const struct bio *bio)
{
	const struct diolate_direct_write *write = diolate_inside_direct_write_of(NULL);

	if (!write)
		return;
	if (direct_bios_note(bio, write->inv.iocb))
		direct_bios_sent(write->inv.iocb, bio, false);
	else
		diolate_flight_doubt(diolate_identify_key_of(write->inv.iocb),
				     DIOLATE_UNKNOWN_CROWDED);
}
NOKPROBE_SYMBOL(diolate_direct_bios_sent_by_dio);

static struct kiocb *direct_bios_take_noted(const struct bio *bio)
{
	struct kiocb *iocb;
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = direct_bios_nth_place(bio, n);

		if (READ_ONCE(place->bio) != bio)
			continue;
		iocb = place->iocb;
		/* Paired with the cmpxchg() in direct_bios_note(). */
		smp_store_release(&place->bio, NULL);
		return iocb;
	}
	return NULL;
}
NOKPROBE_SYMBOL(direct_bios_take_noted);

/* The bytes of an ended bio, whose bi_size is counted down; not if the bio borrows its pages. */
static u64 direct_bios_bytes_of(const struct bio *bio)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		bytes += bio->bi_io_vec[i].bv_len;
	return bytes;
}
NOKPROBE_SYMBOL(direct_bios_bytes_of);

/* Nothing tells whether a bio was held back, once it has left its file system's device. */
static bool direct_bios_may_be_late(struct bio *bio, const struct inode *inode)
{
	return diolate_bio_was_held_back(bio) ||
	       diolate_bio_disk(bio) != inode->i_sb->s_bdev->bd_disk;
}
NOKPROBE_SYMBOL(direct_bios_may_be_late);

/*
 * A bio has ended whose direct write began before following did. If the bio borrows its pages, its
 * length is not known, and judge_look_up() judges the write when it is answered. If a limit held
 * the bio back, writeback that was noted after the file was locked may have been sent before the
 * bio.
 */
static void direct_bios_adopt(struct kiocb *iocb, struct bio *bio, size_t length)
{
	struct kiocb *submitter = diolate_identify_submitter_of(iocb);
	struct diolate_begun begun = {
		.iocb = submitter ?: iocb,
		.mapping = iocb->ki_filp->f_mapping,
		.file = (submitter ?: iocb)->ki_filp,
		.part = { .start = iocb->ki_pos, .end = iocb->ki_pos + length },
		.owner = diolate_judge_owner((submitter ?: iocb)->ki_filp),
		.told = submitter,
	};
	u64 bytes = direct_bios_bytes_of(bio);
	enum diolate_verdict verdict;
	u64 dirtied;

	if (bio_flagged(bio, BIO_CLONED) || !bytes || !length ||
	    !diolate_filesystem_may_be_overtaken(begun.mapping->host))
		return;
	begun.number = diolate_flight_adopted(begun.iocb, begun.mapping);
	if (!begun.number)
		begun.number = diolate_order_now();
	verdict = diolate_sentinel_judge(begun.mapping, &begun.part, begun.number, &dirtied);
	if (verdict == DIOLATE_IS_OVERTAKEN &&
	    direct_bios_may_be_late(bio, begun.mapping->host))
		verdict = DIOLATE_NOT_JUDGED;
	if (verdict != DIOLATE_IS_OVERTAKEN)
		dirtied = 0;
	if (verdict != DIOLATE_IS_NOT)
		diolate_flight_adopt(&begun, bytes, verdict, dirtied);
}
NOKPROBE_SYMBOL(direct_bios_adopt);

static bool direct_bios_land(struct kiocb *iocb, const struct bio *bio)
{
	return diolate_flight_land(diolate_identify_key_of(iocb), iocb->ki_filp->f_mapping, bio);
}
NOKPROBE_SYMBOL(direct_bios_land);

/**
 * diolate_direct_bios_ended_by_iomap() - a bio of a direct write of iomap has ended
 * @bio: as for diolate_direct_bios_sent_by_iomap()
 *
 * Context: any, inside an ftrace callback.
 */
void diolate_direct_bios_ended_by_iomap(struct bio *bio)
{
	struct kiocb *iocb = diolate_iomap_dio_kiocb(bio->bi_private);

	if (iocb && !direct_bios_land(iocb, bio))
		direct_bios_adopt(iocb, bio, diolate_iomap_dio_written(bio->bi_private));
}
NOKPROBE_SYMBOL(diolate_direct_bios_ended_by_iomap);

/**
 * diolate_direct_bios_ended_by_dio() - a bio of a direct write of fs/direct-io.c has ended
 * @bio: its bi_private is a struct dio
 *
 * Context: any, inside an ftrace callback.
 */
void diolate_direct_bios_ended_by_dio(struct bio *bio)
{
	struct kiocb *iocb = direct_bios_take_noted(bio);
	struct diolate_invalidation inv;

	if (iocb && direct_bios_land(iocb, bio))
		return;
	if (!diolate_identify_dio(&inv, bio->bi_private, NULL))
		return;
	if (iocb || !direct_bios_land(inv.iocb, bio))
		direct_bios_adopt(inv.iocb, bio, inv.length);
}
NOKPROBE_SYMBOL(diolate_direct_bios_ended_by_dio);

/**
 * diolate_direct_bios_forget() - nothing is followed any more
 *
 * Context: any; no bio is sent or ends here meanwhile.
 */
void diolate_direct_bios_forget(void)
{
	memset(dio_bios, 0, sizeof(dio_bios));
}
