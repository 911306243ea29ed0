/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

/* A work is run by race_run_work(), in a task that the race has for it, and never twice at once. */
struct work_struct {
	void (*function)(struct work_struct *work);
	bool pending, running;
	unsigned long due;
	struct race_order order;
};

struct delayed_work {
	struct work_struct work;
};

#define DECLARE_WORK(name, f) struct work_struct name = { .function = f }
#define DECLARE_DELAYED_WORK(name, f) struct delayed_work name = { .work = { .function = f } }

extern void *system_highpri_wq;
bool race_queue_work(struct work_struct *work, unsigned long delay);
bool race_cancel_work(struct work_struct *work, bool sync);

#define schedule_work(work) race_queue_work(work, 0)
#define queue_work(queue, work) race_queue_work(work, 0)
#define schedule_delayed_work(delayed, delay) race_queue_work(&(delayed)->work, delay)
#define cancel_delayed_work(delayed) race_cancel_work(&(delayed)->work, false)
#define cancel_delayed_work_sync(delayed) race_cancel_work(&(delayed)->work, true)
#define cancel_work_sync(work) race_cancel_work(work, true)
#define flush_work(work) ((void)(work))
