/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

#define RACE_READERS 256

/* Of each task, how often it is inside, and how often it has left. */
struct srcu_struct {
	struct race_reader {
		unsigned int inside, left;
	} readers[RACE_READERS];
	struct race_order order;
};

int race_srcu_lock(struct srcu_struct *s);
void race_srcu_unlock(struct srcu_struct *s, int index);
void race_srcu_wait(struct srcu_struct *s);

#define init_srcu_struct(s) ((void)(s), 0)
#define cleanup_srcu_struct(s) ((void)(s))
#define srcu_read_lock(s) race_srcu_lock(s)
#define srcu_read_unlock(s, index) race_srcu_unlock(s, index)
#define synchronize_srcu(s) race_srcu_wait(s)
