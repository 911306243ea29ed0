// SPDX-License-Identifier: GPL-2.0-only
/*
 * The result of an io_uring write that finished while io_write() submitted it: it is in the
 * request, which is the submitting task's own until io_write() has returned
 * (io_uring/io_uring.c, io_issue_sqe(), 6.1 to 7.3).
 */
#include <linux/fs.h>

#include "diolate.h"

#ifdef DIOLATE_IO_KIOCB
#include <uapi/linux/io_uring.h>

/**
 * diolate_uring_can_settle() - whether diolate_uring_settle() knows what is in a request
 *
 * Else, before 6.0, the completion callback has to do: kiocb_done() calls it through the kiocb, for
 * a write that was waited for too, and io_write() then returns 0; it returns something else if it
 * called nobody (io_uring/io_uring.c, io_write() and io_rw_done(), 5.10.262).
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_uring_can_settle(void)
{
	return true;
}
NOKPROBE_SYMBOL(diolate_uring_can_settle);

/**
 * diolate_uring_enter() - whether a call of io_write() may see a late error
 * @write: filled in if so
 * @req:   argument 0 of io_write()
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_uring_enter(struct diolate_uring_write *write, struct io_kiocb *req)
{
	const struct file *file = req->file;

	if (!file || !(file->f_flags & O_DIRECT) || !S_ISREG(file_inode(file)->i_mode))
		return false;
	write->req = req;
	write->iopoll = req->ctx->flags & IORING_SETUP_IOPOLL;
	write->late = false;
	return true;
}
NOKPROBE_SYMBOL(diolate_uring_enter);

/**
 * diolate_uring_task() - the task that submitted an io_uring write
 * @iocb: the write; a request begins with its kiocb (struct io_rw, io_uring/rw.c, 6.1 to 7.3) and
 *        holds a reference to the task
 *
 * Context: any, also inside a probe handler.
 */
struct task_struct *diolate_uring_task(struct kiocb *iocb)
{
	return diolate_req_task((struct io_kiocb *)iocb);
}
NOKPROBE_SYMBOL(diolate_uring_task);

/**
 * diolate_uring_fail() - have a request fail, whose result is not yet seen by anybody
 * @iocb: the kiocb a request begins with (struct io_rw, io_uring/rw.c, 6.1 to 7.3)
 *
 * As req_set_fail() does (io_uring/io_uring.h, 6.1 to 7.3): the rest of a chain is cancelled, and
 * its submitter is told even if it wants to hear of no success. io_complete_rw() does so itself,
 * but io_complete_rw_iopoll() does not.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_uring_fail(struct kiocb *iocb)
{
	struct io_kiocb *req = (struct io_kiocb *)iocb;

	req->flags |= REQ_F_FAIL;
	if (req->flags & REQ_F_CQE_SKIP) {
		req->flags &= ~REQ_F_CQE_SKIP;
		req->flags |= REQ_F_SKIP_LINK_CQES;
	}
}
NOKPROBE_SYMBOL(diolate_uring_fail);

/**
 * diolate_uring_settle() - the last word on a late error seen inside io_write()
 * @write: the call
 * @ret:   in: what it returns; out: the result the submitter is told, DIOLATE_UNKNOWN_ERROR if that
 *         was decided elsewhere
 *
 * What it returns tells who has the request now (io_uring/rw.c, kiocb_done() and io_write(), 6.1 to
 * 7.3):
 *   0: its result is in cqe.res and the caller completes it.
 *   -EIOCBQUEUED, IOPOLL: io_complete_rw_iopoll() has put the result there, and nobody looks before
 *     the caller has put the request on the list of those that are polled.
 *   -EIOCBQUEUED else: io_complete_rw() was called, with an error. The request may be gone.
 *   anything else: a short write, of which a worker will submit the rest as if nothing had been.
 *
 * Context: any, also inside a probe handler.
 * Return: DIOLATE_DELIVERED, DIOLATE_ALREADY_FAILED or DIOLATE_UNDELIVERABLE.
 */
enum diolate_outcome diolate_uring_settle(const struct diolate_uring_write *write, long *ret)
{
	struct io_kiocb *req = write->req;
	enum diolate_outcome outcome;

	if (*ret == -EIOCBQUEUED && !write->iopoll) {
		*ret = DIOLATE_UNKNOWN_ERROR;
		return DIOLATE_ALREADY_FAILED;
	}
	if (*ret && !(*ret == -EIOCBQUEUED && READ_ONCE(req->iopoll_completed))) {
		*ret = 0;
		return DIOLATE_UNDELIVERABLE;
	}
	*ret = req->cqe.res;
	outcome = diolate_settle(ret);
	if (outcome == DIOLATE_DELIVERED) {
		req->cqe.res = *ret;
		diolate_uring_fail((struct kiocb *)req);
	}
	return outcome;
}
NOKPROBE_SYMBOL(diolate_uring_settle);

#else /* a request is private to io_uring, or there is none */

bool diolate_uring_can_settle(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_uring_can_settle);

struct task_struct *diolate_uring_task(struct kiocb *iocb)
{
	return NULL;
}
NOKPROBE_SYMBOL(diolate_uring_task);

void diolate_uring_fail(struct kiocb *iocb)
{
}
NOKPROBE_SYMBOL(diolate_uring_fail);

bool diolate_uring_enter(struct diolate_uring_write *write, struct io_kiocb *req)
{
	/* A request begins with its kiocb (struct io_rw, io_uring/io_uring.c, 5.10.262). */
	const struct file *file;

	if (!DIOLATE_HAS_IO_URING)
		return false;
	file = ((struct kiocb *)req)->ki_filp;
	if (!file || !(file->f_flags & O_DIRECT) || !S_ISREG(file_inode(file)->i_mode))
		return false;
	write->req = req;
	write->late = false;
	return true;
}
NOKPROBE_SYMBOL(diolate_uring_enter);

enum diolate_outcome diolate_uring_settle(const struct diolate_uring_write *write, long *ret)
{
	*ret = 0;
	return DIOLATE_UNDELIVERABLE;
}
NOKPROBE_SYMBOL(diolate_uring_settle);

#endif
