/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#include <sys/types.h>

#define TASK_COMM_LEN 16
#define PF_WQ_WORKER 0x20
#define PF_KTHREAD 0x200000

struct mm_struct;

struct task_struct {
	pid_t pid, tgid;
	unsigned int flags;
	struct mm_struct *mm;
	u64 self_exec_id;
};

/* The race says which task this is. */
struct task_struct *race_current(void);
#define current race_current()
