// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: when the kernel reports a late error, locks the first page of the file, until
 * the module is unloaded.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

#include "kernel/compat/folio.h"

static struct folio *held;

static int reported(struct kprobe *p, struct pt_regs *regs)
{
	struct file *filp = (void *)regs_get_kernel_argument(regs, 0);
	struct folio *folio;

	if (held)
		return 0;
	folio = diolate_get_folio(filp->f_mapping, 0);
	if (!folio)
		return 0;
	if (folio_trylock(folio))
		held = folio;
	else
		folio_put(folio);
	return 0;
}
NOKPROBE_SYMBOL(reported);

static struct kprobe kp = {
	.symbol_name = "dio_warn_stale_pagecache",
	.pre_handler = reported,
};

static int __init lock_init(void)
{
	return register_kprobe(&kp);
}

static void __exit lock_exit(void)
{
	unregister_kprobe(&kp);
	if (held) {
		folio_unlock(held);
		folio_put(held);
	}
}

module_init(lock_init);
module_exit(lock_exit);

MODULE_DESCRIPTION("Locks the page that a late error is about, for tests");
MODULE_LICENSE("GPL");
