/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instances of kretprobes.
 */
#ifndef DIOLATE_KERNEL_COMPAT_KRETPROBE_H
#define DIOLATE_KERNEL_COMPAT_KRETPROBE_H

#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/sched.h>

#include "kernel/compat/version.h"

/*
 * A task lists the kretprobe instances that it is inside of, innermost first. Since 5.18 a
 * kretprobe may sit on a rethook (commit 73f9b911faa7, "kprobes: Use rethook for kretprobe if
 * possible"), and then the task lists the nodes of the rethook. Before 5.11 no task has a list
 * (commit d741bf41d7c7, "kprobes: Remove kretprobe hash"): the instances are in a hash private to
 * kernel/kprobes.c, so src/kernel/calls.c keeps a list of all of them.
 */
#if defined(CONFIG_KRETPROBE_ON_RETHOOK)
static __always_inline struct llist_node *diolate_first_instance(void)
{
	return READ_ONCE(current->rethooks.first);
}

static __always_inline struct kretprobe_instance *diolate_instance(struct llist_node *node)
{
	return container_of(node, struct kretprobe_instance, node.llist);
}

/*
 * Compare pointers only: the node of a kretprobe that is being unregistered stays valid, but the
 * rethook it points to may not.
 */
static __always_inline bool diolate_instance_of(struct kretprobe_instance *ri,
						const struct kretprobe *rp)
{
	return READ_ONCE(ri->node.rethook) == rp->rh;
}
#elif defined(DIOLATE_HAS_TASK_KRETPROBES)
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
#elif defined(DIOLATE_HAS_FREE_INSTANCES)
#define DIOLATE_UNLISTED_INSTANCES
#else
#error "diolate does not know this kernel's kretprobe_instances (linux/sched.h)"
#endif

#endif
