/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include_next <linux/atomic.h>
#include <linux/compiler.h>

/*
 * threads.c wants to be told of each access, by which it delays; schedule.c is, by the compiler. The latter
 * knows what barriers are. The thread sanitizer does not: there a barrier is a change of a word of its own,
 * which makes an order between all that pass the same barrier, and so may hide that one is missing.
 */
#ifdef RACE_THREADS
#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_store_release
#undef smp_load_acquire
#undef cmpxchg
#define READ_ONCE(x) (race_point(), __atomic_load_n(&(x), __ATOMIC_RELAXED))
#define WRITE_ONCE(x, value) (race_point(), __atomic_store_n(&(x), value, __ATOMIC_RELAXED))
#define smp_store_release(p, value) (race_point(), __atomic_store_n(p, value, __ATOMIC_RELEASE))
#define smp_load_acquire(p) (race_point(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
/*
 * The sanitizer looks at a change before it takes the order that the change makes, and takes one that fails for a
 * store. So whoever owns a word and loads it without a mark would be reported; schedule.c knows better.
 */
#define cmpxchg(p, old, new)								\
	((__typeof__(*(p)))race_cmpxchg((void *)(p), sizeof(*(p)), (uint64_t)(old),	\
					(uint64_t)(new)))
#else
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#undef data_race
#define data_race(expression)		\
	do {				\
		race_ignore(true);	\
		(void)(expression);	\
		race_ignore(false);	\
	} while (0)

typedef atomic64_t atomic_long_t;

#define ATOMIC64_INIT(n) { n }
#define atomic_long_read(a) atomic64_read(a)
#define atomic_long_inc(a) atomic64_inc(a)
#define atomic64_inc(a) ((void)__atomic_add_fetch(&(a)->counter, 1, __ATOMIC_RELAXED))
#define atomic64_set(a, value) WRITE_ONCE((a)->counter, value)
#define atomic_xchg(a, value) __atomic_exchange_n(&(a)->counter, value, __ATOMIC_SEQ_CST)

static inline bool atomic64_try_cmpxchg(atomic64_t *a, int64_t *old, int64_t value)
{
	int64_t found = cmpxchg(&a->counter, *old, value);

	if (found == *old)
		return true;
	*old = found;
	return false;
}
