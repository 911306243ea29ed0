// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late errors of libaio are met, and each is decided at once, or looked at, repaired or waited for in the place of the
 * kernel's record, or told where its result is received, in the same task or another, with kiocbs that are used
 * again, while what tells is armed and disarmed, the policy changes, and the module is unloaded. Each late error is
 * counted once, and one that is pending is settled once; whose result is changed is counted as delivered. Each is of
 * the bytes that were written, also if the kernel has advanced ki_pos before it invalidates, as before 6.5.
 * With src/outcome/late.c src/outcome/instead.c src/outcome/tell.c src/outcome/telling.c src/write/waiting.c
 * With src/model/policy.c
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "flight/flight.h"
#include "kernel/hook.h"
#include "kernel/uring.h"
#include "model/params.h"
#include "outcome/instead.h"
#include "outcome/judge.h"
#include "outcome/late.h"
#include "outcome/repair.h"
#include "outcome/spared.h"
#include "outcome/sync.h"
#include "outcome/tell.h"
#include "outcome/telling.h"
#include "race.h"
#include "report/counters.h"
#include "report/log.h"
#include "srcu.h"
#include "works.h"
#include "write/filesystem.h"
#include "write/inside.h"
#include "write/receivers.h"
#include "write/task.h"
#include "write/waiting.h"

#define TASKS 256
#define WRITES 6
#define LENGTH 4096

enum diolate_policy diolate_params_policy;
bool diolate_params_follows;
unsigned long race_jiffies;

/**
 * struct write - a direct write, until its result is received
 * @iocb:      its kiocb, whose address is that of the next write
 * @start:     where it begins
 * @taken:     it is one
 * @handed:    anybody may receive its result
 * @met:       its late error was met
 * @overtaken: it was, as is known by the time when the late error is met
 * @put_right: its page cache is right, by repair or because it was spared
 * @counted:   as what, plus one; 0 if not
 * @settled:   how the pending late error was settled, plus one; 0 if not
 */
static struct write {
	struct kiocb iocb;
	loff_t start;
	bool taken, handed, met, overtaken, put_right;
	unsigned int counted, settled;
	struct race_order order;
} writes[WRITES];

static struct task_struct task_of[TASKS];
/* What each task is about. */
static struct write *about[TASKS];
static struct diolate_invalidation invalidating[TASKS];

static struct file file;
static struct inode inode;
static struct address_space mapping = { .host = &inode };
static struct diolate_hook hook;
/* What tells is armed; late errors are not seen any more; the module is gone. */
static bool armed, closing, unloaded, over;

struct task_struct *race_current(void)
{
	return &task_of[race_self()];
}

void race_printk(const char *format, ...)
{
	(void)format;
}

static struct write *own(void)
{
	if (__atomic_load_n(&unloaded, __ATOMIC_SEQ_CST))
		race_wrong("the module is used after it was unloaded");
	return about[race_self()];
}

static struct write *write_of(const struct kiocb *iocb)
{
	struct write *w = own();

	if (iocb != &w->iocb)
		race_wrong("a late error is taken for that of another write");
	return w;
}

static struct write *write_from(const struct kiocb *iocb, loff_t start)
{
	struct write *w = write_of(iocb);

	if (start != w->start)
		race_wrong("a late error is taken for that of other bytes");
	return w;
}

static struct write *write_with(const struct diolate_part *part)
{
	struct write *w = own();

	if (part->start != w->start || part->end != w->start + LENGTH)
		race_wrong("it is looked at other bytes than were written");
	return w;
}

/* What is counted. */

void diolate_counters_late(enum diolate_kind kind, enum diolate_outcome outcome)
{
	struct write *w = own();

	(void)kind;
	if (outcome == DIOLATE_REPEAT ? !w->counted : w->counted)
		race_wrong("a late error is counted twice, or as a repeat of none");
	if (outcome != DIOLATE_REPEAT)
		w->counted = 1 + outcome;
	race_point();
}

void diolate_counters_settled(enum diolate_outcome outcome)
{
	struct write *w = own();

	if (w->counted != 1 + DIOLATE_PENDING || w->settled)
		race_wrong("a late error is settled that is not pending");
	w->settled = 1 + outcome;
	race_point();
}

void diolate_log_late(const struct diolate_invalidation *inv, struct kiocb *iocb,
		      const struct diolate_late *late, enum diolate_outcome outcome, const void *mark)
{
	(void)late;
	if (write_of(iocb)->counted != 1 + outcome || inv->iocb != iocb ||
	    (mark != NULL) != (outcome == DIOLATE_PENDING))
		race_wrong("a late error is logged as another");
}

void diolate_log_settled(const void *mark, enum diolate_outcome outcome, enum diolate_reason reason,
			 long ret)
{
	(void)reason;
	(void)ret;
	if (write_of(mark)->settled != 1 + outcome)
		race_wrong("a late error is logged as settled in another way");
}

/* What there is to look at, and to repair. */

bool diolate_spared_is_open(struct address_space *m, const struct diolate_part *part)
{
	(void)m;
	write_with(part);
	return race_any(2);
}

enum diolate_outcome diolate_spared_look(const struct kiocb *iocb, struct address_space *m,
					 const struct diolate_part *part, enum diolate_reason *reason)
{
	static const enum diolate_outcome outcomes[] = {
		DIOLATE_SPARED, DIOLATE_PENDING, DIOLATE_UNDELIVERABLE,
	};
	enum diolate_outcome outcome = outcomes[race_any(3)];

	(void)m;
	if (write_with(part)->overtaken)
		outcome = DIOLATE_PENDING;
	race_point();
	*reason = outcome == DIOLATE_UNDELIVERABLE ? DIOLATE_BUSY : DIOLATE_NO_REASON;
	write_of(iocb)->put_right = outcome == DIOLATE_SPARED;
	return outcome;
}

enum diolate_reason diolate_repair_refuses(const struct diolate_invalidation *inv)
{
	(void)inv;
	return race_any(4) ? DIOLATE_NO_REASON : DIOLATE_FILESYSTEM;
}

enum diolate_reason diolate_repair(const struct kiocb *iocb, struct address_space *m,
				   const struct diolate_part *part)
{
	bool failed = race_any(2);

	(void)m;
	failed |= write_with(part)->overtaken;
	race_point();
	write_of(iocb)->put_right = !failed;
	return failed ? DIOLATE_BUSY : DIOLATE_NO_REASON;
}

void diolate_repair_record(struct inode *i, const char *why)
{
	(void)i;
	(void)why;
	race_point();
	/* The write may have been told, and be another's by now, if its result can be received. */
	own();
}

/* Which write it is. */

struct kiocb *diolate_inside_submitter(const struct diolate_invalidation *inv)
{
	return inv->iocb;
}

bool diolate_inside_was_reported(struct kiocb *iocb)
{
	(void)iocb;
	return false;
}

struct diolate_direct_write *diolate_inside_direct_write_of(struct kiocb *iocb)
{
	static struct diolate_direct_write calls;

	(void)iocb;
	return &calls;
}

struct diolate_invalidation *diolate_inside_invalidation(struct file *f)
{
	(void)f;
	return &invalidating[race_self()];
}

void diolate_task_release(void)
{
}

bool diolate_filesystem_is_proven(const struct inode *i)
{
	(void)i;
	return true;
}

bool diolate_filesystem_uses_dio(const struct inode *i)
{
	(void)i;
	return true;
}

bool diolate_uring_is_short(const struct kiocb *iocb, size_t length)
{
	(void)iocb;
	(void)length;
	return false;
}

void diolate_uring_fail(struct kiocb *iocb)
{
	(void)iocb;
}

void diolate_flight_late(const struct kiocb *iocb, const void *file, loff_t start)
{
	(void)file;
	write_from(iocb, start);
}

void diolate_flight_settle(const struct kiocb *iocb, const void *file, loff_t start)
{
	(void)file;
	write_from(iocb, start);
}

enum diolate_verdict diolate_judge_so_far(const struct kiocb *iocb, struct address_space *m,
					  const struct diolate_part *part)
{
	(void)m;
	write_of(iocb);
	return write_with(part)->overtaken ? DIOLATE_IS_OVERTAKEN : DIOLATE_IS_NOT;
}

bool diolate_judge_answered(struct kiocb *iocb, long ret, struct diolate_flown *flown)
{
	(void)iocb;
	(void)ret;
	(void)flown;
	return false;
}

struct diolate_waiting *diolate_sync_begin(struct kiocb *iocb, loff_t start, enum diolate_way *way)
{
	(void)iocb;
	(void)start;
	(void)way;
	return NULL;
}

void diolate_sync_tell(struct diolate_waiting *w)
{
	(void)w;
}

void diolate_sync_drop(struct diolate_waiting *w)
{
	(void)w;
}

/* What tells. */

enum diolate_consumer diolate_receivers_consumer_of(diolate_complete_fn complete)
{
	(void)complete;
	return DIOLATE_LIBAIO;
}

bool diolate_receivers_tell_waited_for(void)
{
	return true;
}

/* Of a write that was overtaken, of which there is none here. */
bool diolate_receivers_waited_for(unsigned long ip)
{
	(void)ip;
	race_wrong("a write is said to be overtaken");
	return false;
}

bool diolate_receivers_poll(const struct kiocb *iocb)
{
	(void)iocb;
	return false;
}

int diolate_receivers_follow(struct diolate_hook *h)
{
	(void)h;
	return race_any(8) ? 0 : -EINVAL;
}

void diolate_receivers_show(struct seq_file *m, bool tells, bool failed)
{
	(void)m;
	(void)tells;
	(void)failed;
}

void diolate_hook_clear(struct diolate_hook *h)
{
	(void)h;
}

int diolate_hook_register(struct diolate_hook *h)
{
	(void)h;
	race_point();
	__atomic_store_n(&armed, true, __ATOMIC_SEQ_CST);
	return 0;
}

void diolate_hook_disarm(struct diolate_hook *h)
{
	(void)h;
	race_point();
	__atomic_store_n(&armed, false, __ATOMIC_SEQ_CST);
	race_grace();
}

/* Writes. */

/* The consumer receives the result, in whatever task. */
static void receive(struct write *w)
{
	long ret = race_any(4) ? LENGTH : -ENOSPC, told = ret;
	struct diolate_waiting *waiting;
	bool delivered;

	about[race_self()] = w;
	race_handler(true);
	if (__atomic_load_n(&armed, __ATOMIC_SEQ_CST)) {
		waiting = diolate_waiting_none() ? NULL : diolate_waiting_find(&w->iocb);
		if (waiting && !diolate_waiting_is_of(waiting, &file, w->start))
			race_wrong("a late write is taken for another");
		if (waiting)
			told = diolate_tell_waiting_slow(waiting, &w->iocb, ret);
	}
	race_handler(false);
	if (w->met && !w->counted)
		race_wrong("a late error is not counted");
	if (w->counted == 1 + DIOLATE_PENDING && !w->settled)
		race_wrong("a late error is pending for ever");
	delivered = w->settled == 1 + DIOLATE_DELIVERED;
	if (!w->put_right && (w->settled == 1 + DIOLATE_REPAIRED || w->settled == 1 + DIOLATE_SPARED))
		race_wrong("a write is spared or repaired, and its page cache is not right");
	if (w->overtaken && (w->counted == 1 + DIOLATE_SPARED || w->settled == 1 + DIOLATE_SPARED))
		race_wrong("a write is spared, and was overtaken");
	if (w->put_right && (delivered || w->settled == 1 + DIOLATE_UNDELIVERABLE))
		race_wrong("a write has a late error, and its page cache is right");
	if (delivered != (told != ret))
		race_wrong("the result is %ld and was %ld", told, ret);
	race_give(&w->order);
	race_model_lock();
	w->taken = false;
	race_model_unlock();
}

static struct write *take(void)
{
	struct write *w = &writes[race_any(WRITES)];
	bool taken;

	race_model_lock();
	taken = w->taken;
	w->taken = true;
	race_model_unlock();
	if (taken)
		return NULL;
	race_take(&w->order);
	w->start = race_any(3) * LENGTH;
	w->handed = false;
	w->met = false;
	w->overtaken = !race_any(4);
	w->put_right = false;
	w->counted = 0;
	w->settled = 0;
	return w;
}

static void receive_handed(void)
{
	unsigned int i;
	struct write *w = NULL;

	race_model_lock();
	for (i = 0; i < WRITES && !w; i++)
		if (writes[i].taken && writes[i].handed) {
			w = &writes[i];
			w->handed = false;
		}
	race_model_unlock();
	if (w) {
		race_take(&w->order);
		receive(w);
	}
}

/* The kernel's function that records late errors is called: a hook sees that, and may replace it. */
static void meet(struct write *w, bool again)
{
	struct diolate_invalidation *inv = &invalidating[race_self()];
	bool replaced = false;

	about[race_self()] = w;
	race_current()->flags = race_any(2) ? PF_WQ_WORKER : 0;
	*inv = (struct diolate_invalidation){
		.iocb = &w->iocb, .start = w->start, .length = LENGTH, .counted = again,
		.again = !race_any(4),
	};
	w->iocb.ki_pos = w->start + race_any(2) * LENGTH;
	race_handler(true);
	if (!__atomic_load_n(&closing, __ATOMIC_SEQ_CST)) {
		bool awaitable = race_any(4);

		w->met = true;
		diolate_late_stuck(inv, awaitable ? DIOLATE_MET_AWAITABLE : DIOLATE_MET_IN_PASSING);
		replaced = awaitable && diolate_instead_waits(inv);
	}
	race_handler(false);
	if (replaced)
		diolate_instead_run(&file);
}

static void write(void)
{
	struct write *w = take();

	if (!w)
		return;
	if (race_any(4))
		meet(w, false);
	if (w->counted && !race_any(8))
		meet(w, true);
	if (race_any(2)) {
		receive(w);
		return;
	}
	race_give(&w->order);
	race_model_lock();
	w->handed = true;
	race_model_unlock();
}

/* Runs the works, and has the time go on. */
static void work(void)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		if (!works_run())
			__atomic_add_fetch(&race_jiffies, race_any(3) ? 50 : 40000, __ATOMIC_RELAXED);
		if (!race_any(8))
			race_write_once((int *)&diolate_params_policy, race_any(DIOLATE_POLICIES));
		race_point();
	}
}

static void unload(void)
{
	unsigned int i;

	for (i = race_any(400); i; i--)
		race_point();
	__atomic_store_n(&closing, true, __ATOMIC_SEQ_CST);
	race_grace();
	/* What is pending is received. */
	do {
		receive_handed();
		race_point();
	} while (!diolate_waiting_none() && race_any(4));
	diolate_waiting_wait();
	diolate_telling_exit();
	race_grace();
	__atomic_store_n(&unloaded, true, __ATOMIC_SEQ_CST);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
}

static void begin(void)
{
	unsigned int i;

	memset(writes, 0, sizeof(writes));
	file.f_mapping = &mapping;
	file.f_inode = &inode;
	for (i = 0; i < WRITES; i++)
		writes[i].iocb.ki_filp = &file;
	diolate_params_policy = race_any(DIOLATE_POLICIES);
	race_jiffies = 100000;
	armed = false;
	closing = false;
	unloaded = false;
	over = false;
	works_begin();
	diolate_telling_init(&hook);
	diolate_instead_init();
}

static void task(unsigned int n)
{
	unsigned int i;

	if (!n) {
		work();
		return;
	}
	if (n == 1) {
		unload();
		return;
	}
	for (i = race_turns(); i; i--) {
		write();
		if (race_any(2))
			receive_handed();
	}
	/* Nobody waits for a result that does not come. */
	for (i = 0; i < WRITES; i++)
		receive_handed();
}

static void end(void)
{
	if (!diolate_waiting_none())
		race_wrong("a late write waits yet");
}

const struct race race_subject = {
	.name = "instead", .most = 8, .crowd = 40, .begin = begin, .task = task, .end = end,
};
