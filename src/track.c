// SPDX-License-Identifier: GPL-2.0-only
/*
 * When direct writes are followed (src/follow.c): always, if the parameter track says so or the
 * policy is repair; else from soon after something was written back of a file with direct I/O in
 * flight, until that has not come near a direct write for a while.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "diolate.h"

/*
 * Following goes on for so long after writeback last came near; longer if a write was or may have
 * been overtaken, or following had just ended; jiffies.
 */
#define HOLD (60 * HZ)
#define LONG_HOLD (3600 * HZ)

#define PERIOD (HZ / 10)

/* After a failure arming is tried again so much later; jiffies. */
#define RETRY HZ

static void attend(struct work_struct *work);
static DECLARE_DELAYED_WORK(attending, attend);

/* The work is queued, or runs; before others, since what it arms is late already. */
static atomic_t attended;
/* Writes are to be asked whether they were overtaken. */
static bool suspicious;
/* Writeback wants direct writes to be followed. */
static bool called;
/* Nothing is queued any more. */
static bool stopped = true;

/* Of attend() alone; jiffies. */
static unsigned long disarmed_at, failed_at, hold = HOLD;
static bool holding, failed;
/* This kernel cannot. */
static bool hopeless;

/* A write was overtaken, or nobody knows, since it was armed. */
static bool happens;

/**
 * diolate_track_hold() - a write was overtaken, or may have been: the next one is to be known
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
 * diolate_track_suspects() - whether direct writes are to be asked whether they were overtaken
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_track_suspects(void)
{
	return READ_ONCE(suspicious) || diolate_follow_is_armed();
}
NOKPROBE_SYMBOL(diolate_track_suspects);

/**
 * diolate_track_call() - something is to be seen to
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_track_call(void)
{
	/*
	 * Paired with that in attend(): it sees what this is about, or who calls that it is over.
	 */
	smp_mb();
	if (!READ_ONCE(stopped) && !atomic_read(&attended) && !atomic_xchg(&attended, 1))
		queue_delayed_work(system_highpri_wq, &attending, 0);
}
NOKPROBE_SYMBOL(diolate_track_call);

/**
 * diolate_track_written() - something was written back that may overtake a direct write
 *
 * Context: any, also inside an ftrace callback; with preemption off.
 */
void diolate_track_written(void)
{
	if (!READ_ONCE(suspicious))
		WRITE_ONCE(suspicious, true);
	if (!READ_ONCE(called))
		WRITE_ONCE(called, true);
	diolate_track_call();
}
NOKPROBE_SYMBOL(diolate_track_written);

static void begin(void)
{
	int err;

	/*
	 * If following had just ended it goes on for long now: nobody pays for arming it again and
	 * again.
	 */
	hold = time_before(jiffies, disarmed_at + HOLD) && disarmed_at ? LONG_HOLD : HOLD;
	WRITE_ONCE(happens, false);
	WRITE_ONCE(called, false);
	err = diolate_track(DIOLATE_TRACKS_WRITEBACK, true);
	holding = !err;
	failed = err;
	failed_at = jiffies;
	if (err && !hopeless) {
		pr_notice_ratelimited("direct writes cannot be followed (error %d), which costs: seeing that they are overtaken\n",
				      err);
		hopeless = err == -ENOENT || err == -EOPNOTSUPP;
		WRITE_ONCE(called, !hopeless);
	}
}

static void end(void)
{
	WRITE_ONCE(called, false);
	diolate_track(DIOLATE_TRACKS_WRITEBACK, false);
	disarmed_at = jiffies;
	holding = false;
}

static bool may_begin(void)
{
	return READ_ONCE(called) && !READ_ONCE(stopped) && !hopeless &&
	       !(failed && time_before(jiffies, failed_at + RETRY));
}

static bool is_quiet(void)
{
	if (READ_ONCE(happens))
		hold = LONG_HOLD;
	return time_after(jiffies, diolate_follow_met() + hold);
}

static void attend(struct work_struct *work)
{
	bool noted, some;

	if (!holding && may_begin())
		begin();
	noted = diolate_sentinel_release(false);
	some = diolate_flights_sweep(false, diolate_judge_left);
	if (holding && is_quiet())
		end();
	if (hopeless)
		WRITE_ONCE(called, false);
	if (holding || noted || some || READ_ONCE(called)) {
		queue_delayed_work(system_highpri_wq, &attending, PERIOD);
		return;
	}
	WRITE_ONCE(suspicious, false);
	atomic_set(&attended, 0);
	/* What was noted meanwhile has not called. Paired with that in diolate_track_call(). */
	smp_mb();
	if (READ_ONCE(called) || diolate_sentinel_release(false) ||
	    diolate_flights_sweep(false, diolate_judge_left)) {
		WRITE_ONCE(suspicious, true);
		diolate_track_call();
	}
}

/**
 * diolate_track_start() - begin to listen
 *
 * Context: process; before writeback is followed.
 */
void diolate_track_start(void)
{
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
	/* Whoever has not seen that, with preemption off, has called by now. */
	synchronize_rcu();
	cancel_delayed_work_sync(&attending);
	if (holding)
		end();
}
