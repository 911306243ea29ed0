// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following the entry of a function of the kernel: by ftrace itself, which is the cheapest way
 * there is. It saves the arguments and calls us, some 45 instructions in all, where a kprobe takes
 * 115 to 200 and a kretprobe 500; nor does it miss a call while another kprobe is running on its
 * processor. Where the kernel's ftrace gives no arguments a kprobe serves.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "diolate.h"

#if DIOLATE_HAS_FTRACE
/*
 * A kernel whose ftrace has found itself broken changes no function any more (ftrace_kill(),
 * kernel/trace/ftrace.c, 5.10 to 7.3): those of ours may go on calling this module, which therefore
 * has to stay. If it is on its way out already, or has failed to load, nobody asks whether it may
 * go, so whoever takes it there has to stay as well.
 */
static void keep_module(const char *symbol, int err)
{
	pr_crit("%s may call diolate for ever (error %d), as the kernel's ftrace is broken; reboot, it cannot be unloaded\n",
		symbol, err);
	if (THIS_MODULE->state == MODULE_STATE_LIVE)
		__module_get(THIS_MODULE);
	else
		for (;;)
			schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

/**
 * diolate_hook_add() - have a hook that is not armed follow one more function
 * @hook:    which
 * @symbol:  its name
 * @address: its first instruction
 * @alone:   no other that was added before
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_hook_add(struct diolate_hook *hook, const char *symbol, unsigned long address,
		     bool alone)
{
	return diolate_ftrace_filter(&hook->ops, symbol, address, alone);
}

/**
 * diolate_hook_clear() - have a hook that is not armed follow nothing
 * @hook: which; the memory of what was added to it is freed
 *
 * Context: process, may sleep.
 */
void diolate_hook_clear(struct diolate_hook *hook)
{
	ftrace_set_filter(&hook->ops, NULL, 0, 1);
}

/**
 * diolate_hook_register() - begin to follow what was added to a hook
 * @hook: which; on failure nothing is added to it any more
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_hook_register(struct diolate_hook *hook)
{
	int err = register_ftrace_function(&hook->ops);

	/* It may be followed. Before anybody could ask once more, ftrace refuses the filter. */
	if (err == -ENODEV)
		keep_module(hook->symbol, err);
	hook->armed = !err;
	if (err)
		diolate_hook_clear(hook);
	return err;
}

/**
 * diolate_hook_arm() - begin to follow a function
 * @hook: which, and by what handler
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; -ENOENT if there is no such function.
 */
int diolate_hook_arm(struct diolate_hook *hook)
{
	unsigned long address;
	int err;

	if (hook->armed)
		return -ENODEV;
	err = diolate_symbol_address(hook->symbol, &address, NULL);
	if (err)
		return err;
	err = diolate_hook_add(hook, hook->symbol, address, true);
	return err ?: diolate_hook_register(hook);
}

/**
 * diolate_hook_disarm() - follow it no longer
 * @hook: which; armed or not
 *
 * Context: process, sleeps. When it returns its handler does not run, and no task is on its way
 *          there (unregister_ftrace_function() waits for those).
 */
void diolate_hook_disarm(struct diolate_hook *hook)
{
	int err;

	if (!hook->armed)
		return;
	err = unregister_ftrace_function(&hook->ops);
	if (err) {
		keep_module(hook->symbol, err);
		return;
	}
	diolate_hook_clear(hook);
	hook->armed = false;
}

/**
 * diolate_hook_missed() - calls that its handler did not see, since it was armed
 * @hook: which
 *
 * Context: any.
 */
unsigned long diolate_hook_missed(const struct diolate_hook *hook)
{
	return 0;
}
#else
static int hit(struct kprobe *p, struct pt_regs *regs)
{
	container_of(p, struct diolate_hook, kp)->function(regs_get_kernel_argument(regs, 0),
							   regs_get_kernel_argument(regs, 1));
	return 0;
}
NOKPROBE_SYMBOL(hit);

int diolate_hook_arm(struct diolate_hook *hook)
{
	int err;

	hook->kp.symbol_name = hook->symbol;
	hook->kp.pre_handler = hit;
	/* What registering it leaves there, which it does not take a second time. */
	hook->kp.addr = NULL;
	hook->kp.flags = 0;
	hook->kp.nmissed = 0;
	err = register_kprobe(&hook->kp);
	hook->armed = !err;
	return err;
}

void diolate_hook_disarm(struct diolate_hook *hook)
{
	if (!hook->armed)
		return;
	unregister_kprobe(&hook->kp);
	hook->armed = false;
}

unsigned long diolate_hook_missed(const struct diolate_hook *hook)
{
	return READ_ONCE(hook->kp.nmissed);
}
#endif
