/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>

/* A lock that is only looked at; who holds it is the race's. */
struct rw_semaphore {
	int held;
};

#define rwsem_is_locked(lock) (READ_ONCE((lock)->held) != 0)
