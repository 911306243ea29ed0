// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions through which a consumer receives the result of a write, their second argument. The
 * ki_complete callbacks among these receivers also tell which consumer a write belongs to.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "kernel/compat/context.h"
#include "kernel/compat/kiocb.h"
#include "kernel/symbol.h"
#include "kernel/uring.h"
#include "write/receivers.h"

/**
 * struct receiver - a function that receives results
 * @symbol:   its name
 * @consumer: the consumer it receives for
 * @there_is: the kernel is configured with that consumer
 * @required: without it the main job cannot be done
 * @polled:   it leaves the result to the task that polls, and does no more about an error
 * @purpose:  what it is followed for, for the administrator
 * @address:  of the function; written once at load, 0 if @err is set
 * @err:      why this kernel lacks the function or cannot follow it, a negative errno; or 0
 */
struct receiver {
	const char *symbol;
	enum diolate_consumer consumer;
	bool there_is;
	bool required;
	bool polled;
	const char *purpose;
	unsigned long address;
	int err;
};

/* The receivers before URING_DONE are ki_complete callbacks. */
enum { AIO, URING, URING_IOPOLL, URING_DONE, RECEIVERS };

static struct receiver receivers[RECEIVERS] = {
	[AIO] = {
		.symbol = "aio_complete_rw",
		.consumer = DIOLATE_LIBAIO,
		.there_is = true,
		.required = true,
		.purpose = "delivery to libaio",
	},
	[URING] = {
		.symbol = "io_complete_rw",
		.consumer = DIOLATE_IO_URING,
		.there_is = DIOLATE_HAS_IO_URING,
		.purpose = "delivery to io_uring",
	},
	[URING_IOPOLL] = {
		.symbol = "io_complete_rw_iopoll",
		.consumer = DIOLATE_IO_URING,
		.there_is = DIOLATE_HAS_IO_URING,
		.polled = true,
		.purpose = "delivery to io_uring with IORING_SETUP_IOPOLL",
	},
	[URING_DONE] = {
		.symbol = "kiocb_done",
		.consumer = DIOLATE_IO_URING,
		.there_is = DIOLATE_HAS_IO_URING,
		.purpose = "delivery to io_uring writes that finish while they are submitted",
	},
};

static const struct receiver *receivers_receiver_of(diolate_complete_fn complete)
{
	size_t i;

	for (i = 0; complete && i < URING_DONE; i++)
		if ((unsigned long)complete == receivers[i].address)
			return &receivers[i];
	return NULL;
}
NOKPROBE_SYMBOL(receivers_receiver_of);

/**
 * diolate_receivers_consumer_of() - the consumer of a direct write, by its completion callback
 * @complete: the ki_complete of its kiocb
 *
 * Context: any, also inside a probe handler.
 * Return: the consumer. An unknown callback belongs to the kernel.
 */
enum diolate_consumer diolate_receivers_consumer_of(diolate_complete_fn complete)
{
	const struct receiver *receiver = receivers_receiver_of(complete);

	if (!complete)
		return DIOLATE_SYNC;
	return receiver ? receiver->consumer : DIOLATE_KERNEL;
}
NOKPROBE_SYMBOL(diolate_receivers_consumer_of);

/**
 * diolate_receivers_poll() - whether the result of a write is left to a task that polls for it
 * @iocb: the kiocb of the write
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_receivers_poll(const struct kiocb *iocb)
{
	const struct receiver *receiver = receivers_receiver_of(READ_ONCE(iocb->ki_complete));

	return receiver && receiver->polled;
}
NOKPROBE_SYMBOL(diolate_receivers_poll);

/* A function calls ftrace within so many bytes of its beginning. */
#define REACH 16

static bool receivers_is_at(unsigned long ip, const struct receiver *r)
{
	return r->address && ip - r->address < REACH;
}
NOKPROBE_SYMBOL(receivers_is_at);

/**
 * diolate_receivers_see_answer() - whether the result of a write of user space is going to be seen
 * @iocb: its kiocb; the write is about to invalidate the page cache
 *
 * kiocb_done() receives that of an io_uring write for which its submitter waits, or a worker of
 * io_uring. It cannot be followed on every kernel.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_receivers_see_answer(struct kiocb *iocb)
{
	/* What kiocb_done() calls for a polled ring is followed, too. */
	if (likely(diolate_receivers_tell_waited_for()) || !diolate_in_task() ||
	    diolate_receivers_poll(iocb) ||
	    diolate_receivers_consumer_of(READ_ONCE(iocb->ki_complete)) != DIOLATE_IO_URING)
		return true;
	return !(current->flags & PF_IO_WORKER) && diolate_uring_task(iocb) != current;
}
NOKPROBE_SYMBOL(diolate_receivers_see_answer);

/**
 * diolate_receivers_waited_for() - whether the file system has waited for a write
 * @ip: where ftrace is called from, in the receiver of the result
 *
 * A libaio write may complete in a task that has nothing to do with it, and then seems to have been
 * waited for (diolate_aio_is_mine()).
 *
 * Context: any, also inside an ftrace callback.
 */
bool diolate_receivers_waited_for(unsigned long ip)
{
	if (receivers_is_at(ip, &receivers[URING_DONE]))
		return true;
	return receivers_is_at(ip, &receivers[AIO]) && diolate_in_task() &&
	       !(current->flags & (PF_WQ_WORKER | PF_KTHREAD));
}
NOKPROBE_SYMBOL(diolate_receivers_waited_for);

/**
 * diolate_receivers_come_again() - whether a result is received once more
 * @ip:   where ftrace is called from, in the receiver of the result
 * @iocb: the kiocb of the write
 *
 * kiocb_done() always calls the callback of a write that is polled for.
 *
 * Context: any, also inside an ftrace callback.
 */
bool diolate_receivers_come_again(unsigned long ip, const struct kiocb *iocb)
{
	return receivers_is_at(ip, &receivers[URING_DONE]) && diolate_receivers_poll(iocb);
}
NOKPROBE_SYMBOL(diolate_receivers_come_again);

#if DIOLATE_CHANGES_ARGUMENT
/**
 * diolate_receivers_follow() - add the receivers to the functions that a hook follows
 * @hook: the hook; not registered yet
 *
 * Context: process, may sleep.
 * Return: 0; or a negative errno, and diolate_hook_clear() has to follow.
 */
int diolate_receivers_follow(struct diolate_hook *hook)
{
	int err = 0;
	size_t i;

	for (i = 0; i < RECEIVERS && !err; i++) {
		struct receiver *r = &receivers[i];

		if (r->there_is && !r->err)
			err = diolate_hook_add(hook, r->symbol, r->address, false);
	}
	return err;
}

static struct diolate_hook trial = {
	.symbol = "aio_complete_rw",
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

/* Try at load whether ftrace can follow a receiver, before a late write waits to be told there. */
static int receivers_try(const struct receiver *r)
{
	int err = diolate_hook_add(&trial, r->symbol, r->address, true);

	diolate_hook_clear(&trial);
	return err;
}

/**
 * diolate_receivers_tell_waited_for() - whether an io_uring write that is waited for can be told
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_receivers_tell_waited_for(void)
{
	return !READ_ONCE(receivers[URING_DONE].err);
}
NOKPROBE_SYMBOL(diolate_receivers_tell_waited_for);

#else /* no result can be changed: late writes are undeliverable */
static int receivers_try(const struct receiver *r)
{
	return 0;
}

bool diolate_receivers_tell_waited_for(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_receivers_tell_waited_for);
#endif

/**
 * diolate_receivers_init() - look up the receivers of the known consumers
 * @recognises: returns 0 if a write with this callback is recognised as one of user space
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_receivers_init(int (*recognises)(diolate_complete_fn complete))
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(receivers); i++) {
		struct receiver *r = &receivers[i];

		if (!r->there_is)
			continue;
		r->err = diolate_symbol_address(r->symbol, &r->address, NULL) ?: receivers_try(r);
		if (!r->err && i < URING_DONE)
			r->err = recognises((diolate_complete_fn)r->address);
		if (r->err && r->required) {
			pr_err("not loaded: %s cannot be found, or its writes not be recognised, on this kernel (error %d), so no libaio write could be told\n",
			       r->symbol, r->err);
			return diolate_symbol_errno(r->err);
		}
		/* The compiler may have inlined kiocb_done() in io_write(). */
		if (!r->err && i == URING_DONE)
			r->err = diolate_symbol_calls("io_write", r->symbol);
		if (!r->err)
			continue;
		r->address = 0;
		pr_notice("%s cannot be found, or its writes not be recognised, on this kernel (error %d), which costs: %s\n",
			  r->symbol, r->err, r->purpose);
	}
	return 0;
}

/**
 * diolate_receivers_show() - print the receivers' part of the file `sites`
 * @m:      the file; a line `symbol state missed purpose` for each receiver that is followed, or
 *          cannot be. There is none of a consumer that the kernel has not
 * @tells:  late writes are told at the receivers
 * @failed: arming the receivers was tried, and failed
 *
 * Context: process, may sleep.
 */
void diolate_receivers_show(struct seq_file *m, bool tells, bool failed)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(receivers); i++) {
		const struct receiver *r = &receivers[i];
		const char *state = tells && !r->err ? "armed" : diolate_symbol_state(r->err);

		if (r->there_is && (r->err || tells || failed))
			seq_printf(m, "%s %s 0 %s\n", r->symbol, state, r->purpose);
	}
}
