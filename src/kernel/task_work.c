// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task does some work when it returns to user space, in process context and with no lock. A task
 * cannot be kept from that by anything but a lack of processor time: get_signal() does the work
 * before the task may stop or be frozen (kernel/signal.c, 5.10.262 to 7.3), do_exit() does it, and
 * ptrace_notify() before a tracer may stop the task at the end of its system call, which the kernel
 * has to show (5.10.262: seen; 7.3: read).
 */
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "kernel/compat/task_work.h"
#include "kernel/symbol.h"
#include "kernel/task_work.h"

/* Written once at load. In data, so that NULL is no address that a call must reach. */
static typeof(task_work_add) *add = task_work_add;

static int task_work_find(void)
{
	unsigned long address;
	int err;

	if (add)
		return 0;
	if (!DIOLATE_CALLS_BY_ADDRESS)
		return -ENOENT;
	err = diolate_symbol_address("task_work_add", &address, NULL);
	if (!err)
		add = (void *)address;
	return err;
}

/**
 * diolate_task_work_init() - find out whether a task can be given work
 *
 * Context: process, may sleep; before diolate_task_work_add().
 * Return: 0; or a negative errno if it cannot, or a tracer could hold the task up before its work.
 */
int diolate_task_work_init(void)
{
	return task_work_find() ?: diolate_symbol_calls("ptrace_notify", "task_work_run");
}

/**
 * diolate_task_work_add() - give the current task work for its return to user space
 * @work: initialized, not in a place that the kernel's allocators know (kasan_record_aux_stack())
 *
 * It sets a flag of the task and nothing by which a signal seems to be pending, so nothing else of
 * its system call sees it (TWA_RESUME; kernel/task_work.c, 5.10 to 7.3).
 *
 * Context: any, also inside a probe handler; after diolate_task_work_init() has succeeded.
 * Return: 0; -ESRCH if the task is exiting.
 */
int diolate_task_work_add(struct callback_head *work)
{
	return add(current, work, TWA_RESUME);
}
NOKPROBE_SYMBOL(diolate_task_work_add);
