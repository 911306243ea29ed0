/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/sched.h>

/* The race says which processes there are, and each has one thread. */
struct task_struct *race_next_process(const struct task_struct *before);

#define for_each_process(p) for (p = race_next_process(NULL); p; p = race_next_process(p))
#define for_each_thread(process, thread) for (thread = process; thread; thread = NULL)
