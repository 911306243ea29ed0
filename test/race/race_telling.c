// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late writes begin to wait, and ask whether they can be told, while what tells them is armed, disarmed because
 * there were none for long, and at last gone. A write that was told that it can rely on it can until its end. Each
 * result is judged there, or by who else sees it.
 * With src/outcome/telling.c src/write/waiting.c
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "kernel/hook.h"
#include "model/params.h"
#include "outcome/telling.h"
#include "race.h"
#include "works.h"
#include "write/receivers.h"
#include "write/waiting.h"

#define TASKS 1024

enum diolate_policy diolate_params_policy = DIOLATE_PROPAGATE;
unsigned long race_jiffies;

static struct diolate_hook hook;
static struct task_struct task_of[TASKS];
/* Late writes that rely on the hook, tasks that make some, and whether all is over. */
static unsigned int relying, writing, refused;
static bool armed, over;

struct task_struct *race_current(void)
{
	return &task_of[race_self()];
}

void race_printk(const char *format, ...)
{
	(void)format;
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
	__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
}

int diolate_hook_register(struct diolate_hook *h)
{
	(void)h;
	race_point();
	__atomic_store_n(&armed, true, __ATOMIC_SEQ_CST);
	return 0;
}

/* Whoever is in the hook has left it when this returns. */
void diolate_hook_disarm(struct diolate_hook *h)
{
	(void)h;
	race_point();
	race_model_lock();
	if (relying)
		race_wrong("what tells is disarmed, and a late write relies on it");
	armed = false;
	race_model_unlock();
}

static void begin(void)
{
	race_jiffies = 100000;
	relying = 0;
	refused = 0;
	writing = race_tasks() - 1;
	armed = false;
	over = false;
	works_begin();
	diolate_telling_init(&hook);
}

static void rely(int change)
{
	race_model_lock();
	if (change > 0 && !armed)
		race_wrong("a late write is told by what is not armed");
	relying += change;
	race_model_unlock();
}

static void late_write(unsigned int n)
{
	struct kiocb *iocb = (struct kiocb *)(0xffff888000000000 + 64 * n);
	struct diolate_waiting *w;
	bool relies;

	race_handler(true);
	w = diolate_waiting_begin(iocb);
	if (!w)
		race_wrong("there is no place");
	relies = diolate_telling_is_armed();
	if (relies)
		rely(1);
	else if (race_any(2))
		diolate_telling_call();
	race_handler(false);
	if (!relies && race_any(2)) {
		relies = diolate_telling_wait();
		if (relies)
			rely(1);
	}
	race_point();
	race_handler(true);
	if (relies)
		rely(-1);
	diolate_telling_told();
	diolate_waiting_end(w);
	diolate_waiting_put();
	race_handler(false);
}

/* Which hooks the call of a receiver goes through is known when it begins; they are called in either order. */
static void answered(void)
{
	bool goes_through, told, judged, first = race_any(2);

	race_handler(true);
	goes_through = __atomic_load_n(&armed, __ATOMIC_SEQ_CST);
	race_point();
	judged = first && !diolate_telling_judges();
	told = goes_through && diolate_telling_is_armed();
	judged |= !first && !diolate_telling_judges();
	if (!told && !judged)
		race_wrong("a result is judged by nobody");
	race_handler(false);
}

/* Runs the works, and has the time go on. */
static void worker(void)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		if (!works_run())
			__atomic_add_fetch(&race_jiffies, race_any(3) ? 50 : 40000, __ATOMIC_RELAXED);
		race_point();
	}
}

/* Whoever is last unloads. */
static void unload(void)
{
	diolate_waiting_wait();
	diolate_telling_exit();
	if (armed)
		race_wrong("what tells is armed yet when it is gone");
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
}

static void task(unsigned int n)
{
	unsigned int i;

	if (!n) {
		worker();
		return;
	}
	for (i = race_turns(); i; i--) {
		late_write(n);
		answered();
		if (!race_any(16))
			diolate_telling_hold(race_any(2));
	}
	if (!__atomic_sub_fetch(&writing, 1, __ATOMIC_ACQ_REL))
		unload();
}

static void end(void)
{
	if (!diolate_waiting_none())
		race_wrong("a late write waits yet");
}

const struct race race_subject = {
	.name = "telling", .most = 6, .crowd = 40, .begin = begin, .task = task, .end = end,
};
