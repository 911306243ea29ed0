// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/diolate: a table of files. All are 0444, which is what stays readable under
 * lockdown=integrity (fs/debugfs/file.c, debugfs_locked_down(), 6.1 to 7.3).
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

#include "diolate.h"

static struct dentry *directory;

static int counters_show(struct seq_file *m, void *unused)
{
	diolate_account_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int sites_show(struct seq_file *m, void *unused)
{
	diolate_probes_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sites);

#define log_sops diolate_log_ops
DEFINE_SEQ_ATTRIBUTE(log);

static int files_show(struct seq_file *m, void *unused)
{
	return diolate_files_show(m);
}
DEFINE_SHOW_ATTRIBUTE(files);

static int version_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "version %s\n", THIS_MODULE->version);
	seq_printf(m, "revision %s\n", DIOLATE_REVISION);
	seq_printf(m, "kernel %s\n", UTS_RELEASE);
	seq_printf(m, "arch %s\n", init_utsname()->machine);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(version);

static const struct {
	const char *name;
	const struct file_operations *fops;
} debugfs_files[] = {
	{ "counters", &counters_fops },
	{ "sites", &sites_fops },
	{ "log", &log_fops },
	{ "files", &files_fops },
	{ "version", &version_fops },
};

/**
 * diolate_debugfs_init() - make the directory and its files
 *
 * Without debugfs the module works all the same; nothing is checked, as debugfs wants it.
 *
 * Context: process, may sleep.
 */
void diolate_debugfs_init(void)
{
	size_t i;

	directory = debugfs_create_dir("diolate", NULL);
	if (IS_ERR(directory))
		return;
	d_inode(directory)->i_mode &= ~0077;
	for (i = 0; i < ARRAY_SIZE(debugfs_files); i++)
		debugfs_create_file(debugfs_files[i].name, 0444, directory, NULL,
				    debugfs_files[i].fops);
}

/**
 * diolate_debugfs_exit() - remove them; waits for readers
 *
 * Context: process, sleeps.
 */
void diolate_debugfs_exit(void)
{
	debugfs_remove_recursive(directory);
}
