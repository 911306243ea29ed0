// SPDX-License-Identifier: GPL-2.0-only
/*
 * The late writes whose result their consumer has yet to receive, by the kiocb of the write of user
 * space, with which the consumer is called. A late write begins to wait where its late error is met
 * (src/outcome/late.c), and ends where the consumer receives the result (src/outcome/tell.c says
 * why that is certain to come).
 *
 * The table has a fixed size and no lock, because both run in whatever context the kernel is in. A
 * kiocb has one of the eight places of a bucket, so a search for a missing kiocb is short. When the
 * first late error is met all writes in flight may wait. Of 300 that wait at a time all find a
 * place, except 7 times in a million (by Poisson; 9 times in a hundred with 128 buckets). A write
 * that finds none is counted as undeliverable.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/swait.h>

#include "write/waiting.h"

#define BUCKETS_BITS 9
#define BUCKET_SIZE 8

static struct diolate_waiting waiting[BUCKET_SIZE << BUCKETS_BITS];

/* How many diolate_waiting_put() are still to come; unloading waits for them. */
static atomic_t in_use;
/* The lock of a swait queue is a raw one, which may be taken in any context. */
static DECLARE_SWAIT_QUEUE_HEAD(none_in_use);

static struct diolate_waiting *waiting_bucket_of(const struct kiocb *iocb)
{
	return &waiting[hash_ptr((void *)iocb, BUCKETS_BITS) * BUCKET_SIZE];
}
NOKPROBE_SYMBOL(waiting_bucket_of);

/**
 * diolate_waiting_none() - whether no late write is waiting
 *
 * Context: any.
 */
bool diolate_waiting_none(void)
{
	return likely(!atomic_read(&in_use));
}
NOKPROBE_SYMBOL(diolate_waiting_none);

/**
 * diolate_waiting_begin() - have a late write wait for its result
 * @iocb: the kiocb that its consumer is going to be called with; not waiting yet
 *
 * The caller asks diolate_telling_is_armed() afterwards. telling_stand_down()
 * (src/outcome/telling.c) first clears that, then asks whether a write is waiting. The full barrier
 * of the cmpxchg() here pairs with the smp_mb() there.
 *
 * Context: any, also inside a probe handler.
 * Return: the late write, until diolate_waiting_end(); NULL if there is no place.
 */
struct diolate_waiting *diolate_waiting_begin(struct kiocb *iocb)
{
	struct diolate_waiting *bucket = waiting_bucket_of(iocb);
	unsigned int i;

	atomic_inc(&in_use);
	for (i = 0; i < BUCKET_SIZE; i++) {
		struct diolate_waiting *w = &bucket[i];

		/* Paired with the release in diolate_waiting_end(), and as above. */
		if (!READ_ONCE(w->iocb) && !cmpxchg(&w->iocb, NULL, iocb))
			return w;
	}
	diolate_waiting_put();
	return NULL;
}
NOKPROBE_SYMBOL(diolate_waiting_begin);

/**
 * diolate_waiting_find() - the late write with a kiocb
 * @iocb: the kiocb; only compared
 *
 * Context: any, also inside a probe handler.
 * Return: the late write, which nobody else ends, if diolate_waiting_is_of() says so; NULL if there
 *         is none.
 */
struct diolate_waiting *diolate_waiting_find(const struct kiocb *iocb)
{
	struct diolate_waiting *bucket = waiting_bucket_of(iocb);
	unsigned int i;

	for (i = 0; i < BUCKET_SIZE; i++)
		if (READ_ONCE(bucket[i].iocb) == iocb)
			return &bucket[i];
	return NULL;
}
NOKPROBE_SYMBOL(diolate_waiting_find);

/**
 * diolate_waiting_is_of() - whether a late write is that with a kiocb, or an earlier one
 * @w:     of diolate_waiting_find()
 * @file:  of the kiocb
 * @start: where the write with the kiocb begins, bytes; -1 if that is not known
 *
 * An earlier one would have been answered where it is not seen, as by a live patch.
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_waiting_is_of(const struct diolate_waiting *w, const struct file *file, loff_t start)
{
	return w->file == file && (start < 0 || w->start == start);
}
NOKPROBE_SYMBOL(diolate_waiting_is_of);

/**
 * diolate_waiting_of_task() - the late write that this task was sent to handle
 *
 * Context: process, may sleep; once.
 * Return: the late write, which nobody else ends; NULL if there is none.
 */
struct diolate_waiting *diolate_waiting_of_task(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waiting); i++)
		if (READ_ONCE(waiting[i].task) == current) {
			/* The task may meet another late error while this write waits. */
			WRITE_ONCE(waiting[i].task, NULL);
			return &waiting[i];
		}
	return NULL;
}

/**
 * diolate_waiting_end() - a late write does not wait any more, and its kiocb may be used again
 * @w: the late write; diolate_waiting_put() has to follow
 *
 * Context: any, also inside a probe handler.
 */
void diolate_waiting_end(struct diolate_waiting *w)
{
	w->sync = NULL;
	WRITE_ONCE(w->task, NULL);
	/* Paired with the cmpxchg() in diolate_waiting_begin(). */
	smp_store_release(&w->iocb, NULL);
}
NOKPROBE_SYMBOL(diolate_waiting_end);

/**
 * diolate_waiting_put() - let the module be unloaded after the end of a late write
 *
 * The caller does not sleep any more before it leaves the module.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_waiting_put(void)
{
	/* The full barrier pairs with that of set_current_state() in diolate_waiting_wait(). */
	if (atomic_dec_and_test(&in_use) && unlikely(swait_active(&none_in_use)))
		swake_up_one(&none_in_use);
}
NOKPROBE_SYMBOL(diolate_waiting_put);

/**
 * diolate_waiting_wait() - wait until no late write is waiting
 *
 * Each late write is being completed, or its rest is in flight: the wait is as long as that takes.
 *
 * Context: process, sleeps; when nothing that begins a late write is armed any more, and what ends
 *          one still is.
 */
void diolate_waiting_wait(void)
{
	swait_event_exclusive(none_in_use, diolate_waiting_none());
}
