// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a direct write began, for what was written back since. Under policy repair, and for a while
 * after something was written back while a direct write was in flight (src/overtaken.c).
 *
 * A write begins before its first bio is submitted, and after it has written back what is dirty of
 * its own range. Notes are in a table of fixed size without a lock: of a write
 * that finds no place it is not known when it began. Nor is it where somebody else had the place
 * for himself just then: what is there of an earlier write with this kiocb must not be believed.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/kprobes.h>

#include "diolate.h"
#include "probes.h"

/*
 * So many that of a thousand writes in flight all find a place but for 6 times in a million (by
 * Poisson). With 4 in each of 1024, one of 832 did not in the eighth storm.
 */
#define BUCKET_SIZE 8
#define BUCKETS_BITS 11

/**
 * struct bucket - places for the notes of direct writes
 * @busy:  somebody has them to himself
 * @iocb:  the writes
 * @since: when each began, of diolate_writeback_now()
 * @order: the how many-th note of the bucket each is
 * @notes: how many there were
 * @doubt: what began before this, of diolate_writeback_now(), may not be what is noted
 */
struct bucket {
	atomic_t busy;
	const struct kiocb *iocb[BUCKET_SIZE];
	s64 since[BUCKET_SIZE];
	unsigned int order[BUCKET_SIZE];
	unsigned int notes;
	atomic64_t doubt;
};

static struct bucket buckets[1 << BUCKETS_BITS];

static struct bucket *bucket_of(const struct kiocb *iocb)
{
	return &buckets[hash_ptr((void *)iocb, BUCKETS_BITS)];
}
NOKPROBE_SYMBOL(bucket_of);

/* Who has it is done with it soon; if it is interrupted for longer, nobody waits for that. */
static bool claim(struct bucket *b)
{
	unsigned int patience = 1000;

	while (atomic_cmpxchg(&b->busy, 0, 1)) {
		if (!--patience)
			return false;
		cpu_relax();
	}
	return true;
}
NOKPROBE_SYMBOL(claim);

static void release(struct bucket *b)
{
	/* Paired with the cmpxchg of claim(). */
	atomic_set_release(&b->busy, 0);
}
NOKPROBE_SYMBOL(release);

/* The place of a write; if it has none, the one that was noted longest ago. */
static unsigned int place_of(const struct bucket *b, const struct kiocb *iocb)
{
	unsigned int i, oldest = 0;

	for (i = 0; i < BUCKET_SIZE; i++) {
		if (b->iocb[i] == iocb)
			return i;
		if (b->notes - b->order[i] > b->notes - b->order[oldest])
			oldest = i;
	}
	return oldest;
}
NOKPROBE_SYMBOL(place_of);

/* A direct write begins, so what is left of an earlier one with this kiocb is no longer true. */
#define NOT_KNOWN S64_MIN

/*
 * When it began: before its first bio is submitted. A write that is not seen to begin, but to have
 * written back, may be another: one that had to wait and did not, and is submitted by somebody else
 * by now.
 */
static void begins(const struct kiocb *iocb, s64 since, bool seen)
{
	struct bucket *b = bucket_of(iocb);
	unsigned int place;

	preempt_disable_notrace();
	if (!claim(b)) {
		diolate_advance(&b->doubt, diolate_writeback_now() + 1);
		goto out;
	}
	place = place_of(b, iocb);
	if (!seen && (b->iocb[place] != iocb || b->since[place] != NOT_KNOWN)) {
		release(b);
		goto out;
	}
	b->iocb[place] = iocb;
	b->order[place] = ++b->notes;
	b->since[place] = since;
	/* Before i_dio_count is raised: see diolate_note_writeback(). */
	smp_mb();
	release(b);
out:
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(begins);

/*
 * ssize_t iomap_dio_rw(struct kiocb *iocb, ...) and struct iomap_dio *__iomap_dio_rw(struct kiocb
 * *iocb, ...), fs/iomap/direct-io.c, 5.10 to 7.3. Where the second is inlined in the first, it is
 * called from elsewhere.
 */
static __always_inline void submission(unsigned long first, unsigned long unused)
{
	struct kiocb *iocb = (struct kiocb *)first;

	if (diolate_scope_is_read(iocb))
		return;
	begins(iocb, NOT_KNOWN, true);
	diolate_current_submits(iocb, iocb->ki_filp->f_mapping);
}

DIOLATE_HOOKED(diolate_enter_submission, submission);
NOKPROBE_SYMBOL(diolate_enter_submission);

/*
 * int invalidate_inode_pages2_range(struct address_space *mapping, ...), mm/truncate.c, 5.10 to
 * 7.3: before __iomap_dio_rw() submits anything it writes back what is dirty of the range, and then
 * invalidates it. That is when it begins, once: what was written back by then is under it.
 */
static __always_inline void flushed(unsigned long mapping, unsigned long unused)
{
	const struct kiocb *iocb = diolate_current_submitted((void *)mapping);

	if (iocb)
		begins(iocb, diolate_writeback_now(), false);
}

DIOLATE_HOOKED(diolate_submission_flushed, flushed);
NOKPROBE_SYMBOL(diolate_submission_flushed);

/*
 * ssize_t __blockdev_direct_IO(struct kiocb *iocb, ...), fs/direct-io.c, 5.10 to 7.3. Its caller,
 * generic_file_direct_write(), has written back before.
 */
static __always_inline void submitted(unsigned long iocb, unsigned long unused)
{
	if (!diolate_scope_is_read((struct kiocb *)iocb))
		begins((struct kiocb *)iocb, diolate_writeback_now(), true);
}

DIOLATE_HOOKED(diolate_submission_begins, submitted);
NOKPROBE_SYMBOL(diolate_submission_begins);

/**
 * diolate_submission() - when a direct write began
 * @iocb:  it, in flight
 * @since: set to when, for diolate_written_back(), if it was noted
 *
 * Context: any, also inside a probe handler.
 * Return: whether that was noted, and all that was written back since.
 */
bool diolate_submission(const struct kiocb *iocb, s64 *since)
{
	struct bucket *b = bucket_of(iocb);
	unsigned int place;
	bool noted;

	if (!claim(b))
		return false;
	place = place_of(b, iocb);
	noted = b->iocb[place] == iocb && b->since[place] >= atomic64_read(&b->doubt);
	*since = b->since[place];
	release(b);
	return noted && diolate_writeback_is_noted(*since);
}
NOKPROBE_SYMBOL(diolate_submission);
