// SPDX-License-Identifier: GPL-2.0-only
/*
 * The works of linux/workqueue.h: whoever queues a work comes before its next run, also if it was queued already
 * (kernel/workqueue.c, set_work_pool_and_clear_pending(), has the full barrier).
 */
#include <linux/workqueue.h>

#include "race.h"
#include "works.h"

#define WORKS 4

void *system_highpri_wq;

static struct work_struct *works[WORKS];
extern unsigned long race_jiffies;

/* Forget those of the last round. */
void works_begin(void)
{
	unsigned int i;

	for (i = 0; i < WORKS; i++)
		works[i] = NULL;
}

bool race_queue_work(struct work_struct *work, unsigned long delay)
{
	unsigned int i;
	bool queued;

	race_barrier();
	race_give(&work->order);
	race_model_lock();
	queued = !work->pending;
	if (queued)
		work->due = race_jiffies + delay;
	work->pending = true;
	for (i = 0; works[i] && works[i] != work; i++)
		;
	works[i] = work;
	race_model_unlock();
	race_point();
	return queued;
}

static bool works_is_idle(const void *work)
{
	return !__atomic_load_n(&((const struct work_struct *)work)->running, __ATOMIC_ACQUIRE);
}

bool race_cancel_work(struct work_struct *work, bool sync)
{
	bool was;

	race_point();
	race_model_lock();
	was = work->pending;
	work->pending = false;
	race_model_unlock();
	if (sync)
		race_wait(works_is_idle, work);
	race_take(&work->order);
	return was;
}

/* A work that is due, which is no other task's from now on. */
static struct work_struct *works_take(void)
{
	struct work_struct *work;
	unsigned int i;

	race_model_lock();
	for (i = 0; i < WORKS && works[i]; i++) {
		work = works[i];
		if (work->pending && !work->running && (long)(race_jiffies - work->due) >= 0) {
			work->running = true;
			work->pending = false;
			race_model_unlock();
			return work;
		}
	}
	race_model_unlock();
	return NULL;
}

/** works_run() - run a work that is due; whether there was one */
bool works_run(void)
{
	struct work_struct *work = works_take();

	if (!work)
		return false;
	race_take(&work->order);
	race_barrier();
	work->function(work);
	race_give(&work->order);
	__atomic_store_n(&work->running, false, __ATOMIC_RELEASE);
	return true;
}
