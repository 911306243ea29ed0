/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

#ifdef RACE_THREADS
#include_next <linux/spinlock.h>

#undef raw_spin_lock_irqsave
#undef raw_spin_unlock_irqrestore
#define raw_spin_lock_irqsave(lock, flags) \
	(race_irqs(false), (flags) = pthread_mutex_lock(lock))
#define raw_spin_unlock_irqrestore(lock, flags) \
	((void)(flags), pthread_mutex_unlock(lock), race_irqs(true))
#else
typedef struct {
	unsigned int holder;
	struct race_order order;
} raw_spinlock_t;

void race_lock(unsigned int *holder, struct race_order *order, bool irqs_off);
bool race_trylock(unsigned int *holder, struct race_order *order);
void race_unlock(unsigned int *holder, struct race_order *order, bool irqs_off);

#define raw_spin_lock_init(lock) (*(lock) = (raw_spinlock_t){})
#define raw_spin_lock(lock) race_lock(&(lock)->holder, &(lock)->order, false)
#define raw_spin_unlock(lock) race_unlock(&(lock)->holder, &(lock)->order, false)
#define raw_spin_lock_irqsave(lock, flags) \
	((flags) = 0, race_lock(&(lock)->holder, &(lock)->order, true))
#define raw_spin_unlock_irqrestore(lock, flags) \
	((void)(flags), race_unlock(&(lock)->holder, &(lock)->order, true))
#endif

/* All zero is free. */
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name
