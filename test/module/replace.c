// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: registers for a function of the kernel what a live patch of it would, and
 * lets every call go where it goes.
 *
 * insmod replace.ko function=aio_complete_rw
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "kernel/compat/ftrace.h"

static char *function = "dio_warn_stale_pagecache";
module_param(function, charp, 0444);

#if DIOLATE_HAS_FTRACE
static void notrace replace(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct diolate_ftrace_regs *regs)
{
}

static struct ftrace_ops ops = {
	.func = replace,
	.flags = DIOLATE_REPLACE_FLAGS,
};

static int __init replace_init(void)
{
	int err = ftrace_set_filter(&ops, (unsigned char *)function, strlen(function), 1);

	if (!err)
		err = register_ftrace_function(&ops);
	if (err)
		ftrace_set_filter(&ops, NULL, 0, 1);
	return err;
}

static void __exit replace_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_set_filter(&ops, NULL, 0, 1);
}
#else
static int __init replace_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit replace_exit(void)
{
}
#endif

module_init(replace_init);
module_exit(replace_exit);

MODULE_DESCRIPTION("Registers what a live patch of a function would, for tests");
MODULE_LICENSE("GPL");
