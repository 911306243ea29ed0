// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading, top to bottom; unloading, its mirror; the parameters.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "diolate.h"

enum diolate_policy diolate_policy = DIOLATE_PROPAGATE;
unsigned int diolate_maxactive = 1024;

/* How much of a refused value is shown: without the newline that echo leaves, and not a novel. */
static int shown(const char *val)
{
	return min_t(size_t, strcspn(val, "\n"), 32);
}

/* One changes the policy or the tracking at a time; both can be set before loading has finished. */
static DEFINE_MUTEX(policy_lock);
/* The probes are there: what the policy takes is, too. */
static bool loaded;

/* Who wants direct writes to be followed. */
static unsigned int trackers;

/* The parameter track says always. */
static bool always;

/*
 * What tells late writes is armed by the first of them. Or from now on: for policy repair, and
 * where a late one cannot wait for it, for the kernel's own record cannot be replaced. That not
 * under policy observe.
 */
static int hold_consumers(enum diolate_policy policy)
{
	return diolate_consumers_hold(policy == DIOLATE_REPAIR ||
				      (policy == DIOLATE_PROPAGATE && !diolate_ftrace_awaits()));
}

static int track(enum diolate_tracks who, bool wants)
{
	unsigned int before = trackers;
	int err = 0;

	trackers = wants ? trackers | who : trackers & ~who;
	if (!before && trackers) {
		err = diolate_follow_arm();
		if (err)
			trackers = 0;
	}
	if (before && !trackers)
		diolate_follow_disarm();
	return err;
}

/**
 * diolate_track() - have direct writes followed, or no longer
 * @who:   wants it
 * @wants: or does no more
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_track(enum diolate_tracks who, bool wants)
{
	int err;

	mutex_lock(&policy_lock);
	err = track(who, wants);
	mutex_unlock(&policy_lock);
	return err;
}

/* What only repair takes. */
static int repair_arm(void)
{
	int err = hold_consumers(DIOLATE_REPAIR) ?: diolate_consumers_repair(true);

	if (err) {
		pr_err("policy=repair refused: what receives results cannot be replaced (error %d%s); use propagate or observe\n",
		       err, err == -EBUSY ? ": a live patch or its like has it" : "");
		return err;
	}
	err = diolate_ftrace_arm();
	if (err)
		diolate_consumers_repair(false);
	return err;
}

static int repair_begin(void)
{
	int err;

	if (diolate_selftest_off()) {
		pr_err("policy=repair refused: kprobes are switched off (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled); switch them on first\n");
		return -EOPNOTSUPP;
	}
	err = track(DIOLATE_TRACKS_REPAIR, true);
	if (err) {
		pr_err("policy=repair refused: direct writes cannot be followed (error %d); use propagate or observe\n",
		       err);
		return err;
	}
	err = repair_arm();
	if (err)
		track(DIOLATE_TRACKS_REPAIR, false);
	return err;
}

static void repair_end(void)
{
	diolate_consumers_repair(false);
	diolate_ftrace_disarm();
	track(DIOLATE_TRACKS_REPAIR, false);
}

static int always_begin(void)
{
	int err = track(DIOLATE_TRACKS_ALWAYS, true);

	if (err)
		pr_err("track=always refused: direct writes cannot be followed (error %d); use auto\n",
		       err);
	return err;
}

static int track_change(bool to)
{
	int err = 0;

	mutex_lock(&policy_lock);
	if (loaded && to && !always)
		err = always_begin();
	if (loaded && !to && always)
		track(DIOLATE_TRACKS_ALWAYS, false);
	if (!err)
		always = to;
	mutex_unlock(&policy_lock);
	return err;
}

static int policy_change(enum diolate_policy policy)
{
	enum diolate_policy before;
	int err = 0;

	mutex_lock(&policy_lock);
	before = diolate_policy;
	if (loaded && policy == DIOLATE_REPAIR && before != DIOLATE_REPAIR)
		err = repair_begin();
	if (!err && loaded && policy != DIOLATE_OBSERVE)
		diolate_ftrace_await();
	if (!err)
		WRITE_ONCE(diolate_policy, policy);
	if (!err && loaded && policy != DIOLATE_REPAIR && before == DIOLATE_REPAIR)
		repair_end();
	if (loaded && diolate_policy == DIOLATE_OBSERVE)
		diolate_ftrace_await_no_more();
	if (loaded)
		hold_consumers(diolate_policy);
	mutex_unlock(&policy_lock);
	return err;
}

/* Before a late error can be seen: the very first one is told. */
static void policy_prepare(void)
{
	mutex_lock(&policy_lock);
	if (diolate_policy != DIOLATE_OBSERVE)
		diolate_ftrace_await();
	mutex_unlock(&policy_lock);
}

/* Begin and end with the policy that the parameter says, which may be another by now. */
static int policy_begin(void)
{
	int err = 0;

	mutex_lock(&policy_lock);
	if (diolate_policy != DIOLATE_OBSERVE)
		diolate_ftrace_await();
	else
		diolate_ftrace_await_no_more();
	if (always)
		err = always_begin();
	if (!err && diolate_policy == DIOLATE_REPAIR) {
		err = repair_begin();
		if (err && always)
			track(DIOLATE_TRACKS_ALWAYS, false);
	}
	hold_consumers(diolate_policy);
	loaded = !err;
	mutex_unlock(&policy_lock);
	return err;
}

static void policy_end(void)
{
	enum diolate_policy before;

	mutex_lock(&policy_lock);
	before = diolate_policy;
	loaded = false;
	if (before == DIOLATE_REPAIR) {
		WRITE_ONCE(diolate_policy, DIOLATE_PROPAGATE);
		repair_end();
	}
	if (always)
		track(DIOLATE_TRACKS_ALWAYS, false);
	mutex_unlock(&policy_lock);
}

static int policy_set(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(diolate_policy_names, val);

	if (policy < 0) {
		pr_err("policy=%.*s refused: it must be propagate, observe or repair\n",
		       shown(val), val);
		return -EINVAL;
	}
	return policy_change(policy);
}

static int policy_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", diolate_policy_names[READ_ONCE(diolate_policy)]);
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
};
module_param_cb(policy, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(policy, "what becomes of a late error: propagate (default), observe or repair");

static const char *const track_names[] = { "auto", "always" };

static int track_set(const char *val, const struct kernel_param *kp)
{
	int to = sysfs_match_string(track_names, val);

	if (to < 0) {
		pr_err("track=%.*s refused: it must be auto or always\n", shown(val), val);
		return -EINVAL;
	}
	return track_change(to);
}

static int track_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", track_names[READ_ONCE(always)]);
}

static const struct kernel_param_ops track_ops = {
	.set = track_set,
	.get = track_get,
};
module_param_cb(track, &track_ops, NULL, 0644);
MODULE_PARM_DESC(track, "when direct writes are followed, to see whether writeback overtakes them: auto (default), once something was written back that might, or always");

/* A number with bounds; what is no number gets the same sentence. */
struct number {
	const char *name;
	unsigned int *value;
	unsigned int least, most;
};

static int number_set(const char *val, const struct kernel_param *kp)
{
	const struct number *number = kp->arg;
	unsigned int n;

	if (kstrtouint(val, 0, &n) || n < number->least || n > number->most) {
		pr_err("%s=%.*s refused: it must be a number from %u to %u\n", number->name,
		       shown(val), val, number->least, number->most);
		return -EINVAL;
	}
	WRITE_ONCE(*number->value, n);
	return 0;
}

static int number_get(char *buffer, const struct kernel_param *kp)
{
	const struct number *number = kp->arg;

	return sysfs_emit(buffer, "%u\n", *number->value);
}

static const struct kernel_param_ops number_ops = {
	.set = number_set,
	.get = number_get,
};

static const struct number maxactive = { "maxactive", &diolate_maxactive, 1, 16384 };
module_param_cb(maxactive, &number_ops, (void *)&maxactive, 0444);
MODULE_PARM_DESC(maxactive, "calls of one function followed at a time, and eight times as many tasks, 1 to 16384 (default 1024)");

unsigned int diolate_log_size = 1024;
static const struct number log_size = { "log_size", &diolate_log_size, 16, 65536 };
module_param_cb(log_size, &number_ops, (void *)&log_size, 0444);
MODULE_PARM_DESC(log_size, "records the log keeps, 16 to 65536 (default 1024)");

unsigned int diolate_repair_ms = 100;
static const struct number repair_ms = { "repair_ms", &diolate_repair_ms, 0, 10000 };
module_param_cb(repair_ms, &number_ops, (void *)&repair_ms, 0644);
MODULE_PARM_DESC(repair_ms, "how long a late write may be held up to be put right, or looked at, ms, 0 to 10000 (default 100)");

static int __init diolate_init(void)
{
	int err;

	err = diolate_selftest_init();
	if (err)
		return err;
	err = diolate_files_init();
	if (err)
		goto err_files;
	err = diolate_log_init();
	if (err)
		goto err_log;
	err = diolate_consumers_init();
	if (err)
		goto err_current;
	err = diolate_current_init();
	if (err)
		goto err_current;
	diolate_part_init();
	diolate_follow_init();
	policy_prepare();
	err = diolate_probes_arm();
	if (err)
		goto err_probes;
	diolate_track_start();
	diolate_ftrace_follow();
	err = policy_begin();
	if (err)
		goto err_policy;
	diolate_debugfs_init();
	pr_info("loaded, policy %s\n", diolate_policy_names[diolate_policy]);
	return 0;

err_policy:
	diolate_ftrace_follow_no_more();
	diolate_track_stop();
err_probes:
	diolate_ftrace_await_no_more();
	diolate_probes_disarm();
	diolate_waiting_wait();
	diolate_consumers_exit();
	diolate_sentinel_release(true);
	diolate_current_exit();
err_current:
	diolate_log_exit();
err_log:
	diolate_files_exit();
err_files:
	diolate_selftest_exit();
	return err;
}

/*
 * The order of unloading, and why each step may be where it is:
 * - debugfs goes first: who has a file of it open is waited for, and no other may read what follows
 *   takes down.
 * - policy_end(): policy and track have no effect any more. Nothing is sent to be put right or held
 *   back, and what was has been put right. Direct writes are followed only if writeback wants it.
 * - diolate_ftrace_follow_no_more(): no writeback calls for anything.
 * - diolate_track_stop(): direct writes are not followed. Those that were have ended, or are given
 *   up after ten seconds.
 * - diolate_ftrace_await_no_more(): no task is sent to look or to wait any more. One that was is
 *   kept by its late write, which waits.
 * - diolate_probes_disarm(): no late error is met any more, so no write begins to wait. The sites
 *   that meet it go before those that say whose it is.
 * - diolate_waiting_wait(): all that waited have been told, since what tells them is armed.
 * - diolate_consumers_exit(): that is disarmed, and whoever came by there has left the module.
 * - The rest is memory that no handler looks at any more.
 */
static void __exit diolate_exit(void)
{
	diolate_debugfs_exit();
	policy_end();
	diolate_ftrace_follow_no_more();
	diolate_track_stop();
	diolate_ftrace_await_no_more();
	diolate_probes_disarm();
	diolate_waiting_wait();
	diolate_consumers_exit();
	diolate_sentinel_release(true);
	diolate_current_exit();
	diolate_log_exit();
	diolate_files_exit();
	diolate_selftest_exit();
	pr_info("unloaded\n");
}

module_init(diolate_init);
module_exit(diolate_exit);

MODULE_DESCRIPTION("Delivers direct I/O errors that the kernel drops after queueing");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
