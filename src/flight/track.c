// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes are followed (src/entry/bios.c) always if the parameter track says so or the policy
 * is repair; else from soon after a folio of a file with direct I/O in flight was written back,
 * until writeback has not come near a direct write for a while.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "flight/flight.h"
#include "flight/following.h"
#include "flight/sentinel.h"
#include "flight/track.h"

/*
 * Following goes on for HOLD after writeback last came near a direct write; for LONG_HOLD if a
 * write was or may have been overtaken, if one that is not followed may be in flight yet, as on a
 * device that hangs, or if following had just ended before; jiffies.
 */
#define HOLD (60 * HZ)
#define LONG_HOLD (3600 * HZ)

#define PERIOD (HZ / 10)

/* How long after a failure to arm the next attempt follows; jiffies. */
#define RETRY HZ

static void track_attend(struct work_struct *work);
static DECLARE_DELAYED_WORK(attending, track_attend);

/* The work is queued or runs: on system_highpri_wq, because what it arms is late already. */
static atomic_t attended;
/*
 * Whether direct writes have to be judged, and whether writeback calls for following, too. It is
 * one word, so that the work takes back the first only if nobody has called.
 */
static enum { CALM, SUSPICIOUS, CALLED } suspicion;
/* diolate_track_call() queues nothing. */
static bool stopped = true;

/* Only track_attend() uses these, and diolate_track_stop() after it; jiffies. */
static unsigned long disarmed_at, failed_at, hold = HOLD;
static bool holding, failed;
/* This kernel cannot follow direct writes. */
static bool hopeless;

/* A write was or may have been overtaken since following was armed. */
static bool happens;

static const struct diolate_track_ops *ops;

/**
 * diolate_track_hold() - follow for LONG_HOLD: a write was or may have been overtaken
 *
 * Context: any, also inside a probe handler.
 */
void diolate_track_hold(void)
{
	if (!READ_ONCE(happens))
		WRITE_ONCE(happens, true);
}
NOKPROBE_SYMBOL(diolate_track_hold);

/**
 * diolate_track_suspects() - whether direct writes have to be judged
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_track_suspects(void)
{
	return READ_ONCE(suspicion) != CALM || diolate_following_is_armed();
}
NOKPROBE_SYMBOL(diolate_track_suspects);

/**
 * diolate_track_call() - queue the work, if it is not
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_track_call(void)
{
	/*
	 * Paired with the barrier in track_attend(): the work sees what the caller stored, or the
	 * caller sees that @attended is 0.
	 */
	smp_mb();
	if (!READ_ONCE(stopped) && !atomic_read(&attended) && !atomic_xchg(&attended, 1))
		queue_delayed_work(system_highpri_wq, &attending, 0);
}
NOKPROBE_SYMBOL(diolate_track_call);

/**
 * diolate_track_written() - writeback may overtake a direct write
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_track_written(void)
{
	if (READ_ONCE(suspicion) != CALLED)
		WRITE_ONCE(suspicion, CALLED);
	diolate_track_call();
}
NOKPROBE_SYMBOL(diolate_track_written);

static void track_begin(void)
{
	int err;

	/* If following had just ended, LONG_HOLD saves arming again and again. */
	hold = time_before(jiffies, disarmed_at + HOLD) && disarmed_at ? LONG_HOLD : HOLD;
	WRITE_ONCE(happens, false);
	WRITE_ONCE(suspicion, SUSPICIOUS);
	err = ops->follow(true);
	holding = !err;
	failed = err;
	failed_at = jiffies;
	if (err && !hopeless) {
		pr_notice_ratelimited("direct writes cannot be followed (error %d), which costs: seeing that they are overtaken\n",
				      err);
		hopeless = err == -ENOENT || err == -EOPNOTSUPP;
		WRITE_ONCE(suspicion, hopeless ? SUSPICIOUS : CALLED);
	}
}

static void track_end(void)
{
	WRITE_ONCE(suspicion, SUSPICIOUS);
	ops->follow(false);
	disarmed_at = jiffies;
	holding = false;
}

static bool track_may_begin(void)
{
	return READ_ONCE(suspicion) == CALLED && !READ_ONCE(stopped) && !hopeless &&
	       !(failed && time_before(jiffies, failed_at + RETRY));
}

static bool track_is_quiet(void)
{
	if (READ_ONCE(happens) || diolate_sentinel_was_needed())
		hold = LONG_HOLD;
	return time_after(jiffies, diolate_following_met() + hold);
}

static void track_attend(struct work_struct *work)
{
	bool noted, some;

	if (!holding && track_may_begin())
		track_begin();
	noted = diolate_sentinel_release(false);
	some = diolate_flights_sweep(false, ops->left);
	if (holding && track_is_quiet())
		track_end();
	if (hopeless)
		WRITE_ONCE(suspicion, SUSPICIOUS);
	if (holding || noted || some || READ_ONCE(suspicion) == CALLED) {
		queue_delayed_work(system_highpri_wq, &attending, PERIOD);
		return;
	}
	cmpxchg(&suspicion, SUSPICIOUS, CALM);
	atomic_set(&attended, 0);
	/* A call that saw @attended set queued nothing. Paired with diolate_track_call(). */
	smp_mb();
	if (READ_ONCE(suspicion) == CALLED || diolate_sentinel_release(false) ||
	    diolate_flights_sweep(false, ops->left)) {
		cmpxchg(&suspicion, CALM, SUSPICIOUS);
		diolate_track_call();
	}
}

/**
 * diolate_track_start() - let diolate_track_call() queue the work
 * @calls: what the work calls
 *
 * Context: process; before writeback is followed.
 */
void diolate_track_start(const struct diolate_track_ops *calls)
{
	ops = calls;
	WRITE_ONCE(stopped, false);
}

/**
 * diolate_track_stop() - follow direct writes no longer
 *
 * Context: process, sleeps; when writeback is not followed any more.
 */
void diolate_track_stop(void)
{
	WRITE_ONCE(stopped, true);
	/* A caller that missed @stopped, with preemption off, has queued by now. */
	synchronize_rcu();
	cancel_delayed_work_sync(&attending);
	if (holding)
		track_end();
}
