// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way a result is changed: through the completion callback, after the file system is done with
 * the write and before its submitter learns anything. No return value is ever rewritten, because
 * file-system code reads those (ext4 of 5.10 truncates on a negative one).
 *
 * The kiocb is the record. Its ki_complete is one of
 *   the consumer's own callback: we have nothing to do with it,
 *   complete_watched():          an asynchronous completion was entered, nothing happened so far,
 *   complete_late():             a late error was seen and waits for the result.
 * Both functions look at the field again, since iomap_dio_complete_work() loads ki_complete before
 * the late error can be known (disassembled, 5.10 to 7.3). A mark is set only where the callback is
 * certain to be called, and calling it takes the mark away:
 *   at the entry of iomap_dio_complete_work() and dio_aio_complete_work(), which always call it;
 *   in a libaio write the file system waits for, where aio_rw_done() calls it with the result
 *   (fs/aio.c, 6.1 to 7.3). On -EIOCBQUEUED, when only the first part was waited for (btrfs, gfs2),
 *   the completion of the rest calls it; on 7.3 that may be in an interrupt.
 *
 * The consumer's own callback is called through an address that kallsyms gave. The kernel itself
 * takes that address and calls it through a pointer of the same type, so neither IBT nor kCFI
 * objects.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>

#include "diolate.h"

/* The completions of user space. `complete` is written once at load. */
static struct {
	const char *symbol;
	enum diolate_consumer consumer;
	bool required;
	diolate_complete_fn complete;
} completions[] = {
	{ "aio_complete_rw", DIOLATE_LIBAIO, true },
	{ "io_complete_rw", DIOLATE_IO_URING, false },
	{ "io_complete_rw_iopoll", DIOLATE_IO_URING, false },
};

/* The one whose callback we replace. */
#define LIBAIO (&completions[0])

/*
 * Taken when a callback is replaced, put after the original has returned; what unloading waits for.
 * `unmarked` completes when the last one is put.
 */
static struct percpu_ref marks;
static DECLARE_COMPLETION(unmarked);

static void complete_late(struct kiocb *iocb, long ret);

static void finish(struct kiocb *iocb, long ret)
{
	if (READ_ONCE(iocb->ki_complete) == complete_late)
		diolate_account_settled(diolate_settle(&ret));
	WRITE_ONCE(iocb->ki_complete, LIBAIO->complete);
	LIBAIO->complete(iocb, ret);
	percpu_ref_put(&marks);
}

static void complete_watched(struct kiocb *iocb, long ret)
{
	finish(iocb, ret);
}

static void complete_late(struct kiocb *iocb, long ret)
{
	finish(iocb, ret);
}

/**
 * diolate_consumer_of() - who waits for a direct write, by its completion callback
 * @complete: the ki_complete of its kiocb
 * @mark:     set to what the callback says about us
 *
 * Context: any, also inside a probe handler.
 * Return: the consumer. A callback nobody here knows belongs to the kernel.
 */
enum diolate_consumer diolate_consumer_of(diolate_complete_fn complete, enum diolate_mark *mark)
{
	size_t i;

	*mark = DIOLATE_UNMARKED;
	if (!complete)
		return DIOLATE_SYNC;
	if (complete == complete_watched || complete == complete_late) {
		*mark = complete == complete_late ? DIOLATE_LATE : DIOLATE_WATCHED;
		return DIOLATE_LIBAIO;
	}
	for (i = 0; i < ARRAY_SIZE(completions); i++)
		if (complete == completions[i].complete)
			return completions[i].consumer;
	return DIOLATE_KERNEL;
}
NOKPROBE_SYMBOL(diolate_consumer_of);

/**
 * diolate_watch() - put our callback in place of a libaio write's
 * @iocb: a libaio write whose callback is certain to be loaded and called after this
 *
 * Takes the reference that unloading waits for, once a write. It is alive: it is killed only after
 * the probes that lead here are gone.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_watch(struct kiocb *iocb)
{
	if (READ_ONCE(iocb->ki_complete) != LIBAIO->complete)
		return;
	percpu_ref_get(&marks);
	WRITE_ONCE(iocb->ki_complete, complete_watched);
}
NOKPROBE_SYMBOL(diolate_watch);

/**
 * diolate_mark_late() - have the callback of a libaio write settle its late error
 * @iocb: a libaio write that is watched, or that its file system waits for
 *
 * Context: any, also inside a probe handler.
 */
void diolate_mark_late(struct kiocb *iocb)
{
	diolate_watch(iocb);
	WRITE_ONCE(iocb->ki_complete, complete_late);
}
NOKPROBE_SYMBOL(diolate_mark_late);

static void release(struct percpu_ref *ref)
{
	complete(&unmarked);
}

/**
 * diolate_deliver_init() - learn the callbacks of the known consumers
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0; a negative errno, which a sentence in the kernel log explains unless it is -ENOMEM.
 */
int diolate_deliver_init(void)
{
	unsigned long address;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(completions); i++) {
		err = diolate_probe_address(completions[i].symbol, &address);
		if (!err) {
			completions[i].complete = (diolate_complete_fn)address;
		} else if (completions[i].required) {
			pr_err("not loaded: this kernel has no function %s that can be probed (error %d), so no libaio write can be recognised\n",
			       completions[i].symbol, err);
			return err;
		}
	}
	return percpu_ref_init(&marks, release, 0, GFP_KERNEL);
}

/**
 * diolate_deliver_exit() - wait until nothing of the module is left in a kiocb or on a stack
 *
 * Each mark is in a write that is being completed, or whose rest is in flight: the wait is as long
 * as that takes. After the last percpu_ref_put() somebody may still have to return from our
 * callback: a task, which synchronize_rcu_tasks() waits for to schedule voluntarily; an interrupt,
 * or the RCU callback that calls release(), which synchronize_rcu() waits for.
 *
 * Context: process, sleeps; after all probes are disarmed.
 */
void diolate_deliver_exit(void)
{
	percpu_ref_kill(&marks);
	wait_for_completion(&unmarked);
	synchronize_rcu_tasks();
	synchronize_rcu();
	percpu_ref_exit(&marks);
}
