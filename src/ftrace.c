// SPDX-License-Identifier: GPL-2.0-only
/*
 * What policy repair alone follows by ftrace itself, and not by a kprobe: that misses a call while
 * another kprobe is running on its processor, and is switched on and off by whoever likes.
 *
 * One of the functions is replaced: the kernel's own record of a late error is held back. The call
 * of dio_warn_stale_pagecache() goes to a function that does nothing, if the write is going to be
 * repaired. That function and its caller see an ordinary call: it has the same prototype, and the
 * trampoline of ftrace "returns" to it as it does to a live patch, which neither IBT nor kCFI looks
 * at. Only one at a time may do that to a function (FTRACE_OPS_FL_IPMODIFY): where a live patch has
 * it, the policy is refused; as long as the policy is repair a live patch of that function is.
 * Not a kprobe with a changed instruction pointer: it needs a post_handler, and unregistering one
 * fails if somebody else's kprobe was there first (seen on 6.1 and 6.12).
 *
 * As long as these are there nobody can switch ftrace off (FTRACE_OPS_FL_PERMANENT;
 * kernel/trace/ftrace.c, ftrace_enable_sysctl(), 5.10 to 6.12; nobody ever can on 7.3).
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "diolate.h"

#if DIOLATE_HAS_FTRACE
/*
 * void __folio_start_writeback(struct folio *folio, bool keep_write) and
 * bool __folio_end_writeback(struct folio *folio), mm/page-writeback.c, 6.1 to 7.3; the same with
 * a page, 5.10.
 */
static void notrace writeback(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			      diolate_ftrace_regs *regs)
{
	preempt_disable_notrace();
	diolate_note_writeback((void *)diolate_ftrace_argument(regs));
	preempt_enable_notrace();
}

static void notrace instead(struct file *filp)
{
}

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
static void notrace late_error(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       diolate_ftrace_regs *regs)
{
	if (diolate_late_error_is_held_back((void *)diolate_ftrace_argument(regs)))
		diolate_ftrace_redirect(regs, (unsigned long)instead);
}

/**
 * struct hook - functions that are followed the same way
 * @symbols: their names, to the first NULL; not const for ftrace_set_filter() alone
 * @purpose: what they are followed for
 * @ops:     how
 * @armed:   whether they are, and are to be let go
 */
struct hook {
	char *symbols[3];
	const char *purpose;
	struct ftrace_ops ops;
	bool armed;
};

static struct hook hooks[] = {
	{
		.symbols = { (char []){ DIOLATE_START_WRITEBACK },
			     (char []){ DIOLATE_END_WRITEBACK } },
		.purpose = "repair: what is written back while a direct write is in flight",
		.ops.func = writeback,
		.ops.flags = DIOLATE_FTRACE_FLAGS,
	},
	/* The last: who is held back relies on what those note. */
	{
		.symbols = { (char []){ DIOLATE_LATE_ERROR_SYMBOL } },
		.purpose = "repair: holding back the kernel's own record",
		.ops.func = late_error,
		.ops.flags = DIOLATE_FTRACE_FLAGS | FTRACE_OPS_FL_IPMODIFY,
	},
};

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

/* Follow a hook's functions; if that fails, @symbol is set to what it failed for. */
static int arm(struct hook *hook, char **symbol)
{
	size_t i;
	int err = 0;

	*symbol = hook->symbols[0];
	if (hook->armed)
		return -ENODEV;
	for (i = 0; !err && hook->symbols[i]; i++) {
		*symbol = hook->symbols[i];
		err = ftrace_set_filter(&hook->ops, *symbol, strlen(*symbol), !i);
	}
	if (!err) {
		err = register_ftrace_function(&hook->ops);
		/* One of them may be. */
		if (err == -ENODEV)
			keep_module(*symbol, err);
	}
	hook->armed = !err;
	if (err)
		ftrace_set_filter(&hook->ops, NULL, 0, 1);
	return err;
}

/**
 * diolate_ftrace_arm() - begin to follow
 *
 * Context: process, may sleep.
 * Return: 0; or, after one sentence in the kernel log and with nothing followed, a negative errno.
 */
int diolate_ftrace_arm(void)
{
	char *symbol;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		err = arm(&hooks[i], &symbol);
		if (!err)
			continue;
		pr_err("policy=repair refused: %s cannot be followed (error %d%s); use propagate or observe\n",
		       symbol, err, err == -EBUSY ? ": a live patch or its like has it" : "");
		diolate_ftrace_disarm();
		return err;
	}
	return 0;
}

/**
 * diolate_ftrace_disarm() - follow no longer
 *
 * Context: process, sleeps. When it returns nothing is held back any more, and no task is on its
 *          way there (unregister_ftrace_function() waits for those).
 */
void diolate_ftrace_disarm(void)
{
	size_t i = ARRAY_SIZE(hooks);
	int err;

	while (i--) {
		if (!hooks[i].armed)
			continue;
		err = unregister_ftrace_function(&hooks[i].ops);
		if (err) {
			keep_module(hooks[i].symbols[0], err);
			continue;
		}
		/* Frees the memory of the filter. */
		ftrace_set_filter(&hooks[i].ops, NULL, 0, 1);
		hooks[i].armed = false;
	}
}

/**
 * diolate_ftrace_show() - print its part of the file `sites`
 * @m: the file; a line `symbol armed 0 purpose` for each function that is followed
 *
 * Context: process, may sleep.
 */
void diolate_ftrace_show(struct seq_file *m)
{
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		for (n = 0; READ_ONCE(hooks[i].armed) && hooks[i].symbols[n]; n++)
			seq_printf(m, "%s armed 0 %s\n", hooks[i].symbols[n], hooks[i].purpose);
}
#else
int diolate_ftrace_arm(void)
{
	pr_err("policy=repair refused: this kernel's ftrace cannot replace a function; use propagate or observe\n");
	return -EOPNOTSUPP;
}

void diolate_ftrace_disarm(void)
{
}

void diolate_ftrace_show(struct seq_file *m)
{
}
#endif
