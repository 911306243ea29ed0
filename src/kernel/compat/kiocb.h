/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion callbacks, and the requests of io_uring.
 */
#ifndef DIOLATE_KERNEL_COMPAT_KIOCB_H
#define DIOLATE_KERNEL_COMPAT_KIOCB_H

#include <linux/fs.h>

#include "kernel/compat/version.h"

/* struct io_kiocb, the request of io_uring, is in a public header since 6.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0) && IS_ENABLED(CONFIG_IO_URING)
#define DIOLATE_IO_KIOCB
#include <linux/io_uring_types.h>

/*
 * The task that submitted a request. The field moved in 6.13 (commit b6f58a3f4aa8, "io_uring: move
 * struct io_kiocb from task_struct to io_uring_task").
 */
static __always_inline struct task_struct *diolate_req_task(const struct io_kiocb *req)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return req->tctx->task;
#else
	return req->task;
#endif
}
#endif

/**
 * typedef diolate_complete_fn - the completion callback of a kiocb
 *
 * The callback lost its third argument in 5.16 (commit 6b19b766e8f0, "fs: get rid of the res2
 * iocb->ki_complete argument"): the second result of an io_event, 0 for every direct write.
 *
 * DIOLATE_COMPLETION() defines a callback that only calls another function.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret, long ret2);

#define DIOLATE_COMPLETION(callback, function)				\
static void callback(struct kiocb *iocb, long ret, long ret2)		\
{									\
	function(iocb, ret);						\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret, 0);
}
#else
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

#define DIOLATE_COMPLETION(callback, function)				\
static void callback(struct kiocb *iocb, long ret)			\
{									\
	function(iocb, ret);						\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret);
}
#endif

#endif
