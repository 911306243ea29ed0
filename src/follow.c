// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following direct writes and writeback on their way to the device, while one may overtake another:
 * - A direct write begins: it has yet to drop what is cached of its range. (That of fs/direct-io.c
 *   by a probe that is always there, of generic_file_direct_write(), src/late.c.)
 * - A bio is sent to its device: one of a direct write, one that writes back the page cache, or one
 *   that reads into it. The tracepoint block_bio_queue is hit once for each that a file system
 *   sends, after what may hold it back (blk_throtl_bio()), and before what may split it
 *   (submit_bio_noacct_nocheck(), block/blk-core.c, 6.1 to 7.3; generic_make_request_checks(),
 *   5.10).
 * - A bio of a direct write ends: by its bi_end_io, since the tracepoint of that is not hit for
 *   all.
 * src/flight.c draws the conclusions; src/judge.c asks for them where the write is answered.
 *
 * None of it is armed while nothing was written back that could overtake a direct write.
 */
#include <linux/bio.h>
#include <linux/bitmap.h>
#include <linux/blkdev.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/iomap.h>
#include <linux/jiffies.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "diolate.h"

/*
 * live: direct writes that begin from now on are followed. answers: how they are answered is seen.
 * armed: some may still be followed.
 */
static bool live, answers, armed;

/* When live was set, and when writeback last came near a direct write; jiffies. */
static unsigned long live_since, met;

/**
 * diolate_follow_is_armed() - whether some direct writes may be followed
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_follow_is_armed(void)
{
	return unlikely(READ_ONCE(armed));
}
NOKPROBE_SYMBOL(diolate_follow_is_armed);

/**
 * diolate_follow_sees_answers() - whether it is seen how direct writes are answered
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_follow_sees_answers(void)
{
	return READ_ONCE(answers);
}
NOKPROBE_SYMBOL(diolate_follow_sees_answers);

/**
 * diolate_follow_is_live() - whether direct writes have been followed for so long
 * @ago: jiffies
 *
 * Context: any, also inside an ftrace callback.
 */
bool diolate_follow_is_live(unsigned long ago)
{
	/* Paired with the release in diolate_follow_arm(). */
	return smp_load_acquire(&live) && time_after(jiffies, READ_ONCE(live_since) + ago);
}
NOKPROBE_SYMBOL(diolate_follow_is_live);

/**
 * diolate_follow_met() - when writeback last came near a direct write, or when following began
 *
 * Context: any.
 * Return: jiffies.
 */
unsigned long diolate_follow_met(void)
{
	return READ_ONCE(met);
}

/* What src/flight.c asks of the page cache. */

/**
 * diolate_cache_is_empty() - whether nothing of a file is cached
 * @mapping: the file
 *
 * Context: any.
 */
bool diolate_cache_is_empty(const struct address_space *mapping)
{
	return !READ_ONCE(mapping->nrpages);
}
NOKPROBE_SYMBOL(diolate_cache_is_empty);

/**
 * diolate_cached() - which pages of a part of a file are cached
 * @mapping: the file
 * @part:    of it
 * @pages:   a bit for each page of the part, all clear; those are set
 *
 * Context: any.
 * Return: whether any is.
 */
bool diolate_cached(struct address_space *mapping, const struct diolate_part *part,
		    unsigned long *pages)
{
	pgoff_t first = part->start >> PAGE_SHIFT, last = (part->end - 1) >> PAGE_SHIFT;
	XA_STATE(xas, &mapping->i_pages, first);
	bool some = false;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		pgoff_t n, begin;

		/* What was there once leaves a value. */
		if (xas_retry(&xas, entry) || xa_is_value(entry))
			continue;
		n = 1UL << xa_get_order(&mapping->i_pages, xas.xa_index);
		begin = round_down(xas.xa_index, n);
		n = min(begin + n, last + 1);
		begin = max(begin, first);
		bitmap_set(pages, begin - first, n - begin);
		some = true;
	}
	rcu_read_unlock();
	return some;
}
NOKPROBE_SYMBOL(diolate_cached);

/**
 * diolate_cached_at() - the folio that is cached at a page
 * @mapping: the file
 * @index:   the page
 * @renewed: set to whether it may be another in the memory of one that was: it is dirty, under
 *           writeback or not up to date
 *
 * Context: any.
 * Return: it, to be compared only; or NULL.
 */
const void *diolate_cached_at(struct address_space *mapping, pgoff_t index, bool *renewed)
{
	const void *entry;

	rcu_read_lock();
	entry = xa_load(&mapping->i_pages, index);
	if (xa_is_value(entry))
		entry = NULL;
	/* What was just added to be written is not up to date yet; and then it is dirty. */
	*renewed = entry && (xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_DIRTY) ||
			     xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_WRITEBACK) ||
			     !folio_test_uptodate((struct folio *)entry));
	rcu_read_unlock();
	return entry;
}
NOKPROBE_SYMBOL(diolate_cached_at);

#if DIOLATE_HAS_FTRACE && DIOLATE_CHANGES_ARGUMENT && IS_ENABLED(CONFIG_TRACEPOINTS)
enum {
	BEGINS_IOMAP, BEGINS_IOMAP_TOO, ENDS_IOMAP, ENDS_ELSEWHERE, MAPS, ENDS_DIO_ASYNC,
	ENDS_DIO, COMPLETES_IOMAP, FUNCTIONS
};

/**
 * struct target - a function that is followed
 * @symbol:  its name
 * @purpose: what for, for the administrator
 * @address: of its first instruction; 0 if it cannot be followed
 * @err:     why not
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

/* ftrace says where in the function it is called from, which is within this of its beginning. */
#define REACH 16

static bool is_at(unsigned long ip, unsigned int function)
{
	return functions[function].address && ip - functions[function].address < REACH;
}
NOKPROBE_SYMBOL(is_at);

/* Whose a write is: who has opened its file. */
static u32 owner_of(const struct file *file)
{
	return from_kuid(&init_user_ns, file->f_cred->fsuid);
}
NOKPROBE_SYMBOL(owner_of);

/* Whether it is seen what is mapped where file systems write elsewhere. */
static bool sees_elsewhere(void)
{
	return functions[ENDS_ELSEWHERE].address && functions[MAPS].address;
}
NOKPROBE_SYMBOL(sees_elsewhere);

static noinline void begins(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops)
{
	struct inode *inode = iocb->ki_filp->f_mapping->host;
	struct kiocb *submitter = diolate_scope_submitter_of(iocb);
	bool elsewhere = dops && dops->submit_io && diolate_maps_elsewhere(inode);
	struct diolate_begun begun = {
		.iocb = submitter ?: iocb,
		.mapping = iocb->ki_filp->f_mapping,
		.file = (submitter ?: iocb)->ki_filp,
		.sender = current,
		.part = { .start = iocb->ki_pos, .end = iocb->ki_pos + count },
		.number = diolate_writeback_now(),
		.owner = owner_of((submitter ?: iocb)->ki_filp),
		.whole = (iocb->ki_pos | count) & (i_blocksize(inode) - 1),
		.late = iocb->ki_pos + count > i_size_read(inode) || diolate_maps_late(inode),
		.elsewhere = elsewhere,
		.unseen = elsewhere && !sees_elsewhere(),
		.flushes = (iocb->ki_flags & IOCB_DSYNC) || IS_SYNC(inode),
		.told = submitter,
	};
	struct diolate_flown left;

	diolate_flight_begin(&begun, &left);
	if (left.verdict != DIOLATE_IS_NOT)
		diolate_judge_left(&left);
}
NOKPROBE_SYMBOL(begins);

/**
 * diolate_follow_begins() - a direct write begins
 * @iocb:  it
 * @count: how many bytes it is going to write
 * @dops:  how its file system has iomap send it, or NULL
 *
 * Context: any, also inside a probe handler; with preemption off; before a bio of it is sent.
 */
void diolate_follow_begins(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops)
{
	if (READ_ONCE(live) && count && diolate_may_be_overtaken(iocb->ki_filp->f_mapping->host))
		begins(iocb, count, dops);
}
NOKPROBE_SYMBOL(diolate_follow_begins);

static const struct kiocb *key_of(struct kiocb *iocb)
{
	return diolate_scope_submitter_of(iocb) ?: iocb;
}
NOKPROBE_SYMBOL(key_of);

static void direct_bio_sent(struct kiocb *iocb, const struct bio *bio, bool late)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	const struct kiocb *key = key_of(iocb);
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
NOKPROBE_SYMBOL(direct_bio_sent);

/*
 * Which write a bio of fs/direct-io.c is of, by the bio: the kiocb is somewhere in a private
 * structure, and an interrupt is no place to look for it.
 */
#define DIO_BIOS_BITS 12
/* A bio is within so many places of where it belongs. */
#define DIO_BIOS_REACH 16
static struct dio_bio {
	const struct bio *bio;
	struct kiocb *iocb;
} dio_bios[1 << DIO_BIOS_BITS];

static struct dio_bio *nth_place(const struct bio *bio, unsigned int n)
{
	return &dio_bios[(hash_ptr((void *)bio, DIO_BIOS_BITS) + n) % ARRAY_SIZE(dio_bios)];
}
NOKPROBE_SYMBOL(nth_place);

static bool note_dio_bio(const struct bio *bio, struct kiocb *iocb)
{
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = nth_place(bio, n);

		if (!READ_ONCE(place->bio) && !cmpxchg(&place->bio, NULL, bio)) {
			/* It is not sent yet, so nobody looks for it. */
			place->iocb = iocb;
			return true;
		}
	}
	return false;
}
NOKPROBE_SYMBOL(note_dio_bio);

static void sent_by_dio(const struct bio *bio)
{
	/* It is sent by the task that writes, see dio_bio_submit(), 5.10 to 7.3. */
	const struct diolate_direct_write *write = diolate_direct_write_of(NULL);

	if (!write)
		return;
	if (note_dio_bio(bio, write->inv.iocb))
		direct_bio_sent(write->inv.iocb, bio, false);
	else
		diolate_flight_doubt(key_of(write->inv.iocb), DIOLATE_UNKNOWN_CROWDED);
}
NOKPROBE_SYMBOL(sent_by_dio);

static struct kiocb *ended_by_dio(const struct bio *bio)
{
	struct kiocb *iocb;
	unsigned int n;

	for (n = 0; n < DIO_BIOS_REACH; n++) {
		struct dio_bio *place = nth_place(bio, n);

		if (READ_ONCE(place->bio) != bio)
			continue;
		iocb = place->iocb;
		/* Paired with the cmpxchg() in note_dio_bio(). */
		smp_store_release(&place->bio, NULL);
		return iocb;
	}
	return NULL;
}
NOKPROBE_SYMBOL(ended_by_dio);

/* Bytes of a bio that has ended, whose own count is down; not of one that borrows its pages. */
static u64 bytes_of(const struct bio *bio)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < bio->bi_vcnt; i++)
		bytes += bio->bi_io_vec[i].bv_len;
	return bytes;
}
NOKPROBE_SYMBOL(bytes_of);

/* Where another device has taken it from its file system's, nothing tells any more. */
static bool may_have_been_held_back(struct bio *bio, const struct inode *inode)
{
	return diolate_bio_was_held_back(bio) ||
	       diolate_bio_disk(bio) != inode->i_sb->s_bdev->bd_disk;
}
NOKPROBE_SYMBOL(may_have_been_held_back);

/*
 * A bio has ended of a write that began before following did. If the bio borrows its pages its
 * length is not known, and the write is looked up when it is answered. If a limit held the bio back
 * it may have been sent long after the file was locked.
 */
static void adopt(struct kiocb *iocb, struct bio *bio, size_t length)
{
	struct kiocb *submitter = diolate_scope_submitter_of(iocb);
	struct diolate_begun begun = {
		.iocb = submitter ?: iocb,
		.mapping = iocb->ki_filp->f_mapping,
		.file = (submitter ?: iocb)->ki_filp,
		.part = { .start = iocb->ki_pos, .end = iocb->ki_pos + length },
		.owner = owner_of((submitter ?: iocb)->ki_filp),
		.told = submitter,
	};
	u64 bytes = bytes_of(bio);
	enum diolate_verdict verdict;

	if (bio_flagged(bio, BIO_CLONED) || !bytes || !length ||
	    !diolate_may_be_overtaken(begun.mapping->host))
		return;
	begun.number = diolate_flight_adopted(begun.iocb, begun.mapping);
	if (!begun.number)
		begun.number = diolate_writeback_now();
	verdict = diolate_sentinel_judge(begun.mapping, &begun.part, begun.number);
	if (verdict == DIOLATE_IS_OVERTAKEN && may_have_been_held_back(bio, begun.mapping->host))
		verdict = DIOLATE_NOT_JUDGED;
	if (verdict != DIOLATE_IS_NOT)
		diolate_flight_adopt(&begun, bytes, verdict);
}
NOKPROBE_SYMBOL(adopt);

static bool lands(struct kiocb *iocb, const struct bio *bio)
{
	return diolate_flight_land(key_of(iocb), iocb->ki_filp->f_mapping, bio);
}
NOKPROBE_SYMBOL(lands);

static void ended_by_iomap(struct bio *bio)
{
	/* A struct iomap_dio begins with its kiocb (fs/iomap/direct-io.c, 5.4 to 7.3). */
	struct kiocb *iocb = *(struct kiocb **)bio->bi_private;

	if (!lands(iocb, bio))
		adopt(iocb, bio, diolate_scope_iomap_written(bio->bi_private));
}
NOKPROBE_SYMBOL(ended_by_iomap);

#if DIOLATE_IOMAP_ENDS_DIRECT
static struct kiocb *kiocb_of(const struct iomap_ioend *ioend)
{
	return *(struct kiocb **)ioend->io_bio.bi_private;
}
NOKPROBE_SYMBOL(kiocb_of);

/*
 * void xfs_end_bio(struct bio *bio), fs/xfs/xfs_ioend.c, 7.3; 7.2: a bio has ended, or a part of
 * one that was split, and has yet to be mapped.
 */
static void ended_elsewhere(struct bio *bio)
{
	struct iomap_ioend *ioend = container_of(bio, struct iomap_ioend, io_bio);
	struct diolate_part part;
	bio_end_io_t *end_io;
	struct kiocb *iocb;

	/* Where xfs was may be another module by now. */
	if (get_kernel_nofault(end_io, &bio->bi_end_io) ||
	    (unsigned long)end_io != functions[ENDS_ELSEWHERE].address)
		return;
	if (bio_op(bio) == REQ_OP_READ || !(ioend->io_flags & IOMAP_IOEND_DIRECT))
		return;
	part.start = ioend->io_offset;
	part.end = part.start + ioend->io_size;
	iocb = kiocb_of(ioend);
	diolate_flight_end_elsewhere(key_of(iocb), iocb->ki_filp->f_mapping, bio, &part);
}
NOKPROBE_SYMBOL(ended_elsewhere);

/* What was written back has been mapped: whole blocks, though a file may end within the last. */
static void mapped_of_page_cache(const struct iomap_ioend *ioend)
{
	struct inode *inode = ioend->io_inode;
	struct diolate_part part = { .start = ioend->io_offset };

	part.end = min_t(u64, LLONG_MAX,
			 round_up((u64)part.start + ioend->io_size, i_blocksize(inode)));
	if (atomic_read(&inode->i_dio_count) && diolate_flight_mapped(inode->i_mapping, &part))
		WRITE_ONCE(met, jiffies);
}
NOKPROBE_SYMBOL(mapped_of_page_cache);

/*
 * void iomap_finish_ioends(struct iomap_ioend *ioend, int error), fs/iomap/ioend.c, 6.15 to 7.3: an
 * ioend and those that were joined to it, of one kind, were just mapped, by the one worker that
 * does so for its file (xfs_end_io(), fs/xfs/xfs_ioend.c, 7.3), or read. (What the garbage
 * collector of zones maps has the same bytes.)
 */
static void mapped(const struct iomap_ioend *ioend, int error)
{
	const struct iomap_ioend *next;
	struct kiocb *iocb;

	if (error || bio_op(&ioend->io_bio) == REQ_OP_READ)
		return;
	if (!(ioend->io_flags & IOMAP_IOEND_DIRECT)) {
		mapped_of_page_cache(ioend);
		return;
	}
	iocb = kiocb_of(ioend);
	diolate_flight_map(key_of(iocb), iocb->ki_filp->f_mapping, &ioend->io_bio);
	list_for_each_entry(next, &ioend->io_list, io_list) {
		iocb = kiocb_of(next);
		diolate_flight_map(key_of(iocb), iocb->ki_filp->f_mapping, &next->io_bio);
	}
}
NOKPROBE_SYMBOL(mapped);
#else
static void ended_elsewhere(struct bio *bio)
{
}

static void mapped(const void *ioend, int error)
{
}
#endif

static void ended_of_dio(struct bio *bio)
{
	struct kiocb *iocb = ended_by_dio(bio);
	struct diolate_invalidation inv;

	if (iocb && lands(iocb, bio))
		return;
	if (!diolate_scope_of_dio(&inv, bio->bi_private, NULL))
		return;
	if (iocb || !lands(inv.iocb, bio))
		adopt(inv.iocb, bio, inv.length);
}
NOKPROBE_SYMBOL(ended_of_dio);

/*
 * struct iomap_dio *__iomap_dio_rw(struct kiocb *iocb, struct iov_iter *iter, const struct
 * iomap_ops *ops, const struct iomap_dio_ops *dops, ...) and ssize_t iomap_dio_rw(), the same; 5.10
 * to 7.3.
 */
static void begins_by_iomap(struct diolate_ftrace_regs *regs)
{
	const struct iov_iter *iter = (void *)diolate_ftrace_argument(regs, 1);

	if (iov_iter_rw(iter) == WRITE)
		diolate_follow_begins((void *)diolate_ftrace_argument(regs, 0),
				      iov_iter_count(iter),
				      (void *)diolate_ftrace_argument(regs, 3));
}
NOKPROBE_SYMBOL(begins_by_iomap);

/* void iomap_dio_bio_end_io(struct bio *bio) and its like; 5.10 to 7.3. */
static void ended(unsigned long ip, struct bio *bio)
{
	if (bio_op(bio) != REQ_OP_WRITE)
		return;
	if (is_at(ip, ENDS_IOMAP))
		ended_by_iomap(bio);
	else
		ended_of_dio(bio);
}
NOKPROBE_SYMBOL(ended);

static void notrace followed(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			     struct diolate_ftrace_regs *regs)
{
	void *first = (void *)diolate_ftrace_argument(regs, 0);

	preempt_disable_notrace();
	if (is_at(ip, BEGINS_IOMAP) || is_at(ip, BEGINS_IOMAP_TOO))
		begins_by_iomap(regs);
	else if (is_at(ip, COMPLETES_IOMAP))
		diolate_late_completes(first);
	else if (is_at(ip, ENDS_ELSEWHERE))
		ended_elsewhere(first);
	else if (is_at(ip, MAPS))
		mapped(first, diolate_ftrace_argument(regs, 1));
	else if (!diolate_consumers_answered(ip, regs))
		ended(ip, first);
	preempt_enable_notrace();
}

static struct diolate_hook following = {
	.symbol = "__iomap_dio_rw",
	.ops.func = followed,
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

/*
 * The file of a folio of a bio, if that is for its page cache: the folio is under writeback, or
 * locked to be read. Not if it is somebody's memory that only happens to be of a file.
 */
static struct address_space *file_of(struct folio *folio, bool writes)
{
	struct address_space *mapping;

	if (writes ? !folio_test_writeback(folio) :
		     !folio_test_locked(folio) || folio_test_uptodate(folio))
		return NULL;
	mapping = folio_mapping(folio);
	return mapping && mapping->host && S_ISREG(mapping->host->i_mode) ? mapping : NULL;
}
NOKPROBE_SYMBOL(file_of);

static void written(struct address_space *mapping, struct folio *folio,
		    const struct diolate_part *part)
{
	/*
	 * A direct write that raises the count after this finds the tag of the writeback: paired
	 * with the barrier in diolate_flight_send().
	 */
	smp_mb();
	if (atomic_read(&mapping->host->i_dio_count) &&
	    diolate_flight_written(mapping, part, folio))
		WRITE_ONCE(met, jiffies);
}
NOKPROBE_SYMBOL(written);

/* What a bio of the page cache has of one folio. */
static void passes(struct folio *folio, const struct diolate_part *part, bool writes)
{
	struct address_space *mapping = file_of(folio, writes);

	if (!mapping)
		return;
	/* What is read may be of a direct write whose count is down by now. */
	if (writes)
		written(mapping, folio, part);
	else
		diolate_flight_read(mapping, part);
}
NOKPROBE_SYMBOL(passes);

/* Not of a clone (BIO_CLONED): the whole one was seen before. */
static void of_page_cache(struct bio *bio, bool writes)
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
			passes(folio, &part, writes);
		}
	}
}
NOKPROBE_SYMBOL(of_page_cache);

/* A function that is not known has address 0, and a bio may have no bi_end_io. */
static bool ends_at(unsigned long end_io, unsigned int function)
{
	return end_io && end_io == functions[function].address;
}
NOKPROBE_SYMBOL(ends_at);

static void queued(struct bio *bio)
{
	unsigned long end_io = (unsigned long)bio->bi_end_io;
	bool writes = bio_op(bio) == REQ_OP_WRITE;

	if (!writes && bio_op(bio) != REQ_OP_READ)
		return;
	preempt_disable_notrace();
	if (ends_at(end_io, ENDS_IOMAP)) {
		if (writes)
			direct_bio_sent(*(struct kiocb **)bio->bi_private, bio,
					diolate_scope_iomap_is_late(bio->bi_private));
	} else if (ends_at(end_io, ENDS_DIO_ASYNC) || ends_at(end_io, ENDS_DIO)) {
		if (writes)
			sent_by_dio(bio);
	} else {
		of_page_cache(bio, writes);
	}
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(queued);

DIOLATE_BIO_QUEUED(bio_queued, queued)

static struct tracepoint *tracepoint;

/* By what arming failed last, or 0. */
static int failed;

static void look_for(struct tracepoint *candidate, void *unused)
{
	if (!strcmp(candidate->name, "block_bio_queue"))
		tracepoint = candidate;
}

static int learn(struct target *f, unsigned int i)
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

/* xfs may be a module, which may come later, or go. */
static void learn_of_xfs(void)
{
	struct target *f = &functions[ENDS_ELSEWHERE];

	if (!functions[MAPS].address || f->address)
		return;
	f->err = learn(f, ENDS_ELSEWHERE) ? -EALREADY : 0;
	if (f->err)
		f->address = 0;
}

static int add_one(struct target *f)
{
	int err = f->address ? diolate_hook_add(&following, f->symbol, f->address, false) : 0;

	if (!err || f != &functions[ENDS_ELSEWHERE])
		return err;
	/* It is gone; it may come back. */
	f->address = 0;
	f->err = -EALREADY;
	return 0;
}

static int add_all(void)
{
	int err = diolate_consumers_add(&following);
	unsigned int i;

	learn_of_xfs();
	for (i = 0; i < FUNCTIONS && !err; i++)
		err = add_one(&functions[i]);
	if (!err)
		return diolate_hook_register(&following);
	diolate_hook_clear(&following);
	return err;
}

/**
 * diolate_follow_init() - learn what is to be followed
 *
 * Context: process, may sleep.
 */
void diolate_follow_init(void)
{
	unsigned int i;

	diolate_flights_init();
	for_each_kernel_tracepoint(look_for, NULL);
	for (i = 0; i < FUNCTIONS; i++) {
		struct target *f = &functions[i];

		f->err = i == ENDS_ELSEWHERE ? -EALREADY : learn(f, i);
		if (!f->err)
			continue;
		f->address = 0;
		if (f->err != -EALREADY)
			pr_notice("%s cannot be followed on this kernel (error %d), which costs: %s\n",
				  f->symbol, f->err, f->purpose);
	}
}

/**
 * diolate_follow_arm() - follow direct writes from now on
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_follow_arm(void)
{
	int err;

	/* What is adopted from now on has to be asked for where it is answered. */
	WRITE_ONCE(armed, true);
	err = tracepoint ? add_all() : -ENOENT;
	if (!err) {
		WRITE_ONCE(answers, true);
		err = tracepoint_probe_register(tracepoint, bio_queued, NULL);
		if (err) {
			WRITE_ONCE(answers, false);
			diolate_hook_disarm(&following);
		}
	}
	if (err) {
		WRITE_ONCE(armed, false);
		diolate_flights_sweep(true, diolate_judge_left);
	}
	failed = err;
	if (err)
		return err;
	WRITE_ONCE(live_since, jiffies);
	WRITE_ONCE(met, jiffies);
	/* What armed them is done: who sees this passes by all of them. */
	smp_store_release(&live, true);
	return 0;
}

/* How long those that are followed may take to end, before they are given up; ms. */
#define PATIENCE 10000

/**
 * diolate_follow_disarm() - follow them no longer
 *
 * Context: process, sleeps.
 */
void diolate_follow_disarm(void)
{
	unsigned int waited;

	if (!armed)
		return;
	/* What is written back is noted again before the first write is not followed. */
	diolate_sentinel_begin();
	WRITE_ONCE(live, false);
	/* Whoever has seen that it was has begun. */
	synchronize_rcu();
	for (waited = 0; waited < PATIENCE && !diolate_flights_are_over(); waited += 20)
		msleep(20);
	WRITE_ONCE(armed, false);
	tracepoint_probe_unregister(tracepoint, bio_queued, NULL);
	tracepoint_synchronize_unregister();
	WRITE_ONCE(answers, false);
	diolate_hook_disarm(&following);
	diolate_flights_sweep(true, diolate_judge_left);
	memset(dio_bios, 0, sizeof(dio_bios));
}

/**
 * diolate_follow_show() - print its part of the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed, or cannot
 *     be
 *
 * Context: process, may sleep.
 */
void diolate_follow_show(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++) {
		const struct target *f = &functions[i];

		if (f->err == -EALREADY || (!f->err && !failed && !READ_ONCE(live)))
			continue;
		seq_printf(m, "%s %s 0 %s\n", f->symbol, f->err == -ENOENT ? "absent" :
			   f->err || failed ? "refused" : "armed", f->purpose);
	}
	if (READ_ONCE(live) || failed || !tracepoint)
		seq_printf(m, "block_bio_queue %s 0 in which order what is written is sent\n",
			   !tracepoint ? "absent" : failed ? "refused" : "armed");
}
#else
void diolate_follow_begins(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops)
{
}
NOKPROBE_SYMBOL(diolate_follow_begins);

void diolate_follow_init(void)
{
	pr_notice("this kernel's ftrace cannot follow direct writes, which costs: seeing that direct writes are overtaken; repair\n");
}

int diolate_follow_arm(void)
{
	return -EOPNOTSUPP;
}

void diolate_follow_disarm(void)
{
}

void diolate_follow_show(struct seq_file *m)
{
}
#endif
