// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hook follows the entry of a kernel function. It uses ftrace, which is the cheapest way: ftrace
 * saves the arguments and calls the handler in some 45 instructions, where a kprobe takes 115 to
 * 200 and a kretprobe 500. ftrace also misses no call while another kprobe is running on the same
 * processor. Where the kernel's ftrace gives no arguments, the hook uses a kprobe.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "kernel/hook.h"
#include "kernel/symbol.h"

#if DIOLATE_HAS_FTRACE
/*
 * ftrace changes no function any more once it has found itself broken (ftrace_kill(),
 * kernel/trace/ftrace.c, 5.10 to 7.3). The followed functions may go on calling this module, so the
 * module must stay. While the module is unloading, or has failed to load, its reference count is
 * not looked at any more; so the task that would free the module must not return.
 */
static void hook_keep_module(const char *symbol, int err)
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
 * @hook:    the hook
 * @symbol:  the name of the function
 * @address: the first instruction of the function
 * @alone:   whether the hook drops the functions that were added before
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
 * @hook: the hook; its list of functions is freed
 *
 * Context: process, may sleep.
 */
void diolate_hook_clear(struct diolate_hook *hook)
{
	diolate_ftrace_clear(&hook->ops);
}

/**
 * diolate_hook_register() - begin to follow the functions that were added to a hook
 * @hook: the hook; on failure it is cleared
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_hook_register(struct diolate_hook *hook)
{
	int err = register_ftrace_function(&hook->ops);

	/*
	 * ftrace is broken, and may follow the functions already. No second try gets here: ftrace
	 * refuses the filter in diolate_hook_add().
	 */
	if (err == -ENODEV)
		hook_keep_module(hook->symbol, err);
	hook->armed = !err;
	if (err)
		diolate_hook_clear(hook);
	return err;
}

/**
 * diolate_hook_arm() - begin to follow the function that a hook names
 * @hook: the hook, as DIOLATE_HOOK() initialized it
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
 * diolate_hook_disarm() - stop following the functions of a hook
 * @hook: the hook; armed or not
 *
 * Context: process, sleeps. When it returns, no task runs the handler or is on its way there
 *          (unregister_ftrace_function() waits for such tasks).
 */
void diolate_hook_disarm(struct diolate_hook *hook)
{
	int err;

	if (!hook->armed)
		return;
	err = unregister_ftrace_function(&hook->ops);
	if (err) {
		hook_keep_module(hook->symbol, err);
		return;
	}
	diolate_hook_clear(hook);
	hook->armed = false;
}

/**
 * diolate_hook_missed() - how many calls a hook has missed since it was armed
 * @hook: the hook
 *
 * Context: any.
 * Return: the number; always 0 with ftrace.
 */
unsigned long diolate_hook_missed(const struct diolate_hook *hook)
{
	return 0;
}
#else
static int hook_hit(struct kprobe *p, struct pt_regs *regs)
{
	container_of(p, struct diolate_hook, kp)->function(regs_get_kernel_argument(regs, 0),
							   regs_get_kernel_argument(regs, 1));
	return 0;
}
NOKPROBE_SYMBOL(hook_hit);

int diolate_hook_arm(struct diolate_hook *hook)
{
	int err;

	hook->kp.symbol_name = hook->symbol;
	hook->kp.pre_handler = hook_hit;
	/* register_kprobe() leaves values here that it refuses the next time. */
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
