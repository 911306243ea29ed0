// SPDX-License-Identifier: GPL-2.0-only
/*
 * The late writes whose result their consumer has yet to receive, by the kiocb that it will be
 * called with: that of the write of user space. Made where a late error is met (src/late.c), ended
 * where the consumer receives the result (src/consumer.c, which says why that is certain to come).
 *
 * A table of fixed size without a lock, since both run in whatever context the kernel is in. A
 * kiocb has one of the eight places of a bucket, so that who looks for one that is not there sees
 * it soon. There are so many that of 300 that wait at a time, as all in flight do when the first
 * late error is met, all find one but for 7 times in a million (by Poisson; with 128 buckets it was
 * 9 in a hundred). A write that finds none is counted as undeliverable.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/swait.h>

#include "waiting.h"

#define BUCKETS_BITS 9
#define BUCKET_SIZE 8

static struct diolate_waiting waiting[BUCKET_SIZE << BUCKETS_BITS];

/* How many there are; each is what unloading waits for. */
static atomic_t in_use;
/* Its lock is a raw one, which may be taken in whatever context. */
static DECLARE_SWAIT_QUEUE_HEAD(none_in_use);

static struct diolate_waiting *bucket_of(const struct kiocb *iocb)
{
	return &waiting[hash_ptr((void *)iocb, BUCKETS_BITS) * BUCKET_SIZE];
}
NOKPROBE_SYMBOL(bucket_of);

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
 * @iocb: that its consumer is going to be called with; it waits for nothing yet
 *
 * Whether its consumer can be told is to be asked afterwards: who takes that away asks after it
 * whether one is waiting. A full barrier lies between here, and pairs with that in stand_down()
 * (src/consumer.c).
 *
 * Context: any, also inside a probe handler.
 * Return: it, until diolate_waiting_end(); NULL if there is no place.
 */
struct diolate_waiting *diolate_waiting_begin(struct kiocb *iocb)
{
	struct diolate_waiting *bucket = bucket_of(iocb);
	unsigned int i;

	atomic_inc(&in_use);
	for (i = 0; i < BUCKET_SIZE; i++) {
		struct diolate_waiting *w = &bucket[i];

		/* Paired with the release in diolate_waiting_end(), and see above. */
		if (!READ_ONCE(w->iocb) && !cmpxchg(&w->iocb, NULL, iocb))
			return w;
	}
	diolate_waiting_put();
	return NULL;
}
NOKPROBE_SYMBOL(diolate_waiting_begin);

/**
 * diolate_waiting_find() - the late write with a kiocb
 * @iocb: it; compared
 *
 * Context: any, also inside a probe handler.
 * Return: it, which nobody else ends; NULL if there is none.
 */
struct diolate_waiting *diolate_waiting_find(const struct kiocb *iocb)
{
	struct diolate_waiting *bucket = bucket_of(iocb);
	unsigned int i;

	for (i = 0; i < BUCKET_SIZE; i++)
		if (READ_ONCE(bucket[i].iocb) == iocb)
			return &bucket[i];
	return NULL;
}
NOKPROBE_SYMBOL(diolate_waiting_find);

/**
 * diolate_waiting_of_task() - the late write that this task is sent to see to
 *
 * Context: process, may sleep; once.
 * Return: it, which nobody else ends.
 */
struct diolate_waiting *diolate_waiting_of_task(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waiting); i++)
		if (READ_ONCE(waiting[i].task) == current) {
			/* The task may yet meet another, while this one waits. */
			WRITE_ONCE(waiting[i].task, NULL);
			return &waiting[i];
		}
	return NULL;
}

/**
 * diolate_waiting_end() - a late write does not wait any more, and its kiocb may be used again
 * @w: it; diolate_waiting_put() has to follow
 *
 * Context: any, also inside a probe handler.
 */
void diolate_waiting_end(struct diolate_waiting *w)
{
	w->repairs = false;
	WRITE_ONCE(w->task, NULL);
	/* Paired with the cmpxchg() in diolate_waiting_begin(). */
	smp_store_release(&w->iocb, NULL);
}
NOKPROBE_SYMBOL(diolate_waiting_end);

/**
 * diolate_waiting_put() - what has ended a late write sleeps no more before it leaves the module
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
 * Each is being completed, or its rest is in flight: the wait is as long as that takes.
 *
 * Context: process, sleeps; when nothing that makes one is armed any more, and what ends them still
 *          is.
 */
void diolate_waiting_wait(void)
{
	swait_event_exclusive(none_in_use, diolate_waiting_none());
}
