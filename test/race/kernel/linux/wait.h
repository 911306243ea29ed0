/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>

struct wait_queue_head {
	int wakes;
	struct race_order order;
};

#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name

/* Both look at the queue under its lock. */
static inline void wake_up_all(struct wait_queue_head *q)
{
	smp_mb();
	race_give(&q->order);
	__atomic_add_fetch(&q->wakes, 1, __ATOMIC_RELAXED);
}

struct race_sleep {
	const struct wait_queue_head *q;
	int seen;
};

static inline __attribute__((__no_sanitize__("thread"), __unused__)) int race_wakes(const void *q)
{
	return *(const volatile int *)&((const struct wait_queue_head *)q)->wakes;
}

static inline __attribute__((__no_sanitize__("thread"), __unused__)) bool race_is_woken(const void *s)
{
	const struct race_sleep *sleep = s;

	return race_wakes(sleep->q) != sleep->seen;
}

/* Never for so long that the time is over: who is not woken waits for ever. */
#define wait_event_timeout(queue, condition, timeout)			\
	do {								\
		struct race_sleep sleep_ = { .q = &(queue) };		\
									\
		for (;;) {						\
			sleep_.seen = race_wakes(&(queue));		\
			smp_mb();					\
			if (condition)					\
				break;					\
			race_wait(race_is_woken, &sleep_);		\
			race_take(&(queue).order);			\
		}							\
		(void)(timeout);					\
	} while (0)
