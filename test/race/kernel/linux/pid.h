/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/sched.h>

#define PIDTYPE_PID 0
#define PIDTYPE_TGID 1

/* The race says which processes there are. */
struct task_struct *race_task_of(pid_t pid);
#define find_pid_ns(pid, namespace) (pid)
#define pid_task(pid, type) race_task_of(pid)
