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

/*
 * How far before its work a dio keeps the pointer to its kiocb, in words: 8 in struct iomap_dio
 * (fs/iomap/direct-io.c), 2 in struct dio (fs/direct-io.c), 6.1 to 7.3. The word right before the
 * work is never it: in struct iomap_dio that is a bool, whose padding is not initialised. Beyond
 * the eighth word is other memory, which may hold a pointer to a kiocb long freed.
 */
#define NEAREST 2
#define FARTHEST 8

/* What @word points to, if that is a direct write of a consumer whose callback may be replaced. */
static struct kiocb *kiocb_at(const unsigned long *word)
{
	enum diolate_mark mark;
	diolate_complete_fn complete;
	struct kiocb *iocb;
	int flags;

	if (get_kernel_nofault(iocb, (struct kiocb **)word) ||
	    get_kernel_nofault(flags, &iocb->ki_flags) || !(flags & IOCB_WRITE) ||
	    get_kernel_nofault(complete, &iocb->ki_complete))
		return NULL;
	return diolate_consumer_of(complete, &mark) == DIOLATE_LIBAIO ? iocb : NULL;
}
NOKPROBE_SYMBOL(kiocb_at);

/**
 * diolate_scope_of_work() - find the direct write that a completion work is about
 * @work:     argument of iomap_dio_complete_work() or dio_aio_complete_work()
 * @distance: how far before a work of this kind its kiocb pointer stands, in words; 0 until it was
 *            found once, owned by the probe site
 *
 * The work is a member of a structure private to the kernel. The pointer is recognised by what it
 * points to: a write whose callback is that of a known consumer. It is believed only if it is the
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
		return kiocb_at(words - known);
	for (i = NEAREST; i <= FARTHEST; i++) {
		struct kiocb *candidate = kiocb_at(words - i);

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
