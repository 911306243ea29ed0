// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks end writes and invalidate the page cache for them. They end, and others get their pids and the kiocbs
 * of their writes. There are more tasks than places. What a task finds in its place is its own, and of the
 * write that it is about to end; what finds no place is counted.
 * With src/write/task.c
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "model/params.h"
#include "race.h"
#include "write/task.h"

/* Places: eight times maxactive. */
#define PIDS 12
#define KIOCBS 4
#define TASKS 1024

unsigned int diolate_params_maxactive = 1;
unsigned long race_jiffies;

static struct process {
	bool lives, lived;
	struct race_order order;
	/* Its kiocbs may be at the same addresses as those of others. */
	char kiocbs[KIOCBS];
} processes[PIDS];

static struct task_struct task_of[TASKS];
static unsigned long missed;
/*
 * Places are lost neither by idleness nor by a pid that is used again in the moment in which its place is taken
 * from the task that had it before.
 */
static bool busy;

struct task_struct *race_current(void)
{
	return &task_of[race_self()];
}

struct task_struct *race_task_of(pid_t pid)
{
	race_point();
	return __atomic_load_n(&processes[pid - 1].lives, __ATOMIC_RELAXED) ? task_of : NULL;
}

void race_printk(const char *format, ...)
{
	(void)format;
}

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < PIDS; i++)
		processes[i] = (struct process){};
	missed = 0;
	busy = race_any(2);
	race_jiffies = 10000;
	if (diolate_task_init())
		race_wrong("no table");
}

/* What this task has begun last, if it has a place; wrong if that is not its own. */
static void look(struct kiocb *iocb, size_t length, bool again, bool ended)
{
	struct diolate_invalidation *inv = diolate_task_hold();

	if (!inv) {
		__atomic_add_fetch(&missed, 1, __ATOMIC_RELAXED);
		return;
	}
	race_touch(inv, sizeof(*inv), false);
	/* Of each the bytes are as many as are before it. */
	if (inv->iocb != iocb || inv->length != length || inv->start != (loff_t)length)
		race_wrong("a task finds an invalidation that it has not begun");
	if (inv->again && !again)
		race_wrong("a write is taken for the one before");
	if (diolate_task_has_ended(inv) && !ended)
		race_wrong("a write is taken for one that has ended");
	race_touch(inv, sizeof(*inv), true);
	inv->counted = true;
	race_point();
	if (inv->length != length)
		race_wrong("two tasks hold a place");
	diolate_task_release();
}

/* A write is completed, as by iomap, and perhaps invalidates twice. */
static void complete(unsigned int pid)
{
	/* Another process has kiocbs at the same addresses. */
	struct kiocb *iocb = (struct kiocb *)(0x1000ul + race_any(KIOCBS));
	size_t length = pid * 1000 + race_any(1000);
	bool ended = false, judged = race_any(2), found = judged && race_any(2), told, noted;
	struct diolate_invalidation *inv;

	race_handler(true);
	diolate_task_begins(NULL, 0, NULL, 0, -1);
	look(NULL, 0, false, false);
	if (judged || race_any(2))
		diolate_task_judged(judged ? iocb : NULL, 0, found);
	/* Who lives does not lose its place when all are busy. */
	inv = busy && judged ? diolate_task_hold() : NULL;
	noted = inv;
	if (inv)
		diolate_task_release();
	if (diolate_task_ends(iocb)) {
		race_handler(false);
		ended = race_any(2);
		diolate_task_ended(iocb, ended);
		race_handler(true);
	}
	told = diolate_task_begins(iocb, length, NULL, length, -1);
	if (told && !judged)
		race_wrong("a write is taken for one that was judged");
	inv = diolate_task_hold();
	if (inv && inv->counted && !found)
		race_wrong("a write is taken for one that was counted");
	/* Unless it has lost its place meanwhile. */
	if (told && inv && inv->counted != found)
		race_wrong("a write that was counted is to be counted again");
	if (noted && !told)
		race_wrong("that a write was judged is forgotten");
	if (inv)
		diolate_task_release();
	look(iocb, length, false, ended);
	if (race_any(2)) {
		if (diolate_task_begins(iocb, length + 1, NULL, length + 1, -1))
			race_wrong("a second invalidation is taken for one that was judged");
		look(iocb, length + 1, true, ended);
	}
	race_handler(false);
}

/* A task lives: it gets a pid that another may have had. */
static void live(void)
{
	unsigned int pid = 1 + race_any(PIDS), i;
	struct process *p = &processes[pid - 1];
	bool lived;

	race_model_lock();
	lived = p->lives || (busy && p->lived);
	if (!lived)
		__atomic_store_n(&p->lives, true, __ATOMIC_RELAXED);
	p->lived = true;
	race_model_unlock();
	if (lived)
		return;
	race_take(&p->order);
	race_current()->pid = pid;
	for (i = 1 + race_any(4); i; i--)
		complete(pid);
	race_give(&p->order);
	race_model_lock();
	__atomic_store_n(&p->lives, false, __ATOMIC_RELAXED);
	race_model_unlock();
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = race_turns(); i; i--) {
		live();
		if (!busy && !race_any(4))
			__atomic_add_fetch(&race_jiffies, 600, __ATOMIC_RELAXED);
	}
}

static void end(void)
{
	/* Each call that notes something may have missed: at least once if nothing was found. */
	if (busy && diolate_task_missed() < missed)
		race_wrong("%lu invalidations found no place, and %lu are counted", missed,
			   diolate_task_missed());
	diolate_task_exit();
}

const struct race race_subject = {
	.name = "task", .most = 16, .crowd = 200, .begin = begin, .task = task, .end = end,
};
