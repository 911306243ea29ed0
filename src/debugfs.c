// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of /sys/kernel/debug/diolate. All are 0444, the mode that stays readable under
 * lockdown=integrity (fs/debugfs/file.c, debugfs_locked_down(), 6.1 to 7.3).
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

#include "debugfs.h"
#include "entry/bios.h"
#include "entry/dirties.h"
#include "entry/ends.h"
#include "entry/late_error.h"
#include "entry/sites.h"
#include "entry/writeback.h"
#include "kernel/layout.h"
#include "kernel/selftest.h"
#include "outcome/telling.h"
#include "report/counters.h"
#include "report/files.h"
#include "report/log.h"
#include "report/record.h"

static struct dentry *directory;

/* When these files came, ns since the epoch. */
static u64 loaded;

static int counters_show(struct seq_file *m, void *unused)
{
	diolate_counters_show(m);
	seq_printf(m, "log_lost %llu\n", diolate_log_lost());
	seq_printf(m, "probe_missed %lu\n", diolate_sites_missed());
	seq_printf(m, "probes_off %d\n", diolate_selftest_off());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int sites_show(struct seq_file *m, void *unused)
{
	diolate_sites_show(m, diolate_selftest_off());
	diolate_telling_show(m);
	diolate_bios_show(m);
	diolate_writeback_show(m);
	diolate_dirties_show(m);
	diolate_late_error_show(m);
	diolate_ends_show(m);
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
	seq_printf(m, "layout %s\n", diolate_layout_summary());
	seq_puts(m, "loaded ");
	diolate_record_show_time(m, loaded);
	seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(version);

static int layout_show(struct seq_file *m, void *unused)
{
	diolate_layout_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(layout);

static const struct {
	const char *name;
	const struct file_operations *fops;
} debugfs_files[] = {
	{ "counters", &counters_fops },
	{ "sites", &sites_fops },
	{ "log", &log_fops },
	{ "files", &files_fops },
	{ "layout", &layout_fops },
	{ "version", &version_fops },
};

/**
 * diolate_debugfs_init() - make the directory and its files
 *
 * The module works without debugfs, too, so errors are not checked, as debugfs asks its callers.
 *
 * Context: process, may sleep.
 */
void diolate_debugfs_init(void)
{
	size_t i;

	loaded = ktime_get_real_ns();
	directory = debugfs_create_dir("diolate", NULL);
	if (IS_ERR(directory))
		return;
	d_inode(directory)->i_mode &= ~0077;
	for (i = 0; i < ARRAY_SIZE(debugfs_files); i++)
		debugfs_create_file(debugfs_files[i].name, 0444, directory, NULL,
				    debugfs_files[i].fops);
}

/**
 * diolate_debugfs_exit() - remove the directory and its files; waits for readers
 *
 * Context: process, sleeps.
 */
void diolate_debugfs_exit(void)
{
	debugfs_remove_recursive(directory);
}
