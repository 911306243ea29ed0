/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/spinlock.h>

struct mutex {
	raw_spinlock_t lock;
};

#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(m) raw_spin_lock(&(m)->lock)
#define mutex_unlock(m) raw_spin_unlock(&(m)->lock)
#define lockdep_assert_held(m) ((void)(m))
#ifdef RACE_THREADS
#define mutex_trylock(m) (!pthread_mutex_trylock(&(m)->lock))
#else
#define mutex_trylock(m) race_trylock(&(m)->lock.holder, &(m)->lock.order)
#endif
