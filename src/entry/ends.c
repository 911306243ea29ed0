// SPDX-License-Identifier: GPL-2.0-only
/*
 * ->end_io() of a file system (struct iomap_dio_ops, include/linux/iomap.h) makes what a direct
 * write has written the file's: new blocks, blocks that were shared, a longer file. It may fail.
 * iomap_dio_complete() invalidates the page cache all the same, and only then says that the write
 * has failed (fs/iomap/direct-io.c, 5.10 to 7.3). What is dirty in the page cache must stay then.
 *
 * So under policy repair ftrace sends each call of ->end_io() to ends_run(), which makes the call
 * and notes in the place of the task (src/write/task.c) that it has succeeded. That call comes by
 * ftrace once more, and is let pass. The kernel, too, calls the function by a pointer of this type,
 * so neither IBT nor kCFI objects. A write that is completed in an interrupt is not followed: none
 * that meets a late error is.
 *
 * A file system may be loaded later than diolate, and unloaded.
 */
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/iomap.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/srcu.h>

#include "entry/ends.h"
#include "kernel/hook.h"
#include "kernel/symbol.h"
#include "write/task.h"

#if DIOLATE_HAS_FTRACE
#define ENDS_FN typeof(((struct iomap_dio_ops *)0)->end_io)

/* Those of src/write/filesystem.c that use iomap, on some kernel. */
enum { EXT4, XFS, XFS_ZONED, F2FS, EXFAT, EXT2, ENDS };

static unsigned long addresses[ENDS];

/* Who is in ends_run(). */
static struct srcu_struct running;

static int notrace ends_run(unsigned int n, struct kiocb *iocb, ssize_t size, int error,
			    unsigned int flags)
{
	int index = srcu_read_lock(&running);
	int ret = ((ENDS_FN)READ_ONCE(addresses[n]))(iocb, size, error, flags);

	diolate_task_ended(iocb, ret >= 0);
	srcu_read_unlock(&running, index);
	return ret;
}

static void notrace ends_called(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				struct diolate_ftrace_regs *regs);

#define END(n, name)										\
static int notrace ends_run_##n(struct kiocb *iocb, ssize_t size, int error, unsigned int flags) \
{												\
	return ends_run(n, iocb, size, error, flags);						\
}												\
												\
static struct diolate_hook ends_hook_##n = {							\
	.symbol = name,										\
	.ops.func = ends_called,								\
	.ops.flags = DIOLATE_REPLACE_FLAGS,							\
	.ops.private = ends_run_##n,								\
}

END(EXT4, "ext4_dio_write_end_io");
END(XFS, "xfs_dio_write_end_io");
END(XFS_ZONED, "xfs_zoned_dio_write_end_io");
END(F2FS, "f2fs_dio_write_end_io");
END(EXFAT, "exfat_file_write_dio_end_io");
END(EXT2, "ext2_dio_write_end_io");

static struct diolate_hook *const hooks[ENDS] = {
	[EXT4] = &ends_hook_EXT4,
	[XFS] = &ends_hook_XFS,
	[XFS_ZONED] = &ends_hook_XFS_ZONED,
	[F2FS] = &ends_hook_F2FS,
	[EXFAT] = &ends_hook_EXFAT,
	[EXT2] = &ends_hook_EXT2,
};

/* int end_io(struct kiocb *iocb, ssize_t size, int error, unsigned flags), 5.10 to 7.3. */
static void notrace ends_called(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				struct diolate_ftrace_regs *regs)
{
	bool first;

	preempt_disable_notrace();
	first = diolate_task_ends((void *)diolate_ftrace_argument(regs, 0));
	preempt_enable_notrace();
	if (first)
		diolate_ftrace_redirect(regs, (unsigned long)ops->private);
}

/* Serializes changes of what is armed. */
static DEFINE_MUTEX(arming);
/* All that is there is to be armed. */
static bool wanted;
/* The errno of the last attempt to arm one. */
static int failed[ENDS];

static void ends_arm_one(unsigned int n)
{
	int err;

	if (hooks[n]->armed)
		return;
	err = diolate_symbol_address(hooks[n]->symbol, &addresses[n], NULL) ?:
	      diolate_hook_add(hooks[n], hooks[n]->symbol, addresses[n], true) ?:
	      diolate_hook_register(hooks[n]);
	failed[n] = err;
}

/* No hook sends a task to ends_run() any more: wait for those that are there. */
static void ends_wait(void)
{
	synchronize_srcu(&running);
	/* A task may still have to leave ends_run(), without sleeping. */
	synchronize_rcu_tasks();
}

static int ends_module_changes(struct notifier_block *block, unsigned long state, void *data)
{
	unsigned int n;

	mutex_lock(&arming);
	for (n = 0; n < ENDS && wanted; n++) {
		if (state == MODULE_STATE_LIVE)
			ends_arm_one(n);
		else if (state == MODULE_STATE_GOING && within_module(addresses[n], data))
			diolate_hook_disarm(hooks[n]);
	}
	mutex_unlock(&arming);
	return NOTIFY_DONE;
}

static struct notifier_block modules = { .notifier_call = ends_module_changes };

/**
 * diolate_ends_init() - prepare diolate_ends_arm()
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_ends_init(void)
{
	int err = init_srcu_struct(&running);

	if (err)
		pr_err("not loaded: no memory to wait for those that end a write\n");
	return err;
}

/**
 * diolate_ends_exit() - undo diolate_ends_init()
 *
 * Context: process, may sleep; after diolate_ends_disarm().
 */
void diolate_ends_exit(void)
{
	cleanup_srcu_struct(&running);
}

/**
 * diolate_ends_arm() - note from now on of which writes ->end_io() has succeeded
 *
 * Context: process, sleeps. Where that cannot be noted nothing is repaired.
 */
void diolate_ends_arm(void)
{
	unsigned int n;

	register_module_notifier(&modules);
	mutex_lock(&arming);
	wanted = true;
	for (n = 0; n < ENDS; n++)
		ends_arm_one(n);
	/* Until now one file system was followed and another, with the same kiocb, was not. */
	diolate_task_ends_anew();
	mutex_unlock(&arming);
}

/**
 * diolate_ends_disarm() - undo diolate_ends_arm()
 *
 * Context: process, sleeps. When it returns, no task is in a function of this file.
 */
void diolate_ends_disarm(void)
{
	unsigned int n;

	unregister_module_notifier(&modules);
	mutex_lock(&arming);
	wanted = false;
	for (n = 0; n < ENDS; n++)
		diolate_hook_disarm(hooks[n]);
	ends_wait();
	mutex_unlock(&arming);
}

/**
 * diolate_ends_show() - print the followed functions in the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed, or cannot
 *     be followed
 *
 * Context: process, may sleep.
 */
void diolate_ends_show(struct seq_file *m)
{
	unsigned int n;

	mutex_lock(&arming);
	/* A file system that is not loaded is not in use. */
	for (n = 0; n < ENDS && wanted; n++)
		if (hooks[n]->armed || failed[n] != -ENOENT)
			seq_printf(m, "%s %s 0 %s\n", hooks[n]->symbol,
				   hooks[n]->armed ? "armed" : diolate_symbol_state(failed[n]),
				   "repair: whether what was written is the file's");
	mutex_unlock(&arming);
}

#else

int diolate_ends_init(void)
{
	return 0;
}

void diolate_ends_exit(void)
{
}

void diolate_ends_arm(void)
{
}

void diolate_ends_disarm(void)
{
}

void diolate_ends_show(struct seq_file *m)
{
}
#endif
