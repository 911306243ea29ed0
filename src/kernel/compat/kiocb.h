/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion callbacks, and the requests of io_uring.
 */
#ifndef DIOLATE_KERNEL_COMPAT_KIOCB_H
#define DIOLATE_KERNEL_COMPAT_KIOCB_H

#include <linux/build_bug.h>
#include <linux/fs.h>

#include "kernel/compat/version.h"

/* Whether the kernel is configured with io_uring. */
#define DIOLATE_HAS_IO_URING IS_ENABLED(CONFIG_IO_URING)

/* struct io_kiocb, the request of io_uring, is in a public header since 6.0. */
#if DIOLATE_HAS_IO_URING && defined(__has_include)
#if __has_include("linux/io_uring_types.h")
#define DIOLATE_IO_KIOCB
#include <linux/io_uring_types.h>

/*
 * The task that submitted a request. The field moved in 6.13 (commit b6f58a3f4aa8, "io_uring: move
 * struct io_kiocb from task_struct to io_uring_task").
 */
static __always_inline struct task_struct *diolate_req_task(const struct io_kiocb *req)
{
#if defined(DIOLATE_HAS_IO_KIOCB_TCTX)
	return req->tctx->task;
#elif defined(DIOLATE_HAS_IO_KIOCB_TASK)
	return req->task;
#else
#error "diolate does not know this kernel's struct io_kiocb (linux/io_uring_types.h)"
#endif
}
#elif defined(DIOLATE_HAS_IO_KIOCB)
#error "diolate does not know where this kernel has struct io_kiocb"
#endif
#endif

/**
 * diolate_complete_fn - the completion callback of a kiocb, a type
 *
 * The callback lost its third argument in 5.16 (commit 6b19b766e8f0, "fs: get rid of the res2
 * iocb->ki_complete argument"): the second result of an io_event, 0 for every direct write. What
 * diolate follows takes the first two.
 */
#define diolate_complete_fn typeof(((struct kiocb *)0)->ki_complete)

typedef void (*diolate_complete_2_fn)(struct kiocb *iocb, long ret);
typedef void (*diolate_complete_3_fn)(struct kiocb *iocb, long ret, long ret2);

#define DIOLATE_COMPLETE_IS(type) __builtin_types_compatible_p(diolate_complete_fn, type)

/*
 * Whether an io_uring write that is polled for fails if its callback gets an error.
 * io_complete_rw_iopoll() marks the request itself where the callback has three arguments
 * (fs/io_uring.c, 5.10); later it only stores the result (5.17.10 to 7.3), and diolate_uring_fail()
 * marks the request, if its structure is public.
 */
#ifdef DIOLATE_IO_KIOCB
#define DIOLATE_POLLED_FAILS true
#else
#define DIOLATE_POLLED_FAILS DIOLATE_COMPLETE_IS(diolate_complete_3_fn)
#endif

static_assert(DIOLATE_COMPLETE_IS(diolate_complete_2_fn) ||
	      DIOLATE_COMPLETE_IS(diolate_complete_3_fn),
	      "diolate does not know this kernel's ki_complete (struct kiocb, linux/fs.h)");

#endif
