// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receivers are followed, to tell late errors there, from the first late error on until there
 * was none for some minutes. (src/entry/bios.c follows them, too, while it follows direct writes.)
 * So a machine without either never runs a hook there. A work arms the hooks, because arming takes
 * locks and memory. The first late error waits for it in the place of dio_warn_stale_pagecache()
 * (src/outcome/instead.c), for a bounded time, because a write that is waited for holds locks of
 * the file there.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "kernel/hook.h"
#include "model/params.h"
#include "outcome/telling.h"
#include "write/receivers.h"
#include "write/waiting.h"

/* When a late error was last told, or last called for telling; jiffies. */
static unsigned long last;
/* The errno of the last attempt to arm, or 0. */
static int failed;

/**
 * diolate_telling_told() - a late error was told, or will not be told
 *
 * Context: any, also inside a probe handler.
 */
void diolate_telling_told(void)
{
	WRITE_ONCE(last, jiffies);
}
NOKPROBE_SYMBOL(diolate_telling_told);

#if DIOLATE_CHANGES_ARGUMENT
/* Receivers change results. A write that begins to wait while this is clear cannot rely on it. */
static bool armed;
/* The hook that changes results in receivers. */
static struct diolate_hook *telling;
/* That hook is called for each result, and will be: who else sees a result leaves it to that. */
static bool relied;

/**
 * diolate_telling_init() - say which hook to arm
 * @tells: the hook that changes results in the receivers
 *
 * Context: process; before any probe is armed.
 */
void diolate_telling_init(struct diolate_hook *tells)
{
	telling = tells;
}

/* One ftrace_ops follows all receivers, because arming one searches all functions. */
static int telling_follow(void)
{
	int err = diolate_receivers_follow(telling);

	if (!err)
		return diolate_hook_register(telling);
	diolate_hook_clear(telling);
	return err;
}

/* The telling hook is disarmed after so long without a late error; jiffies. */
#define QUIET (300 * HZ)

/* How long a late error waits until telling is armed; jiffies. */
#define PATIENCE (2 * HZ)

/* Serializes changes of what is armed. */
static DEFINE_MUTEX(arming);
/* The telling hook stays armed without late errors. */
static bool held;
/* The telling hook is not armed any more. */
static bool leaving;
/* How often arming the telling hook was tried. */
static unsigned int attempts;
static DECLARE_WAIT_QUEUE_HEAD(attempted);

static void telling_disarm_when_quiet(struct work_struct *work);
static DECLARE_DELAYED_WORK(quieting, telling_disarm_when_quiet);

static int telling_arm_telling(void)
{
	lockdep_assert_held(&arming);
	if (armed || leaving)
		return 0;
	failed = telling_follow();
	if (failed)
		pr_notice_ratelimited("what receives results cannot be followed (error %d), which costs: delivery of late errors, until that works\n",
				      failed);
	/* Paired with the load in diolate_telling_is_armed(). */
	smp_store_release(&armed, !failed);
	/* Paired with the load in telling_was_tried(). */
	smp_store_release(&attempts, attempts + 1);
	wake_up_all(&attempted);
	if (!failed)
		schedule_delayed_work(&quieting, HZ);
	return failed;
}

/* Under policy observe, arm only for a write that has waited since before that policy. */
static void telling_arm_on_need(struct work_struct *work)
{
	mutex_lock(&arming);
	WRITE_ONCE(last, jiffies);
	if (READ_ONCE(diolate_params_policy) != DIOLATE_OBSERVE || !diolate_waiting_none())
		telling_arm_telling();
	mutex_unlock(&arming);
}

static DECLARE_WORK(needing, telling_arm_on_need);

/*
 * Until this, and from telling_rely_no_more() on, a result may be judged here and by who else sees
 * it (src/entry/bios.c). No write is passed over, and one that is not followed may be counted as
 * unknown twice.
 */
static void telling_rely(void)
{
	/* A task may be in a trampoline that calls the other hook only. */
	synchronize_rcu_tasks();
	WRITE_ONCE(relied, true);
}

static void telling_rely_no_more(void)
{
	WRITE_ONCE(relied, false);
	/* Both hooks are called with preemption off, the one after the other. */
	synchronize_rcu();
}

/* Disarm, unless a late write waits. A write that finds @armed clear later waits for arming. */
static void telling_stand_down(void)
{
	if (!diolate_waiting_none())
		return;
	telling_rely_no_more();
	WRITE_ONCE(armed, false);
	/* Paired with the cmpxchg() in diolate_waiting_begin(). */
	smp_mb();
	if (diolate_waiting_none()) {
		diolate_hook_disarm(telling);
		return;
	}
	/* Paired with the load in diolate_telling_is_armed(). */
	smp_store_release(&armed, true);
	wake_up_all(&attempted);
}

static void telling_disarm_when_quiet(struct work_struct *work)
{
	unsigned long quiet = READ_ONCE(diolate_params_policy) == DIOLATE_OBSERVE ? 0 : QUIET;

	mutex_lock(&arming);
	if (armed && !held && time_after_eq(jiffies, READ_ONCE(last) + quiet))
		telling_stand_down();
	if (armed)
		schedule_delayed_work(&quieting, held ? QUIET : HZ);
	mutex_unlock(&arming);
	/* Nobody else stands down. */
	if (READ_ONCE(armed) && !READ_ONCE(relied))
		telling_rely();
}

/**
 * diolate_telling_is_armed() - whether telling is armed: late writes are told
 *
 * Context: any, also inside a probe handler. If called after diolate_waiting_begin(), true stays
 *          true for that write.
 */
bool diolate_telling_is_armed(void)
{
	/* Paired with the release in telling_arm_telling(). */
	return smp_load_acquire(&armed);
}
NOKPROBE_SYMBOL(diolate_telling_is_armed);

/**
 * diolate_telling_judges() - whether each result is judged where late errors are told
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
bool diolate_telling_judges(void)
{
	return READ_ONCE(relied);
}
NOKPROBE_SYMBOL(diolate_telling_judges);

/**
 * diolate_telling_call() - arm telling soon
 *
 * Context: any, also inside a probe handler.
 */
void diolate_telling_call(void)
{
	/* A late write waits for that, and may hold locks of its file: ahead of other workers. */
	queue_work(system_highpri_wq, &needing);
}
NOKPROBE_SYMBOL(diolate_telling_call);

/* Whether arming was tried since @attempts was @before: then what came of it is seen. */
static bool telling_was_tried(unsigned int before)
{
	/* Paired with the release in telling_arm_telling(). */
	return smp_load_acquire(&attempts) != before;
}

/**
 * diolate_telling_wait() - whether telling is armed, after a wait for it
 *
 * Context: process, sleeps for two seconds at the most; a late write of this task is waiting.
 * Return: true if telling is armed.
 */
bool diolate_telling_wait(void)
{
	unsigned int before = READ_ONCE(attempts);

	if (diolate_telling_is_armed())
		return true;
	diolate_telling_call();
	wait_event_timeout(attempted, telling_was_tried(before) || diolate_telling_is_armed(),
			   PATIENCE);
	return diolate_telling_is_armed();
}

/**
 * diolate_telling_hold() - keep telling armed from now on, or only as long as there are late errors
 * @hold: keep telling armed
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_telling_hold(bool hold)
{
	int err = 0;

	mutex_lock(&arming);
	if (hold)
		err = telling_arm_telling();
	else if (armed && cancel_delayed_work(&quieting))
		schedule_delayed_work(&quieting, 0);
	if (hold != held)
		WRITE_ONCE(last, jiffies);
	held = hold && !err;
	mutex_unlock(&arming);
	return err;
}

/**
 * diolate_telling_exit() - disarm telling for good
 *
 * Context: process, sleeps; after diolate_waiting_wait(), before what may judge a write is gone.
 */
void diolate_telling_exit(void)
{
	mutex_lock(&arming);
	leaving = true;
	mutex_unlock(&arming);
	cancel_delayed_work_sync(&quieting);
	telling_rely_no_more();
	diolate_hook_disarm(telling);
	/* Nobody calls diolate_telling_call() any more. */
	cancel_work_sync(&needing);
	/*
	 * After the last diolate_waiting_put() a task may still have to leave the caller of that
	 * function, without sleeping.
	 */
	synchronize_rcu_tasks();
	synchronize_rcu();
}

#else /* no result can be changed: late writes are undeliverable */

bool diolate_telling_is_armed(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_telling_is_armed);

bool diolate_telling_judges(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_telling_judges);

void diolate_telling_call(void)
{
}
NOKPROBE_SYMBOL(diolate_telling_call);

bool diolate_telling_wait(void)
{
	return false;
}

int diolate_telling_hold(bool hold)
{
	return hold ? -EOPNOTSUPP : 0;
}

void diolate_telling_exit(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
}

#endif

/**
 * diolate_telling_show() - print the state of telling in the file `sites`
 * @m: the file
 *
 * Context: process, may sleep.
 */
void diolate_telling_show(struct seq_file *m)
{
	diolate_receivers_show(m, diolate_telling_is_armed(), failed);
}
