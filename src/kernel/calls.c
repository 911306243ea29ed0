// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kretprobe has an instance for each call of its function. The task that is inside the call finds
 * the instance, and the data in it.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "kernel/calls.h"

#ifndef DIOLATE_UNLISTED_INSTANCES

/**
 * diolate_calls_arm() - begin to follow the calls of a function
 * @calls: the calls, with the kretprobe filled in
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_calls_arm(struct diolate_calls *calls)
{
	int err = register_kretprobe(&calls->rp);

	WRITE_ONCE(calls->armed, !err);
	return err;
}

/**
 * diolate_calls_disarm() - stop following the calls of a function
 * @calls: the calls
 *
 * Context: process, sleeps. When it returns, no diolate_calls_innermost() looks through the
 *          instances, which are freed, and no handler of the kretprobe runs or will run.
 */
void diolate_calls_disarm(struct diolate_calls *calls)
{
	WRITE_ONCE(calls->armed, false);
	synchronize_rcu();
	unregister_kretprobe(&calls->rp);
}

/**
 * diolate_calls_innermost() - find the innermost call of a function that this task is inside of
 * @calls: the calls of the function
 * @match: returns whether the data of a call is the wanted one
 * @arg:   passed on to @match
 *
 * Only the current task pushes and pops its instances, on entry and return, so the list is stable
 * here. An interrupt pops its own instances before it returns.
 *
 * Context: any, also inside a probe handler; with preemption off.
 * Return: the data of the call, valid until the call returns; NULL if no call matches, or @calls is
 *         not armed.
 */
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg)
{
	struct llist_node *node;

	if (!READ_ONCE(calls->armed))
		return NULL;
	for (node = diolate_first_instance(); node; node = READ_ONCE(node->next)) {
		struct kretprobe_instance *ri = diolate_instance(node);

		if (diolate_instance_of(ri, &calls->rp) && match(ri->data, arg))
			return ri->data;
	}
	return NULL;
}
NOKPROBE_SYMBOL(diolate_calls_innermost);

#else /* tasks do not list their instances: look through all of the kretprobe, which is rare */

/*
 * An instance keeps the task and the data of its last call (kernel/kprobes.c,
 * pre_handler_kretprobe(), 5.10). Clearing the first word marks the call as over.
 */
static void calls_forget(struct kretprobe_instance *ri)
{
	WRITE_ONCE(*(unsigned long *)ri->data, 0);
}
NOKPROBE_SYMBOL(calls_forget);

static int calls_enters(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_calls *calls = container_of(ri->rp, struct diolate_calls, rp);

	/*
	 * The instance has its task (pre_handler_kretprobe(), 5.10) before its data. Paired with
	 * the acquire in diolate_calls_innermost().
	 */
	smp_wmb();
	return calls->entry_handler(ri, regs);
}
NOKPROBE_SYMBOL(calls_enters);

static int calls_returns(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_calls *calls = container_of(ri->rp, struct diolate_calls, rp);

	if (calls->handler)
		calls->handler(ri, regs);
	calls_forget(ri);
	return 0;
}
NOKPROBE_SYMBOL(calls_returns);

/* All instances are free while the kretprobe is not armed (register_kretprobe(), 5.10). */
static void calls_list_instances(struct diolate_calls *calls)
{
	struct kretprobe_instance *ri;
	int n = 0;

	hlist_for_each_entry(ri, &calls->rp.free_instances, hlist) {
		calls_forget(ri);
		if (n < calls->rp.maxactive)
			calls->instances[n++] = ri;
	}
}

int diolate_calls_arm(struct diolate_calls *calls)
{
	int err;

	/* Only the first time: these handlers stay in @rp after disarming. */
	if (calls->rp.handler != calls_returns) {
		calls->handler = calls->rp.handler;
		calls->entry_handler = calls->rp.entry_handler;
	}
	calls->rp.handler = calls_returns;
	calls->rp.entry_handler = calls_enters;
	if (!calls->rp.maxactive)
		calls->rp.maxactive = num_possible_cpus();
	calls->instances = kvcalloc(calls->rp.maxactive, sizeof(*calls->instances), GFP_KERNEL);
	if (!calls->instances)
		return -ENOMEM;
	calls->rp.kp.flags |= KPROBE_FLAG_DISABLED;
	err = register_kretprobe(&calls->rp);
	if (err)
		goto err_register;
	calls_list_instances(calls);
	err = enable_kretprobe(&calls->rp);
	if (err)
		goto err_enable;
	WRITE_ONCE(calls->armed, true);
	return 0;

err_enable:
	unregister_kretprobe(&calls->rp);
err_register:
	kvfree(calls->instances);
	calls->instances = NULL;
	return err;
}

void diolate_calls_disarm(struct diolate_calls *calls)
{
	WRITE_ONCE(calls->armed, false);
	synchronize_rcu();
	unregister_kretprobe(&calls->rp);
	kvfree(calls->instances);
	calls->instances = NULL;
}

/*
 * If several calls of this task match, any of them is returned: no task is inside two calls for the
 * same write. The data of other tasks' calls is not passed to match(): an instance gets its task
 * before its data (pre_handler_kretprobe(), 5.10), so whoever sees the data sees its task.
 */
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg)
{
	int i;

	if (!READ_ONCE(calls->armed))
		return NULL;
	for (i = 0; i < calls->rp.maxactive; i++) {
		struct kretprobe_instance *ri = calls->instances[i];

		/* Paired with the barrier in calls_enters(). */
		if (smp_load_acquire((unsigned long *)ri->data) &&
		    READ_ONCE(ri->task) == current && match(ri->data, arg))
			return ri->data;
	}
	return NULL;
}
NOKPROBE_SYMBOL(diolate_calls_innermost);

#endif
