// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which parts of the module are on: by the parameters policy, sync and track, and by need.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "entry/bios.h"
#include "entry/ends.h"
#include "entry/late_error.h"
#include "entry/writeback.h"
#include "flight/track.h"
#include "kernel/layout.h"
#include "kernel/selftest.h"
#include "mode.h"
#include "model/params.h"
#include "outcome/judge.h"
#include "outcome/sync.h"
#include "outcome/telling.h"

/* Reasons to follow direct writes; bits. */
enum tracks {
	TRACKS_WRITEBACK = BIT(0),	/* something was written back */
	TRACKS_REPAIR = BIT(1),		/* policy repair */
	TRACKS_ALWAYS = BIT(2),		/* parameter track=always */
};

/* Serializes changes of policy, sync and track, which may come before loading has finished. */
static DEFINE_MUTEX(policy_lock);
/* The probes are armed, and what the policy needs, too. */
static bool loaded;

/* The current reasons to follow direct writes. */
static unsigned int trackers;

/* The parameter track is "always". */
static bool always;

/*
 * The first late error arms the receivers, except where the kernel's own record cannot be replaced
 * and so no late error can wait for the arming: then the receivers are armed from now on.
 */
static void mode_hold_consumers(enum diolate_policy policy)
{
	diolate_telling_hold(policy != DIOLATE_OBSERVE && !diolate_late_error_awaits());
}

static int mode_track(enum tracks who, bool wants)
{
	unsigned int before = trackers;
	int err = 0;

	trackers = wants ? trackers | who : trackers & ~who;
	if (!before && trackers) {
		err = diolate_bios_arm();
		if (err)
			trackers = 0;
	}
	if (before && !trackers)
		diolate_bios_disarm();
	return err;
}

/*
 * src/flight/track.c calls this to follow direct writes because writeback may overtake one, or to
 * follow them no longer.
 */
static int mode_follow_writeback(bool wants)
{
	int err;

	mutex_lock(&policy_lock);
	err = mode_track(TRACKS_WRITEBACK, wants);
	mutex_unlock(&policy_lock);
	return err;
}

const struct diolate_track_ops diolate_mode_track_ops = {
	.follow = mode_follow_writeback,
	.left = diolate_judge_left,
};

static int mode_repair_begin(void)
{
	int err;

	if (diolate_selftest_off()) {
		pr_err("policy=repair refused: kprobes are switched off (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled); switch them on first\n");
		return -EOPNOTSUPP;
	}
	err = mode_track(TRACKS_REPAIR, true);
	if (err) {
		pr_err("policy=repair refused: direct writes cannot be followed (error %d); use propagate or observe\n",
		       err);
		return err;
	}
	err = diolate_writeback_require() ?: diolate_late_error_require();
	if (err)
		mode_track(TRACKS_REPAIR, false);
	else
		diolate_ends_arm();
	return err;
}

static void mode_repair_end(void)
{
	diolate_ends_disarm();
	mode_track(TRACKS_REPAIR, false);
}

static int mode_always_begin(void)
{
	int err = mode_track(TRACKS_ALWAYS, true);

	if (err)
		pr_err("track=always refused: direct writes cannot be followed (error %d); use auto\n",
		       err);
	return err;
}

static int mode_track_change(bool to)
{
	int err = 0;

	mutex_lock(&policy_lock);
	if (loaded && to && !always)
		err = mode_always_begin();
	if (loaded && !to && always)
		mode_track(TRACKS_ALWAYS, false);
	if (!err)
		always = to;
	mutex_unlock(&policy_lock);
	return err;
}

static int mode_follow_begin(void)
{
	int err = diolate_sync_refuses();

	if (err)
		pr_err("sync=follow refused: the result of a system call cannot be changed on this kernel (error %d); use report\n",
		       err);
	return err;
}

static int mode_sync_change(bool follows)
{
	int err = 0;

	mutex_lock(&policy_lock);
	if (loaded && follows)
		err = mode_follow_begin();
	if (!err)
		WRITE_ONCE(diolate_params_follows, follows);
	mutex_unlock(&policy_lock);
	return err;
}

/* Whether no result may be changed, because it is only a guess how this kernel is. */
static bool mode_only_observes(void)
{
	return diolate_layout_is_guessed() && !diolate_params_untested;
}

static int mode_policy_change(enum diolate_policy policy)
{
	enum diolate_policy before;
	int err = 0;

	mutex_lock(&policy_lock);
	before = diolate_params_policy;
	if (policy != DIOLATE_OBSERVE && mode_only_observes()) {
		pr_err("policy=%s refused: this kernel is of no tested series, and does not describe itself (/sys/kernel/btf/vmlinux); load with untested=1\n",
		       diolate_policy_names[policy]);
		err = -EOPNOTSUPP;
	}
	if (!err && loaded && policy == DIOLATE_REPAIR && before != DIOLATE_REPAIR)
		err = mode_repair_begin();
	if (!err && loaded && policy != DIOLATE_OBSERVE)
		diolate_late_error_await();
	if (!err) {
		/* What it needs is there. Paired with the cmpxchg() in diolate_waiting_begin(). */
		smp_store_release(&diolate_params_policy, policy);
	}
	if (!err && loaded && policy != DIOLATE_REPAIR && before == DIOLATE_REPAIR)
		mode_repair_end();
	if (loaded && diolate_params_policy == DIOLATE_OBSERVE)
		diolate_late_error_await_no_more();
	if (loaded)
		mode_hold_consumers(diolate_params_policy);
	mutex_unlock(&policy_lock);
	return err;
}

/**
 * diolate_mode_doubt() - have no result changed where it is only a guess how the kernel is
 *
 * A policy that was set before gives way to observe. One that is set later is refused by
 * mode_policy_change(), which takes policy_lock after this, and so sees what was learned.
 *
 * Context: process, may sleep; after diolate_layout_init().
 */
void diolate_mode_doubt(void)
{
	mutex_lock(&policy_lock);
	if (diolate_params_policy != DIOLATE_OBSERVE && mode_only_observes()) {
		pr_notice("this kernel is of no tested series, and does not describe itself (/sys/kernel/btf/vmlinux), so the policy is observe and not %s; untested=1 allows it\n",
			  diolate_policy_names[diolate_params_policy]);
		WRITE_ONCE(diolate_params_policy, DIOLATE_OBSERVE);
	}
	mutex_unlock(&policy_lock);
}

/**
 * diolate_mode_prepare() - prepare for the very first late error to be told
 *
 * Context: process, sleeps; before a late error can be seen.
 */
void diolate_mode_prepare(void)
{
	mutex_lock(&policy_lock);
	if (diolate_params_policy != DIOLATE_OBSERVE)
		diolate_late_error_await();
	mutex_unlock(&policy_lock);
}

/**
 * diolate_mode_begin() - let the parameters take effect, which may have changed since loading began
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_mode_begin(void)
{
	int err = 0;

	mutex_lock(&policy_lock);
	if (diolate_params_policy != DIOLATE_OBSERVE)
		diolate_late_error_await();
	else
		diolate_late_error_await_no_more();
	if (diolate_params_follows)
		err = mode_follow_begin();
	if (!err && always)
		err = mode_always_begin();
	if (!err && diolate_params_policy == DIOLATE_REPAIR) {
		err = mode_repair_begin();
		if (err && always)
			mode_track(TRACKS_ALWAYS, false);
	}
	if (!err)
		mode_hold_consumers(diolate_params_policy);
	loaded = !err;
	mutex_unlock(&policy_lock);
	return err;
}

/**
 * diolate_mode_end() - the parameters arm nothing any more
 *
 * On return direct writes are followed only if writeback wants it. A late write that is put right
 * now goes on, and keeps the module loaded.
 *
 * Context: process, sleeps.
 */
void diolate_mode_end(void)
{
	mutex_lock(&policy_lock);
	loaded = false;
	if (diolate_params_policy == DIOLATE_REPAIR) {
		WRITE_ONCE(diolate_params_policy, DIOLATE_PROPAGATE);
		mode_repair_end();
	}
	if (always)
		mode_track(TRACKS_ALWAYS, false);
	mutex_unlock(&policy_lock);
}

static int mode_policy_set(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(diolate_policy_names, val);

	if (policy < 0) {
		pr_err("policy=%.*s refused: it must be propagate, observe or repair\n",
		       diolate_params_shown(val), val);
		return -EINVAL;
	}
	return mode_policy_change(policy);
}

static int mode_policy_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", diolate_policy_names[READ_ONCE(diolate_params_policy)]);
}

static const struct kernel_param_ops policy_ops = {
	.set = mode_policy_set,
	.get = mode_policy_get,
};
module_param_cb(policy, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(policy, "what becomes of a late error: propagate (default), observe or repair");

/**
 * struct choice - a parameter of two words
 * @name:   its name
 * @words:  for false and for true
 * @value:  which of them it is
 * @change: makes it the other one, or refuses; 0 or a negative errno
 */
struct choice {
	const char *name, *words[2];
	const bool *value;
	int (*change)(bool to);
};

static int mode_choice_set(const char *val, const struct kernel_param *kp)
{
	const struct choice *choice = kp->arg;
	int to = sysfs_match_string(choice->words, val);

	if (to < 0) {
		pr_err("%s=%.*s refused: it must be %s or %s\n", choice->name,
		       diolate_params_shown(val), val, choice->words[0], choice->words[1]);
		return -EINVAL;
	}
	return choice->change(to);
}

static int mode_choice_get(char *buffer, const struct kernel_param *kp)
{
	const struct choice *choice = kp->arg;

	return sysfs_emit(buffer, "%s\n", choice->words[READ_ONCE(*choice->value)]);
}

static const struct kernel_param_ops choice_ops = {
	.set = mode_choice_set,
	.get = mode_choice_get,
};

static const struct choice track = {
	"track", { "auto", "always" }, &always, mode_track_change
};
module_param_cb(track, &choice_ops, (void *)&track, 0644);
MODULE_PARM_DESC(track, "when direct writes are followed, to see whether writeback overtakes them: auto (default), once something was written back that might, or always");

static const struct choice sync = {
	"sync", { "report", "follow" }, &diolate_params_follows, mode_sync_change
};
module_param_cb(sync, &choice_ops, (void *)&sync, 0644);
MODULE_PARM_DESC(sync, "what becomes of a late error of a synchronous write: report (default) counts it and tells nobody, follow has the policy decide");
