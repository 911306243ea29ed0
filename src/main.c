// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading, stage by stage, and unloading in the reverse order.
 */
#include <linux/module.h>

#include "debugfs.h"
#include "entry/bios.h"
#include "entry/dirties.h"
#include "entry/ends.h"
#include "entry/late_error.h"
#include "entry/results.h"
#include "entry/sites.h"
#include "entry/writeback.h"
#include "flight/folio_part.h"
#include "flight/sentinel.h"
#include "flight/track.h"
#include "kernel/layout.h"
#include "kernel/selftest.h"
#include "mode.h"
#include "model/params.h"
#include "outcome/instead.h"
#include "outcome/sync.h"
#include "outcome/telling.h"
#include "report/files.h"
#include "report/log.h"
#include "report/message.h"
#include "write/identify.h"
#include "write/receivers.h"
#include "write/task.h"
#include "write/waiting.h"

static int layout_begin(void)
{
	diolate_layout_init();
	diolate_mode_doubt();
	return 0;
}

static int receivers_begin(void)
{
	diolate_results_init();
	return diolate_receivers_init(diolate_identify_recognises);
}

/* No handler looks at the notes any more. */
static void sentinel_end(void)
{
	diolate_sentinel_release(true);
}

static int learning_begin(void)
{
	diolate_folio_part_init();
	diolate_bios_init();
	diolate_sync_init();
	return 0;
}

/*
 * First no more tasks are sent to look or to wait. A task that was sent has a late write, which
 * waits and keeps the module. Then no late error is met any more, so no write begins to wait; the
 * sites that meet late errors are disarmed before those that say which write it was. Then all that
 * wait are told, because the receivers are still armed, and each task that writes synchronously
 * returns from its system call. Last the receivers are disarmed, and every task that passed there
 * has left the module.
 */
static void sites_end(void)
{
	diolate_late_error_await_no_more();
	diolate_sites_disarm();
	diolate_waiting_wait();
	diolate_telling_exit();
}

static int sites_begin(void)
{
	int err;

	diolate_mode_prepare();
	err = diolate_sites_arm();
	if (err)
		sites_end();
	return err;
}

static int track_begin(void)
{
	diolate_track_start(&diolate_mode_track_ops);
	return 0;
}

static int writeback_begin(void)
{
	diolate_writeback_follow();
	return 0;
}

static int debugfs_begin(void)
{
	diolate_debugfs_init();
	return 0;
}

/**
 * struct stage - a stage of loading
 * @begin: begins the stage; on failure it has undone what it did. NULL if there is nothing to do
 * @end:   undoes @begin; NULL if there is nothing to do
 */
struct stage {
	int (*begin)(void);
	void (*end)(void);
};

/*
 * The reasons for the order, as the stages end:
 * - debugfs ends first: it waits for open files, and no reader sees what the next stages take down.
 * - The parameters policy and track arm nothing any more (diolate_mode_end()).
 * - Writeback calls for nothing any more (diolate_writeback_no_more()).
 * - Direct writes are not followed any more (diolate_track_stop()). Those that were followed have
 *   ended, or are given up after ten seconds.
 * - No late error is met or waits (sites_end()).
 * - The other stages free memory and disarm the self-test.
 */
static const struct stage stages[] = {
	{ layout_begin, NULL },
	{ diolate_selftest_init, diolate_selftest_exit },
	{ diolate_files_init, diolate_files_exit },
	{ diolate_log_init, diolate_log_exit },
	{ NULL, diolate_message_exit },
	{ receivers_begin, NULL },
	{ diolate_task_init, diolate_task_exit },
	{ NULL, sentinel_end },
	{ diolate_instead_init, diolate_instead_exit },
	{ diolate_ends_init, diolate_ends_exit },
	{ learning_begin, NULL },
	{ diolate_dirties_follow, diolate_dirties_no_more },
	{ sites_begin, sites_end },
	{ track_begin, diolate_track_stop },
	{ writeback_begin, diolate_writeback_no_more },
	{ diolate_mode_begin, diolate_mode_end },
	{ debugfs_begin, diolate_debugfs_exit },
};

/* Undo the first @begun stages. */
static void undo(size_t begun)
{
	while (begun--)
		if (stages[begun].end)
			stages[begun].end();
}

static int __init diolate_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		int err = stages[i].begin ? stages[i].begin() : 0;

		if (err) {
			undo(i);
			return err;
		}
	}
	pr_info("loaded, policy %s\n", diolate_policy_names[diolate_params_policy]);
	return 0;
}

static void __exit diolate_exit(void)
{
	undo(ARRAY_SIZE(stages));
	pr_info("unloaded\n");
}

module_init(diolate_init);
module_exit(diolate_exit);

MODULE_AUTHOR("diolate maintainers");
MODULE_DESCRIPTION("Delivers direct I/O errors that the kernel drops after queueing");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
