// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of a function that a task is inside of: a kretprobe has an instance for each, and the
 * task that makes the call finds it again from within.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "diolate.h"

#ifndef DIOLATE_UNLISTED_INSTANCES

/**
 * diolate_calls_arm() - begin to follow the calls of a function
 * @calls: which; its kretprobe is filled in
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_calls_arm(struct diolate_calls *calls)
{
	return register_kretprobe(&calls->rp);
}

/**
 * diolate_calls_disarm() - end that
 * @calls: which; nobody looks for its calls any more
 *
 * Context: process, sleeps. When it returns no handler of it runs or will.
 */
void diolate_calls_disarm(struct diolate_calls *calls)
{
	unregister_kretprobe(&calls->rp);
}

/**
 * diolate_calls_innermost() - find the innermost call of a function that this task is inside of
 * @calls: of which function
 * @match: whether this call's data is the one wanted
 * @arg:   passed on to @match
 *
 * Only the current task pushes and pops its instances, on entry and return, so the list is stable
 * here; an interrupt that comes between has popped its own before it returns.
 *
 * Context: any, also inside a probe handler; @calls is armed.
 * Return: the data of the call, valid until it returns; NULL if there is none.
 */
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg)
{
	struct llist_node *node;

	for (node = diolate_first_instance(); node; node = READ_ONCE(node->next)) {
		struct kretprobe_instance *ri = diolate_instance(node);

		if (diolate_instance_of(ri, &calls->rp) && match(ri->data, arg))
			return ri->data;
	}
	return NULL;
}
NOKPROBE_SYMBOL(diolate_calls_innermost);

#else /* no task lists its instances: look through all of the kretprobe, which is seldom done */

/*
 * An instance keeps the task and the data of its last call (kernel/kprobes.c,
 * pre_handler_kretprobe(), 5.10): what is over must be told from what is not.
 */
static void forget(struct kretprobe_instance *ri)
{
	WRITE_ONCE(*(unsigned long *)ri->data, 0);
}
NOKPROBE_SYMBOL(forget);

static int returns(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct diolate_calls *calls = container_of(ri->rp, struct diolate_calls, rp);

	if (calls->handler)
		calls->handler(ri, regs);
	forget(ri);
	return 0;
}
NOKPROBE_SYMBOL(returns);

/* All of them are free while the kretprobe is not armed (register_kretprobe(), 5.10). */
static void list_instances(struct diolate_calls *calls)
{
	struct kretprobe_instance *ri;
	int n = 0;

	hlist_for_each_entry(ri, &calls->rp.free_instances, hlist) {
		forget(ri);
		if (n < calls->rp.maxactive)
			calls->instances[n++] = ri;
	}
}

int diolate_calls_arm(struct diolate_calls *calls)
{
	int err;

	/* Not a second time: it stays there when it is disarmed. */
	if (calls->rp.handler != returns)
		calls->handler = calls->rp.handler;
	calls->rp.handler = returns;
	if (!calls->rp.maxactive)
		calls->rp.maxactive = num_possible_cpus();
	calls->instances = kvcalloc(calls->rp.maxactive, sizeof(*calls->instances), GFP_KERNEL);
	if (!calls->instances)
		return -ENOMEM;
	calls->rp.kp.flags |= KPROBE_FLAG_DISABLED;
	err = register_kretprobe(&calls->rp);
	if (err)
		goto err_register;
	list_instances(calls);
	err = enable_kretprobe(&calls->rp);
	if (err)
		goto err_enable;
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
	unregister_kretprobe(&calls->rp);
	kvfree(calls->instances);
	calls->instances = NULL;
}

/*
 * Of several calls of one task that match it may be any: no task is twice inside a call about the
 * same write. The data of others' calls is not looked at: an instance that is taken anew gets its
 * task before its data (pre_handler_kretprobe(), 5.10), so who sees the data sees whose it is.
 */
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg)
{
	int i;

	for (i = 0; calls->instances && i < calls->rp.maxactive; i++) {
		struct kretprobe_instance *ri = calls->instances[i];

		/* Its task is read after its data, see above. */
		if (smp_load_acquire((unsigned long *)ri->data) &&
		    READ_ONCE(ri->task) == current && match(ri->data, arg))
			return ri->data;
	}
	return NULL;
}
NOKPROBE_SYMBOL(diolate_calls_innermost);

#endif
