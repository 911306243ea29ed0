// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests, on 5.10 only: iomap_dio_complete() advances ki_pos before it invalidates the
 * page cache, as it does before 6.5 and on stable kernels that have not taken "iomap: update ki_pos
 * a little later in iomap_dio_complete". One write at a time.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "kernel/compat/version.h"

/* As struct iomap_dio begins (fs/iomap/direct-io.c, 5.10.262). */
struct completed {
	struct kiocb *iocb;
	const void *dops;
	loff_t i_size;
	loff_t size;
};

/* The task that completes a write, which advances it. */
static struct task_struct *completing;
static struct kiocb *iocb;
static loff_t size, advanced;

/* How often it was. */
static unsigned int times;
module_param(times, uint, 0444);

static int completes(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct completed *dio = (void *)regs_get_kernel_argument(regs, 0);

	iocb = dio->iocb;
	size = dio->size;
	advanced = 0;
	completing = current;
	return 0;
}
NOKPROBE_SYMBOL(completes);

static int invalidates(struct kprobe *p, struct pt_regs *regs)
{
	if (completing != current || advanced || size <= 0)
		return 0;
	advanced = size;
	iocb->ki_pos += advanced;
	times++;
	return 0;
}
NOKPROBE_SYMBOL(invalidates);

/* The kernel's own function has advanced it, too. */
static int completed(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	iocb->ki_pos -= advanced;
	completing = NULL;
	return 0;
}
NOKPROBE_SYMBOL(completed);

static struct kretprobe rp = {
	.kp.symbol_name = "iomap_dio_complete",
	.entry_handler = completes,
	.handler = completed,
};

static struct kprobe kp = {
	.symbol_name = "invalidate_inode_pages2_range",
	.pre_handler = invalidates,
};

static int __init earlier_init(void)
{
	int err;

	if (!DIOLATE_IS(5, 10))
		return -EOPNOTSUPP;
	err = register_kretprobe(&rp);
	if (err)
		return err;
	err = register_kprobe(&kp);
	if (err)
		unregister_kretprobe(&rp);
	return err;
}

static void __exit earlier_exit(void)
{
	unregister_kprobe(&kp);
	unregister_kretprobe(&rp);
}

module_init(earlier_init);
module_exit(earlier_exit);

MODULE_DESCRIPTION("Advances ki_pos before the page cache is invalidated, for tests");
MODULE_LICENSE("GPL");
