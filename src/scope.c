// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which write this task is completing now. Two questions, neither needs a table of ours:
 * inside a call, the kretprobe instances of the current task know; at the entry of a completion
 * work, the kiocb is found through the work's own memory.
 */
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "diolate.h"

/**
 * diolate_scope_innermost() - find the innermost call that a kretprobe of ours is inside of
 * @rp:    the kretprobe
 * @match: whether this instance's data is the one wanted
 * @arg:   passed on to @match
 *
 * Only the current task pushes and pops its instances, on entry and return, so the list is stable
 * here; an interrupt that comes between has popped its own before it returns.
 *
 * Context: any, also inside a probe handler; @rp is registered.
 * Return: the data of the instance, valid until the current call returns; NULL if there is none.
 */
void *diolate_scope_innermost(const struct kretprobe *rp, bool (*match)(void *data, void *arg),
			      void *arg)
{
	struct llist_node *node;

	for (node = diolate_first_instance(); node; node = READ_ONCE(node->next)) {
		struct kretprobe_instance *ri = diolate_instance(node);

		if (diolate_instance_of(ri, rp) && match(ri->data, arg))
			return ri->data;
	}
	return NULL;
}
NOKPROBE_SYMBOL(diolate_scope_innermost);

/* The consumer of what may be a kiocb; of no write it is the kernel. */
static enum diolate_consumer consumer_at(const struct kiocb *iocb)
{
	diolate_complete_fn complete;
	enum diolate_mark mark;
	int flags;

	if (get_kernel_nofault(flags, &iocb->ki_flags) || !(flags & IOCB_WRITE) ||
	    get_kernel_nofault(complete, &iocb->ki_complete))
		return DIOLATE_KERNEL;
	return diolate_consumer_of(complete, &mark);
}
NOKPROBE_SYMBOL(consumer_at);

static bool is_of_user_space(enum diolate_consumer consumer)
{
	return consumer == DIOLATE_LIBAIO || consumer == DIOLATE_IO_URING;
}
NOKPROBE_SYMBOL(is_of_user_space);

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
 * own, with a reference count between (struct ovl_aio_req, fs/overlayfs/file.c, 6.1; struct
 * backing_aio, fs/backing-file.c, 6.12 and 7.3). The pointer is believed only if it leads to a
 * write on overlayfs with a completion of user space. One step is enough: no overlay may be the
 * upper layer of another (DCACHE_OP_REAL, fs/overlayfs/super.c, 6.1, params.c, 6.12 and 7.3).
 *
 * Context: any, also inside a probe handler.
 * Return: that kiocb, alive as long as @iocb; NULL if @iocb is no write, or not for user space.
 */
struct kiocb *diolate_scope_submitter(struct kiocb *iocb)
{
	enum diolate_consumer consumer = consumer_at(iocb);

	if (is_of_user_space(consumer))
		return iocb;
	if (consumer != DIOLATE_KERNEL ||
	    get_kernel_nofault(iocb, (struct kiocb **)(iocb + 1) + 1))
		return NULL;
	return is_of_user_space(consumer_at(iocb)) && is_on_overlay(iocb) ? iocb : NULL;
}
NOKPROBE_SYMBOL(diolate_scope_submitter);

/*
 * How far before its work a dio keeps the pointer to its kiocb, in words: 8 in struct iomap_dio
 * (fs/iomap/direct-io.c), 2 in struct dio (fs/direct-io.c), 6.1 to 7.3. The word right before the
 * work is never it: in struct iomap_dio that is a bool, whose padding is not initialised. Beyond
 * the eighth word is other memory, which may hold a pointer to a kiocb long freed.
 */
#define NEAREST 2
#define FARTHEST 8

/* The write of user space that @word leads to. */
static struct kiocb *submitter_at(const unsigned long *word)
{
	struct kiocb *iocb;

	return get_kernel_nofault(iocb, (struct kiocb **)word) ? NULL :
								 diolate_scope_submitter(iocb);
}
NOKPROBE_SYMBOL(submitter_at);

/**
 * diolate_scope_of_work() - find the write of user space that a completion work is about
 * @work:     argument of iomap_dio_complete_work() or dio_aio_complete_work()
 * @distance: how far before a work of this kind its kiocb pointer stands, in words; 0 until it was
 *            found once, owned by the probe site
 *
 * The work is a member of a structure private to the kernel. The pointer is recognised by what it
 * leads to: a write whose callback is that of a known consumer. It is believed only if it is the
 * only such pointer in reach; the distance is then kept, and each later use proves itself again.
 *
 * Context: any, also inside a probe handler; the work is being run.
 * Return: the kiocb, alive until its callback is called; NULL for a read, or somebody else's write.
 */
struct kiocb *diolate_scope_of_work(const void *work, unsigned int *distance)
{
	const unsigned long *words = work;
	unsigned int known = READ_ONCE(*distance), found = 0, i;
	struct kiocb *iocb = NULL;

	if (known)
		return submitter_at(words - known);
	for (i = NEAREST; i <= FARTHEST; i++) {
		struct kiocb *candidate = submitter_at(words - i);

		if (!candidate)
			continue;
		if (iocb)
			return NULL;
		iocb = candidate;
		found = i;
	}
	if (iocb)
		WRITE_ONCE(*distance, found);
	return iocb;
}
NOKPROBE_SYMBOL(diolate_scope_of_work);
