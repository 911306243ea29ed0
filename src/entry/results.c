// SPDX-License-Identifier: GPL-2.0-only
/*
 * A consumer receives the result of a write as the second argument of a function. ftrace changes
 * the argument at the entry of the function, to tell a late error.
 *
 * src/outcome/telling.c says when the hook is armed, src/outcome/tell.c what is told.
 */
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>

#include "entry/results.h"
#include "flight/track.h"
#include "kernel/hook.h"
#include "outcome/late.h"
#include "outcome/tell.h"
#include "outcome/telling.h"
#include "write/receivers.h"
#include "write/waiting.h"

#if DIOLATE_CHANGES_ARGUMENT
static noinline void results_answered_slow(unsigned long ip, struct diolate_ftrace_regs *regs,
					   struct kiocb *iocb, long ret)
{
	long told;

	if (!(iocb->ki_flags & IOCB_WRITE) || (ret >= 0 && diolate_receivers_come_again(ip, iocb)))
		return;
	told = diolate_tell_overtaken(iocb, ret, ip);
	if (told != ret)
		diolate_ftrace_change(regs, told);
}
NOKPROBE_SYMBOL(results_answered_slow);

/* The late write that receives a result; NULL if that write is not late. */
static noinline struct diolate_waiting *results_waiting_slow(struct kiocb *iocb, long ret)
{
	struct diolate_waiting *w = diolate_waiting_find(iocb);

	/* A synchronous one is told elsewhere, and has the stack of its task. */
	if (!w || w->sync)
		return NULL;
	/* Its position has advanced by the bytes written. */
	if ((iocb->ki_flags & IOCB_WRITE) &&
	    diolate_waiting_is_of(w, iocb->ki_filp, ret < 0 ? -1 : iocb->ki_pos - ret))
		return w;
	diolate_late_lost(w);
	return NULL;
}
NOKPROBE_SYMBOL(results_waiting_slow);

/*
 * void aio_complete_rw(struct kiocb *iocb, long res), fs/aio.c; void io_complete_rw(struct kiocb
 * *iocb, long res) and io_complete_rw_iopoll(), io_uring/rw.c; 5.10 to 7.3; and int
 * kiocb_done(struct io_kiocb *req, ssize_t ret, ...), io_uring/rw.c, 6.1 to 7.3, whose request
 * begins with its kiocb (struct io_rw), or kiocb_done(struct kiocb *iocb, ssize_t ret, ...),
 * io_uring/io_uring.c, 5.10.262.
 */
static void notrace results_received(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)
{
	struct kiocb *iocb = (struct kiocb *)diolate_ftrace_argument(regs, 0);
	long ret = diolate_ftrace_argument(regs, 1);
	struct diolate_waiting *w;

	/* kiocb_done() gets this: the write is in flight, or has completed and is gone. */
	if (ret == -EIOCBQUEUED)
		return;
	w = likely(diolate_waiting_none()) ? NULL : results_waiting_slow(iocb, ret);
	if (w)
		diolate_ftrace_change(regs, diolate_tell_waiting_slow(w, iocb, ret));
	/* If telling is not armed, only src/entry/bios.c may see the result. */
	if (unlikely(diolate_track_suspects()) && diolate_telling_is_armed())
		results_answered_slow(ip, regs, iocb, w ? -EIO : ret);
}

/**
 * diolate_results_answered() - judge a write where src/entry/bios.c sees its result
 * @ip:   where ftrace is called from, in a receiver
 * @regs: the arguments of the receiver
 *
 * Context: any, an ftrace callback.
 */
void diolate_results_answered(unsigned long ip, struct diolate_ftrace_regs *regs)
{
	struct kiocb *iocb = (struct kiocb *)diolate_ftrace_argument(regs, 0);
	long ret = diolate_ftrace_argument(regs, 1);

	/* Else results_received() judges, after it told a late error, if there is one. */
	if (!diolate_telling_judges() && ret != -EIOCBQUEUED &&
	    (diolate_waiting_none() || !results_waiting_slow(iocb, ret)))
		results_answered_slow(ip, regs, iocb, ret);
}

/* The symbol is only printed, if ftrace is found broken. */
static struct diolate_hook telling = {
	.symbol = "aio_complete_rw",
	.ops.func = results_received,
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

/**
 * diolate_results_init() - say which hook tells late errors
 *
 * Context: process; before any probe is armed.
 */
void diolate_results_init(void)
{
	diolate_telling_init(&telling);
}

#else
void diolate_results_init(void)
{
}
#endif
