/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <pthread.h>

typedef pthread_mutex_t raw_spinlock_t;

#define raw_spin_lock_init(lock) pthread_mutex_init(lock, NULL)
#define raw_spin_lock(lock) pthread_mutex_lock(lock)
#define raw_spin_unlock(lock) pthread_mutex_unlock(lock)
#define raw_spin_lock_irqsave(lock, flags) ((flags) = pthread_mutex_lock(lock))
#define raw_spin_unlock_irqrestore(lock, flags) ((void)(flags), pthread_mutex_unlock(lock))
