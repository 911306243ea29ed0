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

/*
 * ki_complete lost its third argument in 5.16 (commit 6b19b766e8f0, "fs: get rid of the res2
 * iocb->ki_complete argument").
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#error "diolate needs Linux 5.16 or later"
#endif

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

/*
 * struct io_kiocb, the request of io_uring: in a header for all since 6.0. On a kernel without
 * io_uring, io_write() is somebody else's.
 */
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

/** typedef diolate_complete_fn - the completion callback of a kiocb */
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

/*
 * The kretprobe instances a task is inside of, innermost first. Since 5.18 a kretprobe may sit on a
 * rethook (commit 73f9b911faa7, "kprobes: Use rethook for kretprobe if possible"), whose nodes the
 * task lists; otherwise the task lists the instances themselves.
 */
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
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
