// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a direct write began, for what was written back since. Under policy repair alone.
 *
 * A write is noted before its first bio is submitted, and where it first writes back what is dirty
 * of its own range, again after that. Notes are in a table of fixed size without a lock: a write
 * that finds no place is not noted, and not repaired.
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
 */
struct bucket {
	atomic_t busy;
	const struct kiocb *iocb[BUCKET_SIZE];
	s64 since[BUCKET_SIZE];
	unsigned int order[BUCKET_SIZE];
	unsigned int notes;
};

static struct bucket buckets[1 << BUCKETS_BITS];

static struct bucket *bucket_of(const struct kiocb *iocb)
{
	return &buckets[hash_ptr((void *)iocb, BUCKETS_BITS)];
}
NOKPROBE_SYMBOL(bucket_of);

static bool claim(struct bucket *b)
{
	return !atomic_cmpxchg(&b->busy, 0, 1);
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

/*
 * A direct write begins; its first bio is not yet submitted. If somebody else is there, what is
 * left of an earlier write with this kiocb is older.
 */
static void begins(const struct kiocb *iocb)
{
	struct bucket *b = bucket_of(iocb);
	unsigned int place;

	if (!(iocb->ki_flags & IOCB_WRITE) || !READ_ONCE(iocb->ki_complete) || !claim(b))
		return;
	place = place_of(b, iocb);
	b->iocb[place] = iocb;
	b->order[place] = ++b->notes;
	b->since[place] = diolate_writeback_now();
	/* Before i_dio_count is raised: see diolate_note_writeback(). */
	smp_mb();
	release(b);
}
NOKPROBE_SYMBOL(begins);

/*
 * ssize_t iomap_dio_rw(struct kiocb *iocb, ...) and struct iomap_dio *__iomap_dio_rw(struct kiocb
 * *iocb, ...), fs/iomap/direct-io.c, 5.10 to 7.3. Where the second is inlined in the first, it is
 * called from elsewhere.
 */
int diolate_enter_submission(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct kiocb *iocb = (struct kiocb *)regs_get_kernel_argument(regs, 0);

	/* No instance for what has no completion to repair. */
	if (!(iocb->ki_flags & IOCB_WRITE) || !READ_ONCE(iocb->ki_complete))
		return 1;
	*(struct kiocb **)ri->data = iocb;
	begins(iocb);
	return 0;
}
NOKPROBE_SYMBOL(diolate_enter_submission);

static bool submits_to(void *data, void *mapping)
{
	const struct kiocb *iocb = *(struct kiocb **)data;

	return iocb && iocb->ki_filp->f_mapping == mapping;
}
NOKPROBE_SYMBOL(submits_to);

static struct kiocb **submitting(void *mapping)
{
	return diolate_probes_innermost(DIOLATE_AT_OTHER_IOMAP_SUBMIT, submits_to, mapping) ?:
	       diolate_probes_innermost(DIOLATE_AT_IOMAP_SUBMIT, submits_to, mapping);
}
NOKPROBE_SYMBOL(submitting);

/*
 * int invalidate_inode_pages2_range(struct address_space *mapping, ...), mm/truncate.c, 5.10 to
 * 7.3: before __iomap_dio_rw() submits anything it writes back what is dirty of the range, and then
 * invalidates it. So the write begins anew, once: what was written back by then is under it.
 */
int diolate_submission_flushed(struct kprobe *p, struct pt_regs *regs)
{
	struct address_space *mapping = (void *)regs_get_kernel_argument(regs, 0);
	struct kiocb **iocb;

	/* Nothing is cached, so hardly anything was written back; else the first note does. */
	if (!READ_ONCE(mapping->nrpages))
		return 0;
	while ((iocb = submitting(mapping))) {
		begins(*iocb);
		*iocb = NULL;
	}
	return 0;
}
NOKPROBE_SYMBOL(diolate_submission_flushed);

/*
 * ssize_t __blockdev_direct_IO(struct kiocb *iocb, ...), fs/direct-io.c, 5.10 to 7.3. Its caller,
 * generic_file_direct_write(), has written back before.
 */
int diolate_submission_begins(struct kprobe *p, struct pt_regs *regs)
{
	begins((void *)regs_get_kernel_argument(regs, 0));
	return 0;
}
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
	noted = b->iocb[place] == iocb;
	*since = b->since[place];
	release(b);
	return noted && diolate_writeback_is_noted(*since);
}
NOKPROBE_SYMBOL(diolate_submission);
