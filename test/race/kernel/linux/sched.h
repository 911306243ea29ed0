/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#include <sys/types.h>

#define TASK_COMM_LEN 16
#define PF_WQ_WORKER 0x20

struct task_struct {
	pid_t pid;
	unsigned int flags;
};

/* The race says which task this is. */
struct task_struct *race_current(void);
#define current race_current()
