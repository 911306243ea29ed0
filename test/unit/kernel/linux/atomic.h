/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <stdint.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	int64_t counter;
} atomic64_t;

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
#define cmpxchg(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define data_race(expression) (expression)
#define atomic_read(a) READ_ONCE((a)->counter)
#define atomic_inc(a) ((void)__atomic_add_fetch(&(a)->counter, 1, __ATOMIC_RELAXED))
#define atomic_dec(a) ((void)__atomic_sub_fetch(&(a)->counter, 1, __ATOMIC_RELAXED))
#define atomic_dec_and_test(a) (!__atomic_sub_fetch(&(a)->counter, 1, __ATOMIC_SEQ_CST))
/* Not a fence, of which the thread sanitizer knows nothing. */
#define smp_mb()							\
	do {								\
		static int word_;					\
		__atomic_add_fetch(&word_, 1, __ATOMIC_SEQ_CST);	\
	} while (0)
#ifdef __SANITIZE_THREAD__
#define smp_rmb() smp_mb()
#define smp_wmb() smp_mb()
#else
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif
#define atomic64_read(a) READ_ONCE((a)->counter)
#define atomic64_inc_return(a) __atomic_add_fetch(&(a)->counter, 1, __ATOMIC_SEQ_CST)
#define atomic64_cmpxchg(a, old, new) cmpxchg(&(a)->counter, old, new)
