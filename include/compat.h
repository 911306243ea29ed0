/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels; no other file knows a version or a kernel's
 * configuration. What can be decided by symbol at load time is decided there, not here.
 */
#ifndef DIOLATE_COMPAT_H
#define DIOLATE_COMPAT_H

#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "diolate needs Linux 5.10 or later"
#endif

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

/* On a kernel without io_uring, io_write() is somebody else's. */
#define DIOLATE_HAS_IO_URING IS_ENABLED(CONFIG_IO_URING)

/* struct io_kiocb, the request of io_uring: in a header for all since 6.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0) && IS_ENABLED(CONFIG_IO_URING)
#define DIOLATE_IO_KIOCB
#include <linux/io_uring_types.h>

/*
 * The task that submitted a request. It moved in 6.13 (commit b6f58a3f4aa8, "io_uring: move struct
 * io_kiocb from task_struct to io_uring_task").
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
 * It lost its third argument, the second result of an io_event, which is 0 for every direct write,
 * in 5.16 (commit 6b19b766e8f0, "fs: get rid of the res2 iocb->ki_complete argument").
 *
 * DIOLATE_COMPLETION() defines a callback that does nothing but call another function.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret, long ret2);

#define DIOLATE_COMPLETION(callback, function, kind)			\
static void callback(struct kiocb *iocb, long ret, long ret2)		\
{									\
	function(kind, iocb, ret);					\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret, 0);
}
#else
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

#define DIOLATE_COMPLETION(callback, function, kind)			\
static void callback(struct kiocb *iocb, long ret)			\
{									\
	function(kind, iocb, ret);					\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret);
}
#endif

/** diolate_caller() - where a function returns to, at its first instruction */
static __always_inline unsigned long diolate_caller(struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	return procedure_link_pointer(regs);
#else
	return regs_get_kernel_stack_nth(regs, 0);
#endif
}

/*
 * How far before its work the kiocb pointer of a struct iomap_dio stands, in words. `done_before`
 * came between in 5.16 (commit 4fdccaa0d184, "iomap: Add done_before argument to iomap_dio_rw").
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define DIOLATE_FARTHEST_KIOCB 6
#else
#define DIOLATE_FARTHEST_KIOCB 8
#endif

/*
 * The kretprobe instances a task is inside of, innermost first. Since 5.18 a kretprobe may sit on a
 * rethook (commit 73f9b911faa7, "kprobes: Use rethook for kretprobe if possible"), whose nodes the
 * task lists; otherwise the task lists the instances themselves. Before 5.11 no task did (commit
 * d741bf41d7c7, "kprobes: Remove kretprobe hash"): they are in a hash of kernel/kprobes.c, out of
 * reach, and src/calls.c keeps a list of all.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define DIOLATE_UNLISTED_INSTANCES
#elif defined(CONFIG_KRETPROBE_ON_RETHOOK)
static __always_inline struct llist_node *diolate_first_instance(void)
{
	return READ_ONCE(current->rethooks.first);
}

static __always_inline struct kretprobe_instance *diolate_instance(struct llist_node *node)
{
	return container_of(node, struct kretprobe_instance, node.llist);
}

/* Compares pointers only: the node of a kretprobe that is being unregistered stays valid, what it
 * points to may not.
 */
static __always_inline bool diolate_instance_of(struct kretprobe_instance *ri,
						const struct kretprobe *rp)
{
	return READ_ONCE(ri->node.rethook) == rp->rh;
}
#else
static __always_inline struct llist_node *diolate_first_instance(void)
{
	return READ_ONCE(current->kretprobe_instances.first);
}

static __always_inline struct kretprobe_instance *diolate_instance(struct llist_node *node)
{
	return container_of(node, struct kretprobe_instance, llist);
}

static __always_inline bool diolate_instance_of(struct kretprobe_instance *ri,
						const struct kretprobe *rp)
{
	return READ_ONCE(ri->rph) == rp->rph;
}
#endif

#endif
