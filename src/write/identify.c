// SPDX-License-Identifier: GPL-2.0-only
/*
 * The direct write that the current task is completing, found in structures private to the kernel.
 * A kiocb is recognised by its contents, not by its offset, which differs between versions.
 */
#include <linux/fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/compat/context.h"
#include "kernel/layout.h"
#include "write/identify.h"
#include "write/receivers.h"

/**
 * diolate_identify_may_be_pointer() - whether a word may be a pointer to what the kernel allocated
 * @pointer: the word
 *
 * A nofault read through another word is safe, but
 * 5.10 counts the fault as a hit that the probe missed (arch/x86/kernel/kprobes/core.c,
 * kprobe_fault_handler()). Two ints of which the second is -1, as in struct dio of 5.10, look like
 * an address in the last 4 GiB, where the kernel has its code. The top byte of a pointer may be a
 * memory tag (arm64 with KASAN), which is not part of the address.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_identify_may_be_pointer(const void *pointer)
{
	unsigned long word = diolate_untagged((unsigned long)pointer);

	return word >= PAGE_OFFSET && word < -SZ_4G && IS_ALIGNED(word, sizeof(word));
}
NOKPROBE_SYMBOL(diolate_identify_may_be_pointer);

/*
 * The consumer of what may be a kiocb. A kiocb without IOCB_WRITE counts as synchronous: a
 * synchronous write need not set the flag, and no pointer to follow lies behind its kiocb.
 */
static enum diolate_consumer identify_consumer_at(const struct kiocb *iocb)
{
	diolate_complete_fn complete;
	int flags;

	if (!diolate_identify_may_be_pointer(iocb) ||
	    get_kernel_nofault(flags, &iocb->ki_flags) || !(flags & IOCB_WRITE) ||
	    get_kernel_nofault(complete, &iocb->ki_complete))
		return DIOLATE_SYNC;
	return diolate_receivers_consumer_of(complete);
}
NOKPROBE_SYMBOL(identify_consumer_at);

static bool identify_is_on_overlay(const struct kiocb *iocb)
{
	return !strcmp(file_inode(iocb->ki_filp)->i_sb->s_type->name, "overlay");
}
NOKPROBE_SYMBOL(identify_is_on_overlay);

/**
 * diolate_identify_submitter_slow() - the write of user space that a direct write is done for
 * @iocb: what may be a kiocb
 *
 * That is mostly @iocb itself. Overlayfs writes to the file below with a kiocb of its own, and
 * completes the overlayfs kiocb with the result. The pointer to the overlayfs kiocb lies behind
 * overlayfs's own kiocb, after a reference count (struct ovl_aio_req, fs/overlayfs/file.c, 5.10.262
 * and 6.1; struct backing_aio, fs/backing-file.c, 6.12 and 7.3). It is believed only if it leads to
 * a write on overlayfs with a completion of user space. One step is enough: no overlay may be the
 * upper layer of another (DCACHE_OP_REAL, fs/overlayfs/super.c, 6.1, params.c, 6.12 and 7.3).
 *
 * Context: any, also inside a probe handler.
 * Return: that kiocb, alive as long as @iocb; NULL if @iocb is no write, or not for user space.
 */
struct kiocb *diolate_identify_submitter_slow(struct kiocb *iocb)
{
	enum diolate_consumer consumer = identify_consumer_at(iocb);

	if (diolate_is_of_user_space(consumer))
		return iocb;
	if (consumer != DIOLATE_KERNEL || diolate_layout.backing == DIOLATE_HAS_CHANGED ||
	    get_kernel_nofault(iocb,
			       (struct kiocb **)((void *)iocb + diolate_layout.orig_iocb)))
		return NULL;
	return diolate_is_of_user_space(identify_consumer_at(iocb)) &&
			       identify_is_on_overlay(iocb) ?
		       iocb :
		       NULL;
}
NOKPROBE_SYMBOL(diolate_identify_submitter_slow);

/**
 * diolate_identify_is_of_user_space() - whether a kiocb is one of user space's
 * @iocb: the kiocb
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_identify_is_of_user_space(const struct kiocb *iocb)
{
	diolate_complete_fn complete = READ_ONCE(iocb->ki_complete);

	return diolate_is_of_user_space(diolate_receivers_consumer_of(complete));
}
NOKPROBE_SYMBOL(diolate_identify_is_of_user_space);

/**
 * diolate_identify_submitter_of() - the write of user space that a direct write is done for
 * @iocb: the kiocb of the direct write, certain to be one
 *
 * Context: any, also inside a probe handler.
 * Return: as diolate_identify_submitter_slow().
 */
struct kiocb *diolate_identify_submitter_of(struct kiocb *iocb)
{
	if (likely((iocb->ki_flags & IOCB_WRITE) && diolate_identify_is_of_user_space(iocb)))
		return iocb;
	return diolate_identify_submitter_slow(iocb);
}
NOKPROBE_SYMBOL(diolate_identify_submitter_of);

/**
 * diolate_identify_recognises() - whether writes of user space are recognised on this kernel
 * @complete: the completion callback of a known consumer
 *
 * Context: process, may sleep.
 * Return: 0 if so; -EOPNOTSUPP if not; -ENOMEM.
 */
int diolate_identify_recognises(diolate_complete_fn complete)
{
	struct kiocb *iocb = kzalloc(sizeof(*iocb), GFP_KERNEL);
	bool recognised;

	if (!iocb)
		return -ENOMEM;
	iocb->ki_flags = IOCB_WRITE;
	iocb->ki_complete = complete;
	recognised = diolate_identify_submitter_slow(iocb) == iocb;
	kfree(iocb);
	return recognised ? 0 : -EOPNOTSUPP;
}

/**
 * diolate_identify_is_read() - whether a kiocb is certain to be that of a read
 * @iocb: the kiocb
 *
 * Only writes submitted by user space are sure to set IOCB_WRITE. Any other kiocb without the flag
 * may be a read or a write.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_identify_is_read(const struct kiocb *iocb)
{
	return !(iocb->ki_flags & IOCB_WRITE) && diolate_identify_is_of_user_space(iocb);
}
NOKPROBE_SYMBOL(diolate_identify_is_read);

/*
 * The most words that a struct dio has before its pages, which are not initialized: 15 on 5.10 and
 * 14 on 6.1, where a spinlock is half a word, and more where a spinlock is longer (fs/direct-io.c).
 */
#define DIO_WORDS (15 + DIV_ROUND_UP(sizeof(spinlock_t), sizeof(long)))

static bool identify_is_of_file(const struct kiocb *iocb, const struct file *file)
{
	struct file *filp;

	return diolate_identify_may_be_pointer(iocb) &&
	       !get_kernel_nofault(filp, &iocb->ki_filp) && filp == file;
}
NOKPROBE_SYMBOL(identify_is_of_file);

/* Whether the kiocb of a write is in one word, and its bytes are in another. */
static bool identify_dio_with(struct diolate_invalidation *inv, const unsigned long *dio,
			      unsigned int at, unsigned int result_at, const struct file *file)
{
	struct kiocb *iocb = (struct kiocb *)dio[at];

	if (!(file ? identify_is_of_file(iocb, file) : !!diolate_identify_submitter_slow(iocb)))
		return false;
	inv->iocb = iocb;
	/* dio_complete() advances it when it has invalidated (fs/direct-io.c, 5.4 to 7.3). */
	inv->start = iocb->ki_pos;
	inv->length = diolate_identify_plausible(dio[result_at]);
	return true;
}
NOKPROBE_SYMBOL(identify_dio_with);

/**
 * diolate_identify_dio() - the write that dio_complete() is called for
 * @inv:  filled in if the write was found
 * @dio:  argument of dio_complete(): a struct dio, which has the kiocb and the bytes written; if it
 *        is not known where, the kiocb somewhere and right behind it the bytes (fs/direct-io.c, 5.4
 *        to 7.3)
 * @file: the file that is written; NULL for any file, if the write is done for user space
 *
 * The kiocb is the only pointer in @dio whose first word leads to the file, or that has a callback
 * of user space.
 *
 * Context: any, also inside a probe handler; @dio is being completed.
 * Return: whether the write was found.
 */
bool diolate_identify_dio(struct diolate_invalidation *inv, const unsigned long *dio,
			  const struct file *file)
{
	unsigned int i;

	if (diolate_layout_is_proved(diolate_layout.dio))
		return identify_dio_with(inv, dio, diolate_layout.dio_iocb / sizeof(*dio),
					 diolate_layout.dio_result / sizeof(*dio), file);
	for (i = 0; i < DIO_WORDS - 1; i++)
		if (identify_dio_with(inv, dio, i, i + 1, file))
			return true;
	return false;
}
NOKPROBE_SYMBOL(diolate_identify_dio);
