/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>

struct callback_head {
	void (*func)(struct callback_head *work);
};

#define init_task_work(work, f) ((work)->func = (f))
