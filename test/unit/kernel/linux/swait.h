/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <sched.h>

struct swait_queue_head {
	int sleepers;
};

#define DECLARE_SWAIT_QUEUE_HEAD(name) struct swait_queue_head name
#define swait_active(q) READ_ONCE((q)->sleepers)
#define swake_up_one(q) WRITE_ONCE((q)->sleepers, 0)
/* Whoever waits sleeps until it is woken. */
#define swait_event_exclusive(q, condition)		\
	do {						\
		__atomic_store_n(&(q).sleepers, 1, __ATOMIC_SEQ_CST);	\
		if (condition)				\
			break;				\
		while (swait_active(&(q)))		\
			sched_yield();			\
	} while (!(condition))
