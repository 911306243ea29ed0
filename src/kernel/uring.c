// SPDX-License-Identifier: GPL-2.0-only
/*
 * The request of an io_uring write begins with its kiocb (struct io_rw, io_uring/rw.c, 6.1 to 7.3).
 * Only the submitting task uses the request until io_write() has returned (io_uring/io_uring.c,
 * io_issue_sqe(), 6.1 to 7.3).
 */
#include <linux/fs.h>
#include <linux/kprobes.h>

#include "kernel/compat/kiocb.h"
#include "kernel/uring.h"

#ifdef DIOLATE_IO_KIOCB
#include <uapi/linux/io_uring.h>

/**
 * diolate_uring_task() - the task that submitted an io_uring write
 * @iocb: the write; its request holds a reference to the task
 *
 * Context: any, also inside a probe handler.
 * Return: the task; NULL where a request is private to io_uring.
 */
struct task_struct *diolate_uring_task(struct kiocb *iocb)
{
	return diolate_req_task((struct io_kiocb *)iocb);
}
NOKPROBE_SYMBOL(diolate_uring_task);

/**
 * diolate_uring_fail() - have a request fail, whose result nobody has seen yet
 * @iocb: the kiocb of the request
 *
 * The function does what req_set_fail() does (io_uring/io_uring.h, 6.1 to 7.3): the rest of a chain
 * is cancelled, and the submitter is told even if it asked for no cqe on success. io_complete_rw()
 * calls req_set_fail(), but io_complete_rw_iopoll() does not.
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
 * diolate_uring_is_short() - whether io_write() is going to submit the rest of a short write, and
 *                            so forgets the late error of its first part
 * @iocb:   the write; its file system has just waited for the first part
 * @length: the first part, bytes
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

/* io_write() never submits the rest of a write (io_uring/io_uring.c, 5.10.262). */
bool diolate_uring_is_short(const struct kiocb *iocb, size_t length)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_uring_is_short);

#endif
