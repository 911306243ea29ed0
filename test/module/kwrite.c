// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: a thread of the kernel that writes 64 KiB to the beginning of a file, with
 * O_DIRECT and synchronously, as nfsd does. Unloading waits until it has.
 *
 * insmod kwrite.ko file=/mnt/ext4/collision
 */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static char *file;
module_param(file, charp, 0444);
/* What it got: bytes, or a negative errno; 0 before. */
static int result;
module_param(result, int, 0444);

static struct task_struct *thread;
static struct file *filp;
static char *data;

static int write_file(void *unused)
{
	loff_t pos = 0;

	WRITE_ONCE(result, kernel_write(filp, data, SZ_64K, &pos));
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 100);
	return 0;
}

/* The file is opened here, since a thread of the kernel may have another root. */
static int __init kwrite_init(void)
{
	filp = filp_open(file, O_WRONLY | O_DIRECT, 0);
	if (IS_ERR(filp))
		return PTR_ERR(filp);
	thread = ERR_PTR(-ENOMEM);
	data = kmalloc(SZ_64K, GFP_KERNEL);
	if (data) {
		memset(data, 'n', SZ_64K);
		thread = kthread_run(write_file, NULL, "kwrite");
	}
	if (!IS_ERR(thread))
		return 0;
	kfree(data);
	filp_close(filp, NULL);
	return PTR_ERR(thread);
}

static void __exit kwrite_exit(void)
{
	kthread_stop(thread);
	kfree(data);
	filp_close(filp, NULL);
}

module_init(kwrite_init);
module_exit(kwrite_exit);

MODULE_DESCRIPTION("Writes to a file directly from a thread of the kernel, for tests");
MODULE_LICENSE("GPL");
