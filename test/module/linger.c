// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: who invalidates the page cache after a direct write for the second time since
 * the module is there sleeps before that, and the parameter `lingering` says so meanwhile. From 6.1
 * on (mm/filemap.c).
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "kernel/compat/ftrace.h"

#define FUNCTION "kiocb_invalidate_post_direct_write"

static unsigned int ms = 1000;
module_param(ms, uint, 0444);
static bool lingering;
module_param(lingering, bool, 0444);

#if DIOLATE_CHANGES_ARGUMENT
static void (*invalidate)(struct kiocb *iocb, size_t count);
static atomic_t calls;

static void notrace linger(struct kiocb *iocb, size_t count)
{
	WRITE_ONCE(lingering, true);
	msleep(ms);
	WRITE_ONCE(lingering, false);
	invalidate(iocb, count);
}

static void notrace called(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			   struct diolate_ftrace_regs *regs)
{
	if (atomic_inc_return(&calls) == 2)
		diolate_ftrace_redirect(regs, (unsigned long)linger);
}

static struct ftrace_ops ops = {
	.func = called,
	.flags = DIOLATE_REPLACE_FLAGS,
};

static int __init linger_init(void)
{
	struct kprobe kp = { .symbol_name = FUNCTION, .flags = KPROBE_FLAG_DISABLED };
	int err = register_kprobe(&kp);

	if (err)
		return err;
	invalidate = (void *)kp.addr;
	unregister_kprobe(&kp);
	err = ftrace_set_filter(&ops, (unsigned char *)FUNCTION, strlen(FUNCTION), 1);
	if (!err)
		err = register_ftrace_function(&ops);
	if (err)
		ftrace_set_filter(&ops, NULL, 0, 1);
	return err;
}

static void __exit linger_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_set_filter(&ops, NULL, 0, 1);
}
#else
static int __init linger_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit linger_exit(void)
{
}
#endif

module_init(linger_init);
module_exit(linger_exit);

MODULE_DESCRIPTION("Has a direct write linger before it invalidates once more, for tests");
MODULE_LICENSE("GPL");
