// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of linux/srcu.h, which may sleep. Beginning and end of a reader are full barriers, as they are in the
 * kernel (kernel/rcu/srcutree.c, __srcu_read_lock(), 5.10 to 7.3).
 */
#include <linux/srcu.h>

#include "race.h"

int race_srcu_lock(struct srcu_struct *s)
{
	struct race_reader *r = &s->readers[race_self()];

	race_point();
	__atomic_add_fetch(&r->inside, 1, __ATOMIC_SEQ_CST);
	race_barrier();
	return __atomic_load_n(&r->left, __ATOMIC_SEQ_CST) & 1;
}

void race_srcu_unlock(struct srcu_struct *s, int index)
{
	struct race_reader *r = &s->readers[race_self()];

	(void)index;
	race_barrier();
	race_give(&s->order);
	__atomic_add_fetch(&r->left, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&r->inside, 1, __ATOMIC_SEQ_CST);
	race_point();
}

struct waits {
	const struct race_reader *reader;
	unsigned int left;
};

static bool srcu_has_left(const void *arg)
{
	const struct waits *w = arg;

	return !__atomic_load_n(&w->reader->inside, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&w->reader->left, __ATOMIC_SEQ_CST) != w->left;
}

void race_srcu_wait(struct srcu_struct *s)
{
	struct waits w[RACE_READERS];
	unsigned int i;

	race_point();
	race_barrier();
	for (i = 0; i < RACE_READERS; i++)
		w[i] = (struct waits){ &s->readers[i],
				       __atomic_load_n(&s->readers[i].left, __ATOMIC_SEQ_CST) };
	for (i = 0; i < RACE_READERS; i++)
		if (!srcu_has_left(&w[i]))
			race_wait(srcu_has_left, &w[i]);
	race_take(&s->order);
	race_barrier();
}
