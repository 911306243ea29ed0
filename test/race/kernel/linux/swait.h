/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>

struct swait_queue_head {
	int sleepers;
	struct race_order order;
};

#define DECLARE_SWAIT_QUEUE_HEAD(name) struct swait_queue_head name
#define swait_active(q) READ_ONCE((q)->sleepers)

static inline void swake_up_one(struct swait_queue_head *q)
{
	race_give(&q->order);
	WRITE_ONCE(q->sleepers, 0);
}

/* Not instrumented: what it has to see is what is there. */
static inline __attribute__((__no_sanitize__("thread"), __unused__)) bool race_is_awake(const void *q)
{
	return !*(const volatile int *)&((const struct swait_queue_head *)q)->sleepers;
}

/* Whoever waits sleeps until it is woken: prepare_to_swait_exclusive() has the barrier. */
#define swait_event_exclusive(q, condition)		\
	do {						\
		WRITE_ONCE((q).sleepers, 1);		\
		smp_mb();				\
		if (condition) {			\
			WRITE_ONCE((q).sleepers, 0);	\
			break;				\
		}					\
		race_wait(race_is_awake, &(q));		\
		race_take(&(q).order);			\
	} while (!(condition))
