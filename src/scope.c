// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which write this task is completing now, as structures private to the kernel tell: the kiocb is
 * recognised by what it is and not by where a version has it.
 */
#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "diolate.h"

/*
 * Whether a word may be a pointer to a kiocb. A nofault read through what is none is safe, but
 * 5.10 counts the fault as a hit that the probe missed (arch/x86/kernel/kprobes/core.c,
 * kprobe_fault_handler()). Two ints of which the second is -1, as a struct dio of 5.10 has
 * them, look like an address in the last 4 GiB, where the kernel has its code. The top byte of a
 * pointer may be a tag of its memory (arm64 with KASAN), which is no part of the address.
 */
static bool may_be_kiocb(unsigned long word)
{
	word = diolate_untagged(word);
	return word >= PAGE_OFFSET && word < -SZ_4G && IS_ALIGNED(word, sizeof(word));
}
NOKPROBE_SYMBOL(may_be_kiocb);

/*
 * The consumer of what may be a kiocb. What does not say that it is a write is taken for a
 * synchronous one: those do not say so, and have nothing behind them that could be followed.
 */
static enum diolate_consumer consumer_at(const struct kiocb *iocb)
{
	diolate_complete_fn complete;
	int flags;

	if (!may_be_kiocb((unsigned long)iocb) ||
	    get_kernel_nofault(flags, &iocb->ki_flags) || !(flags & IOCB_WRITE) ||
	    get_kernel_nofault(complete, &iocb->ki_complete))
		return DIOLATE_SYNC;
	return diolate_consumer_of(complete);
}
NOKPROBE_SYMBOL(consumer_at);

static bool is_on_overlay(const struct kiocb *iocb)
{
	return !strcmp(file_inode(iocb->ki_filp)->i_sb->s_type->name, "overlay");
}
NOKPROBE_SYMBOL(is_on_overlay);

/**
 * diolate_scope_submitter() - the write of user space that a direct write is done for
 * @iocb: what may be a kiocb
 *
 * Mostly it is that write. Overlayfs writes to the file below with a kiocb of its own, and
 * completes the one it was given with the result of that; it keeps the pointer to it behind its
 * own, with a reference count between (struct ovl_aio_req, fs/overlayfs/file.c, 5.10.262 and 6.1;
 * struct backing_aio, fs/backing-file.c, 6.12 and 7.3). The pointer is believed only if it leads
 * to a write on overlayfs with a completion of user space. One step is enough: no overlay may be
 * the upper layer of another (DCACHE_OP_REAL, fs/overlayfs/super.c, 6.1, params.c, 6.12 and 7.3).
 *
 * Context: any, also inside a probe handler.
 * Return: that kiocb, alive as long as @iocb; NULL if @iocb is no write, or not for user space.
 */
struct kiocb *diolate_scope_submitter(struct kiocb *iocb)
{
	enum diolate_consumer consumer = consumer_at(iocb);

	if (diolate_is_of_user_space(consumer))
		return iocb;
	if (consumer != DIOLATE_KERNEL ||
	    get_kernel_nofault(iocb, (struct kiocb **)(iocb + 1) + 1))
		return NULL;
	return diolate_is_of_user_space(consumer_at(iocb)) && is_on_overlay(iocb) ? iocb : NULL;
}
NOKPROBE_SYMBOL(diolate_scope_submitter);

/**
 * diolate_scope_submitter_of() - the same, of what is certain to be a kiocb
 * @iocb: of a direct write
 *
 * Context: any, also inside a probe handler.
 */
struct kiocb *diolate_scope_submitter_of(struct kiocb *iocb)
{
	if (likely((iocb->ki_flags & IOCB_WRITE) &&
		   diolate_is_of_user_space(diolate_consumer_of(READ_ONCE(iocb->ki_complete)))))
		return iocb;
	return diolate_scope_submitter(iocb);
}
NOKPROBE_SYMBOL(diolate_scope_submitter_of);

/**
 * diolate_scope_recognises() - whether a write of user space is recognised as such on this kernel
 * @complete: the completion callback of a known consumer
 *
 * Context: process, may sleep.
 * Return: 0; -EOPNOTSUPP if not, -ENOMEM.
 */
int diolate_scope_recognises(diolate_complete_fn complete)
{
	struct kiocb *iocb = kzalloc(sizeof(*iocb), GFP_KERNEL);
	bool recognised;

	if (!iocb)
		return -ENOMEM;
	iocb->ki_flags = IOCB_WRITE;
	iocb->ki_complete = complete;
	recognised = diolate_scope_submitter(iocb) == iocb;
	kfree(iocb);
	return recognised ? 0 : -EOPNOTSUPP;
}

/**
 * diolate_scope_is_read() - whether a kiocb is certain to be that of a read
 * @iocb: which
 *
 * A write says so in its ki_flags only if its submitter is user space: there one that does not is a
 * read. Any other may be either.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_scope_is_read(const struct kiocb *iocb)
{
	return !(iocb->ki_flags & IOCB_WRITE) &&
	       diolate_is_of_user_space(diolate_consumer_of(READ_ONCE(iocb->ki_complete)));
}
NOKPROBE_SYMBOL(diolate_scope_is_read);

/* Bytes of a write, out of a private structure; 0 if they cannot be. */
static size_t plausible(unsigned long bytes)
{
	return bytes <= MAX_RW_COUNT ? bytes : 0;
}
NOKPROBE_SYMBOL(plausible);

/**
 * diolate_scope_of_iomap_dio() - the write that iomap_dio_complete() is called for
 * @inv: filled in if so
 * @dio: argument of iomap_dio_complete(): a struct iomap_dio, which begins with the kiocb; its
 *       fourth word are the bytes written (fs/iomap/direct-io.c, 5.4 to 7.3)
 *
 * Context: any, also inside a probe handler; @dio is being completed.
 * Return: whether it may be a write.
 */
bool diolate_scope_of_iomap_dio(struct diolate_invalidation *inv, const unsigned long *dio)
{
	struct kiocb *iocb;
	unsigned long bytes;

	if (get_kernel_nofault(iocb, (struct kiocb **)dio) ||
	    get_kernel_nofault(bytes, dio + 3) || !may_be_kiocb((unsigned long)iocb))
		return false;
	inv->iocb = iocb;
	inv->length = plausible(bytes);
	return true;
}
NOKPROBE_SYMBOL(diolate_scope_of_iomap_dio);

/* Of a struct iomap_dio: its fifth word are a reference count and these, 5.4 to 7.3. */
static unsigned int iomap_flags(const unsigned long *dio)
{
	return ((const unsigned int *)(dio + 4))[1];
}
NOKPROBE_SYMBOL(iomap_flags);

/**
 * diolate_scope_iomap_written() - how many bytes a struct iomap_dio says that it has written
 * @dio: which; its fourth word are the bytes, and the error is in the sixth (fs/iomap/direct-io.c,
 *       5.4 to 7.3)
 *
 * Context: any, also inside a probe handler; @dio is being completed.
 */
size_t diolate_scope_iomap_written(const unsigned long *dio)
{
	return (iomap_flags(dio) & DIOLATE_IOMAP_DIO_WRITE) && !*(const int *)(dio + 5) ?
		       plausible(dio[3]) : 0;
}
NOKPROBE_SYMBOL(diolate_scope_iomap_written);

/**
 * diolate_scope_iomap_is_late() - whether a reader may find something else than what it has written
 *                                 until it is completed, for the blocks are not the file's yet
 * @dio: which; it is being sent
 *
 * Context: any, also inside a tracepoint.
 */
bool diolate_scope_iomap_is_late(const unsigned long *dio)
{
	return !DIOLATE_IOMAP_IS_KNOWN ||
	       (iomap_flags(dio) & (IOMAP_DIO_UNWRITTEN | IOMAP_DIO_COW));
}
NOKPROBE_SYMBOL(diolate_scope_iomap_is_late);

/*
 * Before its pages, which are not initialized, a struct dio is no longer than this, in words: 15
 * on 5.10 and 14 on 6.1, where a spinlock is half a word, and more where it is longer
 * (fs/direct-io.c).
 */
#define DIO_WORDS (15 + DIV_ROUND_UP(sizeof(spinlock_t), sizeof(long)))

static bool is_of_file(const struct kiocb *iocb, const struct file *file)
{
	struct file *filp;

	return may_be_kiocb((unsigned long)iocb) && !get_kernel_nofault(filp, &iocb->ki_filp) &&
	       filp == file;
}
NOKPROBE_SYMBOL(is_of_file);

/**
 * diolate_scope_of_dio() - the write that dio_complete() is called for
 * @inv:  filled in if it was found
 * @dio:  argument of dio_complete(): a struct dio, which has the kiocb somewhere, and the bytes
 *        written right behind it (fs/direct-io.c, 5.4 to 7.3)
 * @file: the file it writes; NULL for any, if it is done for a write of user space
 *
 * The kiocb is the only thing there whose first word leads to the file, or that has a callback
 * which leads to user space.
 *
 * Context: any, also inside a probe handler; @dio is being completed.
 * Return: whether it was found.
 */
bool diolate_scope_of_dio(struct diolate_invalidation *inv, const unsigned long *dio,
			  const struct file *file)
{
	unsigned int i;

	for (i = 0; i < DIO_WORDS - 1; i++) {
		struct kiocb *iocb = (struct kiocb *)dio[i];

		if (!(file ? is_of_file(iocb, file) : !!diolate_scope_submitter(iocb)))
			continue;
		inv->iocb = iocb;
		inv->length = plausible(dio[i + 1]);
		return true;
	}
	return false;
}
NOKPROBE_SYMBOL(diolate_scope_of_dio);
