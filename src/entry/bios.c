// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes and writeback are followed on their way to the device:
 * - A direct write begins, and has yet to drop the page cache of its range. (In fs/direct-io.c, the
 *   probe of generic_file_direct_write() sees that, always: src/entry/invalidation.c.)
 * - A bio is sent: of a direct write, of writeback, or of a read into the page cache. Each bio of a
 *   file system hits the tracepoint block_bio_queue once, after what may hold the bio back
 *   (blk_throtl_bio()) and before what may split it (submit_bio_noacct_nocheck(),
 *   block/blk-core.c, 6.1 to 7.3; generic_make_request_checks(), 5.10).
 * - A bio of a direct write ends. Its bi_end_io is followed, because not every end hits the
 *   tracepoint.
 * src/flight/flight.c draws the conclusions; src/outcome/judge.c asks for them where the write is
 * answered. Without policy=repair and track=always (src/flight/track.c), all of this is armed only
 * after a writeback could overtake a direct write.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/iomap.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "entry/bios.h"
#include "entry/invalidation.h"
#include "entry/results.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "flight/span.h"
#include "kernel/compat/bio.h"
#include "kernel/compat/folio.h"
#include "kernel/compat/iomap.h"
#include "kernel/hook.h"
#include "kernel/symbol.h"
#include "outcome/judge.h"
#include "write/filesystem.h"
#include "write/identify.h"
#include "write/inside.h"
#include "write/receivers.h"

#if DIOLATE_FOLLOWS_BIOS
enum {
	BEGINS_IOMAP, BEGINS_IOMAP_TOO, ENDS_IOMAP, ENDS_ELSEWHERE, MAPS, ENDS_DIO_ASYNC,
	ENDS_DIO, COMPLETES_IOMAP, FUNCTIONS
};

/**
 * struct target - a function that is followed
 * @symbol:  the name of the function
 * @purpose: what for, for the administrator
 * @address: its first instruction; 0 if it cannot be followed
 * @err:     why not; -EALREADY if it need not be followed
 */
struct target {
	const char *symbol;
	const char *purpose;
	unsigned long address;
	int err;
};

static struct target functions[FUNCTIONS] = {
	[BEGINS_IOMAP] = { "__iomap_dio_rw", "when a direct write begins, iomap file systems" },
	[BEGINS_IOMAP_TOO] = { "iomap_dio_rw",
			       "when a direct write begins, where it has a copy of that" },
	[ENDS_IOMAP] = { "iomap_dio_bio_end_io", "when its data are on the disk, iomap" },
	[ENDS_ELSEWHERE] = { "xfs_end_bio", "when its data are on the disk, xfs on zones" },
	[MAPS] = { "iomap_finish_ioends", "when they are the file's, xfs on zones" },
	[ENDS_DIO_ASYNC] = { "dio_bio_end_aio", "when its data are on the disk, fs/direct-io.c" },
	[ENDS_DIO] = { "dio_bio_end_io",
		       "when its data are on the disk, fs/direct-io.c, waited for" },
	[COMPLETES_IOMAP] = { "iomap_dio_complete",
			      "when it is completed and need not invalidate the cache, iomap" },
};

/* ftrace is called from fewer than so many bytes past the beginning of a function. */
#define REACH 16

static bool bios_is_at(unsigned long ip, unsigned int function)
{
	return functions[function].address && ip - functions[function].address < REACH;
}
NOKPROBE_SYMBOL(bios_is_at);

static const struct kiocb *bios_key_of(struct kiocb *iocb)
{
	return diolate_identify_submitter_of(iocb) ?: iocb;
}
NOKPROBE_SYMBOL(bios_key_of);

static void bios_direct_bio_sent(struct kiocb *iocb, const struct bio *bio, bool late)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	const struct kiocb *key = bios_key_of(iocb);
	struct diolate_part part;
	unsigned long index;

	if (!diolate_flight_send(key, mapping, bio, bio->bi_iter.bi_size, late, current, &part))
		return;
	if (!mapping_tagged(mapping, PAGECACHE_TAG_WRITEBACK))
		return;
	index = part.start >> PAGE_SHIFT;
	if (xa_find(&mapping->i_pages, &index, (part.end - 1) >> PAGE_SHIFT,
		    PAGECACHE_TAG_WRITEBACK))
		diolate_flight_doubt(key, DIOLATE_UNKNOWN_AT_START);
}
NOKPROBE_SYMBOL(bios_direct_bio_sent);

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

static struct dio_bio *bios_nth_place(const struct bio *bio, unsigned int n)
{
	return &dio_bios[(hash_ptr((void *)bio, DIO_BIOS_BITS) + n) % ARRAY_SIZE(dio_bios)];
}
NOKPROBE_SYMBOL(bios_nth_place);

static bool bios_note_dio_bio(const struct bio *bio, struct kiocb *iocb)
{
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = bios_nth_place(bio, n);

		if (!READ_ONCE(place->bio) && !cmpxchg(&place->bio, NULL, bio)) {
			/* The bio is not sent yet, so nobody looks for its place. */
			place->iocb = iocb;
			return true;
		}
	}
	return false;
}
NOKPROBE_SYMBOL(bios_note_dio_bio);

static void bios_sent_by_dio(const struct bio *bio)
{
	/* The task that writes sends the bio, see dio_bio_submit(), 5.10 to 7.3. */
	const struct diolate_direct_write *write = diolate_inside_direct_write_of(NULL);

	if (!write)
		return;
	if (bios_note_dio_bio(bio, write->inv.iocb))
		bios_direct_bio_sent(write->inv.iocb, bio, false);
	else
		diolate_flight_doubt(bios_key_of(write->inv.iocb), DIOLATE_UNKNOWN_CROWDED);
}
NOKPROBE_SYMBOL(bios_sent_by_dio);

static struct kiocb *bios_ended_by_dio(const struct bio *bio)
{
	struct kiocb *iocb;
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = bios_nth_place(bio, n);

		if (READ_ONCE(place->bio) != bio)
			continue;
		iocb = place->iocb;
		/* Paired with the cmpxchg() in bios_note_dio_bio(). */
		smp_store_release(&place->bio, NULL);
		return iocb;
	}
	return NULL;
}
NOKPROBE_SYMBOL(bios_ended_by_dio);

/* The bytes of an ended bio, whose bi_size is counted down; not if the bio borrows its pages. */
static u64 bios_bytes_of(const struct bio *bio)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		bytes += bio->bi_io_vec[i].bv_len;
	return bytes;
}
NOKPROBE_SYMBOL(bios_bytes_of);

/* Nothing tells whether a bio was held back, once it has left its file system's device. */
static bool bios_may_have_been_held_back(struct bio *bio, const struct inode *inode)
{
	return diolate_bio_was_held_back(bio) ||
	       diolate_bio_disk(bio) != inode->i_sb->s_bdev->bd_disk;
}
NOKPROBE_SYMBOL(bios_may_have_been_held_back);

/*
 * A bio has ended whose direct write began before following did. If the bio borrows its pages, its
 * length is not known, and judge_look_up() judges the write when it is answered. If a limit held
 * the bio back, the bio may have been sent long after the file was locked.
 */
static void bios_adopt(struct kiocb *iocb, struct bio *bio, size_t length)
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
	u64 bytes = bios_bytes_of(bio);
	enum diolate_verdict verdict;

	if (bio_flagged(bio, BIO_CLONED) || !bytes || !length ||
	    !diolate_filesystem_may_be_overtaken(begun.mapping->host))
		return;
	begun.number = diolate_flight_adopted(begun.iocb, begun.mapping);
	if (!begun.number)
		begun.number = diolate_order_now();
	verdict = diolate_sentinel_judge(begun.mapping, &begun.part, begun.number);
	if (verdict == DIOLATE_IS_OVERTAKEN &&
	    bios_may_have_been_held_back(bio, begun.mapping->host))
		verdict = DIOLATE_NOT_JUDGED;
	if (verdict != DIOLATE_IS_NOT)
		diolate_flight_adopt(&begun, bytes, verdict);
}
NOKPROBE_SYMBOL(bios_adopt);

static bool bios_lands(struct kiocb *iocb, const struct bio *bio)
{
	return diolate_flight_land(bios_key_of(iocb), iocb->ki_filp->f_mapping, bio);
}
NOKPROBE_SYMBOL(bios_lands);

static void bios_ended_by_iomap(struct bio *bio)
{
	/* A struct iomap_dio begins with its kiocb (fs/iomap/direct-io.c, 5.4 to 7.3). */
	struct kiocb *iocb = *(struct kiocb **)bio->bi_private;

	if (!bios_lands(iocb, bio))
		bios_adopt(iocb, bio, diolate_identify_iomap_written(bio->bi_private));
}
NOKPROBE_SYMBOL(bios_ended_by_iomap);

#if DIOLATE_IOMAP_ENDS_DIRECT
static struct kiocb *bios_kiocb_of(const struct iomap_ioend *ioend)
{
	return *(struct kiocb **)ioend->io_bio.bi_private;
}
NOKPROBE_SYMBOL(bios_kiocb_of);

/*
 * void xfs_end_bio(struct bio *bio), fs/xfs/xfs_ioend.c, 7.3; also on 7.2: a bio, or a part of a
 * bio that was split, has ended and has yet to be mapped.
 */
static void bios_ended_elsewhere(struct bio *bio)
{
	struct iomap_ioend *ioend = container_of(bio, struct iomap_ioend, io_bio);
	struct diolate_part part;
	bio_end_io_t *end_io;
	struct kiocb *iocb;

	/* If xfs was unloaded, another module may be at this address. */
	if (get_kernel_nofault(end_io, &bio->bi_end_io) ||
	    (unsigned long)end_io != functions[ENDS_ELSEWHERE].address)
		return;
	if (bio_op(bio) == REQ_OP_READ || !(ioend->io_flags & IOMAP_IOEND_DIRECT))
		return;
	part.start = ioend->io_offset;
	part.end = part.start + ioend->io_size;
	iocb = bios_kiocb_of(ioend);
	diolate_flight_end_elsewhere(bios_key_of(iocb), iocb->ki_filp->f_mapping, bio, &part);
}
NOKPROBE_SYMBOL(bios_ended_elsewhere);

/* An ioend of writeback was mapped, in whole blocks, even if the file ends within the last. */
static void bios_mapped_of_page_cache(const struct iomap_ioend *ioend)
{
	struct inode *inode = ioend->io_inode;
	struct diolate_part part = { .start = ioend->io_offset };

	part.end = min_t(u64, LLONG_MAX,
			 round_up((u64)part.start + ioend->io_size, i_blocksize(inode)));
	if (atomic_read(&inode->i_dio_count) && diolate_spans_mapped(inode->i_mapping, &part))
		diolate_following_met_now();
}
NOKPROBE_SYMBOL(bios_mapped_of_page_cache);

/*
 * void iomap_finish_ioends(struct iomap_ioend *ioend, int error), fs/iomap/ioend.c, 6.15 to 7.3: an
 * ioend and the ioends joined to it, all of one kind, were just read, or were just mapped by the
 * one worker of their file (xfs_end_io(), fs/xfs/xfs_ioend.c, 7.3). (The garbage collector of zones
 * maps the same bytes.)
 */
static void bios_mapped(const struct iomap_ioend *ioend, int error)
{
	const struct iomap_ioend *next;
	struct kiocb *iocb;

	if (error || bio_op(&ioend->io_bio) == REQ_OP_READ)
		return;
	if (!(ioend->io_flags & IOMAP_IOEND_DIRECT)) {
		bios_mapped_of_page_cache(ioend);
		return;
	}
	iocb = bios_kiocb_of(ioend);
	diolate_flight_map(bios_key_of(iocb), iocb->ki_filp->f_mapping, &ioend->io_bio);
	list_for_each_entry(next, &ioend->io_list, io_list) {
		iocb = bios_kiocb_of(next);
		diolate_flight_map(bios_key_of(iocb), iocb->ki_filp->f_mapping, &next->io_bio);
	}
}
NOKPROBE_SYMBOL(bios_mapped);
#else
static void bios_ended_elsewhere(struct bio *bio)
{
}

static void bios_mapped(const void *ioend, int error)
{
}
#endif

static void bios_ended_of_dio(struct bio *bio)
{
	struct kiocb *iocb = bios_ended_by_dio(bio);
	struct diolate_invalidation inv;

	if (iocb && bios_lands(iocb, bio))
		return;
	if (!diolate_identify_dio(&inv, bio->bi_private, NULL))
		return;
	if (iocb || !bios_lands(inv.iocb, bio))
		bios_adopt(inv.iocb, bio, inv.length);
}
NOKPROBE_SYMBOL(bios_ended_of_dio);

/*
 * struct iomap_dio *__iomap_dio_rw(struct kiocb *iocb, struct iov_iter *iter, const struct
 * iomap_ops *ops, const struct iomap_dio_ops *dops, ...), and ssize_t iomap_dio_rw() with the same
 * arguments; 5.10 to 7.3.
 */
static void bios_begins_by_iomap(struct diolate_ftrace_regs *regs)
{
	const struct iov_iter *iter = (void *)diolate_ftrace_argument(regs, 1);

	if (iov_iter_rw(iter) == WRITE)
		diolate_judge_begins_slow((void *)diolate_ftrace_argument(regs, 0),
					  iov_iter_count(iter),
					  (void *)diolate_ftrace_argument(regs, 3));
}
NOKPROBE_SYMBOL(bios_begins_by_iomap);

/* void iomap_dio_bio_end_io(struct bio *bio), dio_bio_end_aio(), dio_bio_end_io(); 5.10 to 7.3. */
static void bios_ended(unsigned long ip, struct bio *bio)
{
	if (bio_op(bio) != REQ_OP_WRITE)
		return;
	if (bios_is_at(ip, ENDS_IOMAP))
		bios_ended_by_iomap(bio);
	else
		bios_ended_of_dio(bio);
}
NOKPROBE_SYMBOL(bios_ended);

static void notrace bios_followed(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				  struct diolate_ftrace_regs *regs)
{
	void *first = (void *)diolate_ftrace_argument(regs, 0);

	preempt_disable_notrace();
	if (bios_is_at(ip, BEGINS_IOMAP) || bios_is_at(ip, BEGINS_IOMAP_TOO))
		bios_begins_by_iomap(regs);
	else if (bios_is_at(ip, COMPLETES_IOMAP))
		diolate_invalidation_completes(first);
	else if (bios_is_at(ip, ENDS_ELSEWHERE))
		bios_ended_elsewhere(first);
	else if (bios_is_at(ip, MAPS))
		bios_mapped(first, diolate_ftrace_argument(regs, 1));
	else if (!diolate_results_answered(ip, regs))
		bios_ended(ip, first);
	preempt_enable_notrace();
}

static struct diolate_hook following = {
	.symbol = "__iomap_dio_rw",
	.ops.func = bios_followed,
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

/*
 * The mapping of a bio's folio, if the bio is for the page cache: the folio is under writeback, or
 * locked to be read. NULL if the folio is a program's memory that only happens to be of a file.
 */
static struct address_space *bios_file_of(struct folio *folio, bool writes)
{
	struct address_space *mapping;

	if (writes ? !folio_test_writeback(folio) :
		     !folio_test_locked(folio) || folio_test_uptodate(folio))
		return NULL;
	mapping = folio_mapping(folio);
	return mapping && mapping->host && S_ISREG(mapping->host->i_mode) ? mapping : NULL;
}
NOKPROBE_SYMBOL(bios_file_of);

static void bios_written(struct address_space *mapping, struct folio *folio,
			 const struct diolate_part *part)
{
	/*
	 * Paired with the barrier in diolate_flight_send(): a direct write that raises i_dio_count
	 * after this finds the tag of the writeback.
	 */
	smp_mb();
	if (atomic_read(&mapping->host->i_dio_count) &&
	    diolate_spans_written(mapping, part, folio))
		diolate_following_met_now();
}
NOKPROBE_SYMBOL(bios_written);

/* A bio of the page cache is sent with a part of a folio. */
static void bios_passes(struct folio *folio, const struct diolate_part *part, bool writes)
{
	struct address_space *mapping = bios_file_of(folio, writes);

	if (!mapping)
		return;
	/* A direct write that a read meets may have lowered i_dio_count by now. */
	if (writes)
		bios_written(mapping, folio, part);
	else
		diolate_spans_read(mapping, part);
}
NOKPROBE_SYMBOL(bios_passes);

/* A clone (BIO_CLONED) is skipped: the whole bio was seen before. */
static void bios_of_page_cache(struct bio *bio, bool writes)
{
	unsigned int i;

	if (bio_flagged(bio, BIO_CLONED) || diolate_bio_is_direct(bio))
		return;
	for (i = 0; i < bio->bi_vcnt; i++) {
		const struct bio_vec *bv = &bio->bi_io_vec[i];
		size_t done, n;

		for (done = 0; done < bv->bv_len; done += n) {
			size_t offset = bv->bv_offset + done;
			struct page *p = bv->bv_page + (offset >> PAGE_SHIFT);
			struct folio *folio = diolate_folio_of(p);
			size_t in_folio = diolate_page_offset(folio, p) + offset_in_page(offset);
			struct diolate_part part;

			n = min_t(size_t, bv->bv_len - done, folio_size(folio) - in_folio);
			part.start = folio_pos(folio) + in_folio;
			part.end = min_t(u64, (u64)part.start + n, LLONG_MAX);
			bios_passes(folio, &part, writes);
		}
	}
}
NOKPROBE_SYMBOL(bios_of_page_cache);

/* A function that is not known has address 0, and a bio may have no bi_end_io. */
static bool bios_ends_at(unsigned long end_io, unsigned int function)
{
	return end_io && end_io == functions[function].address;
}
NOKPROBE_SYMBOL(bios_ends_at);

static void bios_queued(struct bio *bio)
{
	unsigned long end_io = (unsigned long)bio->bi_end_io;
	bool writes = bio_op(bio) == REQ_OP_WRITE;

	if (!writes && bio_op(bio) != REQ_OP_READ)
		return;
	preempt_disable_notrace();
	if (bios_ends_at(end_io, ENDS_IOMAP)) {
		if (writes)
			bios_direct_bio_sent(*(struct kiocb **)bio->bi_private, bio,
					     diolate_identify_iomap_is_late(bio->bi_private));
	} else if (bios_ends_at(end_io, ENDS_DIO_ASYNC) || bios_ends_at(end_io, ENDS_DIO)) {
		if (writes)
			bios_sent_by_dio(bio);
	} else {
		bios_of_page_cache(bio, writes);
	}
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(bios_queued);

DIOLATE_BIO_QUEUED(bios_bio_queued, bios_queued)

static struct tracepoint *tracepoint;

/* The errno of the last diolate_bios_arm(), or 0. */
static int failed;

static void bios_look_for(struct tracepoint *candidate, void *unused)
{
	if (!strcmp(candidate->name, "block_bio_queue"))
		tracepoint = candidate;
}

static int bios_learn(struct target *f, unsigned int i)
{
	int err;

	if (i == COMPLETES_IOMAP && !DIOLATE_IOMAP_MAY_NOT_INVALIDATE)
		return -EALREADY;
	if ((i == ENDS_ELSEWHERE || i == MAPS) &&
	    (!DIOLATE_IOMAP_ENDS_DIRECT || !DIOLATE_IOMAP_IS_KNOWN))
		return -EALREADY;
	if (i == BEGINS_IOMAP_TOO && !functions[BEGINS_IOMAP].err) {
		err = diolate_symbol_calls("iomap_dio_rw", "__iomap_dio_rw");
		if (err != -EOPNOTSUPP)
			return err ?: -EALREADY;
	}
	return diolate_symbol_address(f->symbol, &f->address, NULL);
}

/* Whether it is seen what file systems map that write elsewhere. */
static bool bios_sees_elsewhere(void)
{
	return functions[ENDS_ELSEWHERE].address && functions[MAPS].address;
}
NOKPROBE_SYMBOL(bios_sees_elsewhere);

/* The xfs module may be loaded later than diolate, or be unloaded. */
static void bios_learn_of_xfs(void)
{
	struct target *f = &functions[ENDS_ELSEWHERE];

	if (!functions[MAPS].address || f->address)
		return;
	f->err = bios_learn(f, ENDS_ELSEWHERE) ? -EALREADY : 0;
	if (f->err)
		f->address = 0;
}

static int bios_add_one(struct target *f)
{
	int err = f->address ? diolate_hook_add(&following, f->symbol, f->address, false) : 0;

	if (!err || f != &functions[ENDS_ELSEWHERE])
		return err;
	/* xfs was unloaded. It may be loaded again. */
	f->address = 0;
	f->err = -EALREADY;
	return 0;
}

static int bios_add_all(void)
{
	int err = diolate_receivers_follow(&following, false);
	unsigned int i;

	bios_learn_of_xfs();
	for (i = 0; i < FUNCTIONS && !err; i++)
		err = bios_add_one(&functions[i]);
	diolate_following_set_maps(bios_sees_elsewhere());
	if (!err)
		return diolate_hook_register(&following);
	diolate_hook_clear(&following);
	return err;
}

/**
 * diolate_bios_init() - find what is to be followed
 *
 * Context: process, may sleep.
 */
void diolate_bios_init(void)
{
	unsigned int i;

	diolate_flights_init();
	for_each_kernel_tracepoint(bios_look_for, NULL);
	for (i = 0; i < FUNCTIONS; i++) {
		struct target *f = &functions[i];

		f->err = i == ENDS_ELSEWHERE ? -EALREADY : bios_learn(f, i);
		if (!f->err)
			continue;
		f->address = 0;
		if (f->err != -EALREADY)
			pr_notice("%s cannot be followed on this kernel (error %d), which costs: %s\n",
				  f->symbol, f->err, f->purpose);
	}
}

/**
 * diolate_bios_arm() - follow direct writes from now on
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_bios_arm(void)
{
	int err;

	/* A write adopted from now on has to be judged where it is answered. */
	diolate_following_set_armed(true);
	err = tracepoint ? bios_add_all() : -ENOENT;
	if (!err) {
		diolate_following_set_answers(true);
		err = tracepoint_probe_register(tracepoint, bios_bio_queued, NULL);
		if (err) {
			diolate_following_set_answers(false);
			diolate_hook_disarm(&following);
		}
	}
	if (err) {
		diolate_following_set_armed(false);
		diolate_flights_sweep(true, diolate_judge_left);
	}
	failed = err;
	if (err)
		return err;
	diolate_following_set_live(true);
	return 0;
}

/* How long followed direct writes may take to end before they are given up; ms. */
#define PATIENCE 10000

/**
 * diolate_bios_disarm() - follow direct writes no longer
 *
 * Context: process, sleeps.
 */
void diolate_bios_disarm(void)
{
	unsigned int waited;

	if (!diolate_following_is_armed())
		return;
	/* Writeback is noted again before the first direct write is not followed. */
	diolate_sentinel_begin();
	diolate_following_set_live(false);
	/* Afterwards each write that saw following live has begun. */
	synchronize_rcu();
	for (waited = 0; waited < PATIENCE && !diolate_flights_are_over(); waited += 20)
		msleep(20);
	diolate_following_set_armed(false);
	tracepoint_probe_unregister(tracepoint, bios_bio_queued, NULL);
	tracepoint_synchronize_unregister();
	diolate_following_set_answers(false);
	diolate_hook_disarm(&following);
	diolate_flights_sweep(true, diolate_judge_left);
	memset(dio_bios, 0, sizeof(dio_bios));
}

/**
 * diolate_bios_show() - print the followed functions in the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed, or cannot
 *     be followed
 *
 * Context: process, may sleep.
 */
void diolate_bios_show(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++) {
		const struct target *f = &functions[i];

		if (f->err == -EALREADY || (!f->err && !failed && !diolate_following_is_begun()))
			continue;
		seq_printf(m, "%s %s 0 %s\n", f->symbol, f->err == -ENOENT ? "absent" :
			   f->err || failed ? "refused" : "armed", f->purpose);
	}
	if (diolate_following_is_begun() || failed || !tracepoint)
		seq_printf(m, "block_bio_queue %s 0 in which order what is written is sent\n",
			   !tracepoint ? "absent" : failed ? "refused" : "armed");
}

#else

void diolate_bios_init(void)
{
	pr_notice("this kernel's ftrace cannot follow direct writes, which costs: seeing that direct writes are overtaken; repair\n");
}

int diolate_bios_arm(void)
{
	return -EOPNOTSUPP;
}

void diolate_bios_disarm(void)
{
}

void diolate_bios_show(struct seq_file *m)
{
}

#endif
