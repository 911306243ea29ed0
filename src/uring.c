// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the request of an io_uring write knows, which begins with its kiocb (struct io_rw,
 * io_uring/rw.c, 6.1 to 7.3). It is the submitting task's own until io_write() has returned
 * (io_uring/io_uring.c, io_issue_sqe(), 6.1 to 7.3).
 */
#include <linux/fs.h>

#include "diolate.h"

#ifdef DIOLATE_IO_KIOCB
#include <uapi/linux/io_uring.h>

/**
 * diolate_uring_task() - the task that submitted an io_uring write
 * @iocb: the write; its request holds a reference to the task
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
 * @iocb: its kiocb
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
 * diolate_uring_is_short() - whether io_write() is going to try the rest of a write as if nothing
 *                            had been
 * @iocb:   the write, of which its file system has just waited for a part
 * @length: bytes of that part
 *
 * io_write() compares the same numbers (io_uring/rw.c, need_complete_io(), 6.1 to 7.3).
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_uring_is_short(const struct kiocb *iocb, size_t length)
{
	return length != ((const struct io_kiocb *)iocb)->cqe.res;
}
NOKPROBE_SYMBOL(diolate_uring_is_short);

#else /* a request is private to io_uring, or there is none */

struct task_struct *diolate_uring_task(struct kiocb *iocb)
{
	return NULL;
}
NOKPROBE_SYMBOL(diolate_uring_task);

void diolate_uring_fail(struct kiocb *iocb)
{
}
NOKPROBE_SYMBOL(diolate_uring_fail);

/* It never tries the rest of a write (io_uring/io_uring.c, io_write(), 5.10.262). */
bool diolate_uring_is_short(const struct kiocb *iocb, size_t length)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_uring_is_short);

#endif
