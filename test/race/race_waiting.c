// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late writes begin to wait, are found, and end, with kiocbs whose addresses are used again, while the module
 * is unloaded.
 * With src/write/waiting.c
 */
#include <linux/hash.h>
#include <linux/sched.h>

#include "race.h"
#include "write/waiting.h"

/* Of src/write/waiting.c. */
#define BUCKET_SIZE 8
#define BUCKETS_BITS 9

/* More in the first bucket than it has places, and some in others. */
#define KIOCBS 16

static struct {
	struct kiocb *iocb;
	bool taken;
	struct race_order order;
} kiocbs[KIOCBS];

/* Handed from who has met the late error to who completes the write. */
static struct handed {
	bool full;
	unsigned int kiocb;
	struct diolate_waiting *w;
	struct race_order order;
} handed[KIOCBS];

static unsigned int waiting_now;
static bool closing, unloaded;
static struct task_struct task_of[1024];

struct task_struct *race_current(void)
{
	return &task_of[race_self()];
}

static void begin(void)
{
	uintptr_t address = 0xffff888000000000;
	unsigned int n = 0;

	for (; n < KIOCBS; address += 64)
		if (n >= BUCKET_SIZE + 2 || !hash_ptr(address, BUCKETS_BITS)) {
			kiocbs[n].iocb = (struct kiocb *)address;
			kiocbs[n].order = (struct race_order){};
			kiocbs[n++].taken = false;
		}
	for (n = 0; n < KIOCBS; n++)
		handed[n] = (struct handed){};
	waiting_now = 0;
	closing = false;
	unloaded = false;
}

/* A kiocb is allocated, if one is free: whoever has freed it last comes before. */
static bool take(unsigned int *n)
{
	bool taken;

	*n = race_any(KIOCBS);
	race_model_lock();
	taken = kiocbs[*n].taken;
	kiocbs[*n].taken = true;
	race_model_unlock();
	if (!taken)
		race_take(&kiocbs[*n].order);
	return !taken;
}

static void give(unsigned int n)
{
	race_give(&kiocbs[n].order);
	race_model_lock();
	kiocbs[n].taken = false;
	race_model_unlock();
}

static void alive(void)
{
	if (__atomic_load_n(&unloaded, __ATOMIC_SEQ_CST))
		race_wrong("the table is used after it was unloaded");
}

static void count(int change)
{
	race_model_lock();
	waiting_now += change;
	race_model_unlock();
}

static void fill(struct diolate_waiting *w, unsigned int n)
{
	if (w->sync || w->task)
		race_wrong("something is left of an earlier late write");
	w->told = n & 1;
	w->outcome = n % DIOLATE_OUTCOMES;
	w->reason = n % DIOLATE_REASONS;
	w->sync = (void *)w;
	race_touch(&w->told, sizeof(*w) - offsetof(struct diolate_waiting, told), true);
}

/* The result of the write is received. */
static void complete(unsigned int n, struct diolate_waiting *w)
{
	struct diolate_waiting *found;

	race_handler(true);
	if (w || !__atomic_load_n(&closing, __ATOMIC_SEQ_CST)) {
		alive();
		found = diolate_waiting_find(kiocbs[n].iocb);
		if (found != w)
			race_wrong(found ? "another late write is found" :
					   "a late write is not found");
	}
	if (w) {
		race_touch(&w->told, sizeof(*w) - offsetof(struct diolate_waiting, told), false);
		if (w->told != (n & 1) || w->outcome != n % DIOLATE_OUTCOMES || w->sync != (void *)w)
			race_wrong("a late write is not what it was");
		diolate_waiting_end(w);
		count(-1);
	}
	give(n);
	if (w)
		diolate_waiting_put();
	race_handler(false);
}

/* The task is sent to see to the write, as diolate_instead_run() is. */
static void see_to(struct diolate_waiting *w)
{
	struct diolate_waiting *found;

	__atomic_store_n(&w->task, race_current(), __ATOMIC_RELAXED);
	found = diolate_waiting_of_task();
	if (found != w)
		race_wrong("the task sees to another late write");
}

static void hand_over(unsigned int n, struct diolate_waiting *w)
{
	struct handed *h = &handed[n];

	h->kiocb = n;
	h->w = w;
	race_give(&h->order);
	race_model_lock();
	h->full = true;
	race_model_unlock();
}

/* Complete a write of another task, if there is one. */
static bool complete_handed(void)
{
	struct handed *h, copy = {};
	unsigned int n;

	race_model_lock();
	for (n = 0; n < KIOCBS && !handed[n].full; n++)
		;
	h = &handed[n % KIOCBS];
	if (n < KIOCBS) {
		race_take(&h->order);
		copy = *h;
		h->full = false;
	}
	race_model_unlock();
	if (copy.full)
		complete(copy.kiocb, copy.w);
	return copy.full;
}

static void late_write(void)
{
	struct diolate_waiting *w = NULL;
	unsigned int n;

	if (!take(&n))
		return;
	race_handler(true);
	/* What would see the late error is not armed any more. */
	if (!__atomic_load_n(&closing, __ATOMIC_SEQ_CST)) {
		alive();
		if (race_any(4)) {
			w = diolate_waiting_begin(kiocbs[n].iocb);
			if (w) {
				count(1);
				fill(w, n);
			}
		}
	}
	race_handler(false);
	if (w && !race_any(64))
		see_to(w);
	if (race_any(2))
		hand_over(n, w);
	else
		complete(n, w);
}

static void unload(void)
{
	__atomic_store_n(&closing, true, __ATOMIC_SEQ_CST);
	race_grace();
	diolate_waiting_wait();
	if (waiting_now)
		race_wrong("unloaded while a late write waits");
	race_grace();
	__atomic_store_n(&unloaded, true, __ATOMIC_SEQ_CST);
}

static void task(unsigned int n)
{
	unsigned int i;

	if (!n) {
		for (i = race_turns(); i; i--)
			race_point();
		unload();
		return;
	}
	for (i = race_turns(); i; i--) {
		late_write();
		if (race_any(2))
			complete_handed();
	}
	while (complete_handed())
		;
}

/* No place is lost. */
static void end(void)
{
	struct diolate_waiting *w[BUCKET_SIZE];
	unsigned int n;

	if (!diolate_waiting_none())
		race_wrong("a late write waits yet");
	for (n = 0; n < BUCKET_SIZE; n++) {
		w[n] = diolate_waiting_begin(kiocbs[n].iocb);
		if (!w[n])
			race_wrong("a place is lost");
		if (w[n]->sync || w[n]->task)
			race_wrong("something is left in a free place");
	}
	for (n = 0; n < BUCKET_SIZE; n++) {
		diolate_waiting_end(w[n]);
		diolate_waiting_put();
	}
}

const struct race race_subject = {
	.name = "waiting", .most = 12, .crowd = 200, .begin = begin, .task = task, .end = end,
};
