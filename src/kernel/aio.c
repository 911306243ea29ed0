// SPDX-License-Identifier: GPL-2.0-only
/*
 * A libaio write does not say who submitted it, but its request has the context that its result
 * goes to (struct aio_kiocb, fs/aio.c, 5.10 to 7.3). The context is in the table of one mm, that of
 * the task which made the context (ioctx_alloc()). Only a task of this mm finds the context when it
 * submits (lookup_ioctx()). So the submitter is the process that has the mm.
 *
 * Only a late error has this looked up, and nothing is noted when a write is submitted.
 *
 * - The request holds the context (aio_get_req()), and an mm that is going away waits for the
 *   requests of its contexts (exit_aio(); io_destroy() does the same for one). Both take the
 *   context out of the table before they wait. So as long as the request is in flight, the context
 *   and the mm that it belongs to are not freed. A context in no table has nobody named.
 * - An mm that more than one process has had may have been used to submit by one that has it no
 *   longer. The kernel marks such an mm before the second process runs (MMF_MULTIPROCESS;
 *   kernel/fork.c, copy_oom_score_adj(), 5.10 to 7.3), and then nobody is named.
 * - A child of vfork() leaves no mark. It runs in the place of its parent until it executes, and is
 *   behind it in the list of processes (copy_process()), so the parent is named.
 */
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "kernel/aio.h"
#include "kernel/compat/aio.h"
#include "kernel/layout.h"

/* A search looks at no more threads and contexts than this, which bounds its time. */
#define MOST_STEPS 16384

/* So long after a search in vain there is none for the same context. */
#define REST_NS (10 * NSEC_PER_MSEC)

#define HINTS_BITS 6

/**
 * struct hint - what the last search for a context has found
 * @ctx:  the context; it may be freed and another, and is only compared
 * @pid:  the process, in the initial pid namespace; 0 for none
 * @rest: if none, when to search again
 *
 * Nothing of a hint is believed: the process has to have the context still.
 */
struct hint {
	const void *ctx;
	pid_t pid;
	u64 rest;
};

static struct hint hints[1 << HINTS_BITS];

/* Whose a context is. */
enum whose { NOT_ITS, ITS, ONE_OF_ITS_MM };

/* The context of a libaio write; NULL if it is not known where that is. */
static const void *aio_context_of(const struct kiocb *iocb)
{
	const void *request = (const void *)iocb - diolate_layout.aio_rw;
	const void *ctx;

	if ((diolate_layout.aio != DIOLATE_BY_BTF && diolate_layout.aio != DIOLATE_BY_TESTS) ||
	    get_kernel_nofault(ctx, (const void *const *)(request + diolate_layout.aio_ctx)))
		return NULL;
	return ctx;
}
NOKPROBE_SYMBOL(aio_context_of);

/* The table of an mm, which may be freed by now; NULL if there is none. */
static const void *aio_table_of(const struct mm_struct *mm)
{
	const void *table;

	return mm && !get_kernel_nofault(table, diolate_mm_contexts(mm)) ? table : NULL;
}
NOKPROBE_SYMBOL(aio_table_of);

/* Whether a context is in a table, which may be freed by now. */
static bool aio_is_in(const void *table, const void *ctx, unsigned int *steps)
{
	const void *const *entry = table + diolate_layout.aio_table;
	const void *other;
	unsigned int n;

	/* Four times as many each time, from four (ioctx_add_table()); else it is no table. */
	if (get_kernel_nofault(n, (const unsigned int *)(table + diolate_layout.aio_nr)) ||
	    !is_power_of_2(n))
		return false;
	for (; n && *steps; n--, entry++, --*steps) {
		if (get_kernel_nofault(other, entry))
			return false;
		if (other == ctx)
			return true;
	}
	return false;
}
NOKPROBE_SYMBOL(aio_is_in);

/*
 * Whose a context is that a write in flight goes to: that of a thread's process?
 *
 * task_lock() keeps an mm, but sleeps on PREEMPT_RT. So the mm may be freed at any time, its table
 * too (exit_aio() waits for no reader), and the memory may be another's. But the mm that has the
 * context is not freed. If the thread's mm is that one, all is true that is read here. If it is
 * not, it never becomes it, and only memory that was its table may get the context, when that mm
 * has its table replaced by a longer one there (ioctx_add_table()). It stays that mm's as long as
 * RCU is read here (kfree_rcu()), so the thread's mm has another table then or none, or is not the
 * thread's any more. The thread would have to execute twice to have one at the same address again,
 * which changes self_exec_id (fs/exec.c, begin_new_exec(), 5.10 to 7.3).
 */
static enum whose aio_whose(const struct task_struct *thread, const void *ctx, unsigned int *steps)
{
	const struct mm_struct *mm;
	const void *table;
	unsigned long flags;
	u64 executed;

	/* Most have no table. */
	if (!aio_table_of(READ_ONCE(thread->mm)))
		return NOT_ITS;
	executed = READ_ONCE(thread->self_exec_id);
	/* Before the mm, and so below in the reverse order: what was read must not be older. */
	smp_rmb();
	mm = READ_ONCE(thread->mm);
	table = aio_table_of(mm);
	if (!table || !aio_is_in(table, ctx, steps) ||
	    get_kernel_nofault(flags, diolate_mm_flags(mm)))
		return NOT_ITS;
	/* Paired with exit_aio(), which clears the pointer before it frees the table. */
	smp_rmb();
	if (aio_table_of(mm) != table)
		return NOT_ITS;
	/* Paired with exit_mm() and exec_mmap(), which part from the mm before that is freed. */
	smp_rmb();
	if (READ_ONCE(thread->mm) != mm)
		return NOT_ITS;
	/* Paired with begin_new_exec(), which counts between two of exec_mmap(). */
	smp_rmb();
	if (READ_ONCE(thread->self_exec_id) != executed)
		return NOT_ITS;
	return flags & BIT(MMF_MULTIPROCESS) ? ONE_OF_ITS_MM : ITS;
}
NOKPROBE_SYMBOL(aio_whose);

/* The first thread may have ended before the others. A kernel thread only borrows an mm. */
static enum whose aio_whose_by_process(struct task_struct *process, const void *ctx,
				       unsigned int *steps)
{
	struct task_struct *thread;

	--*steps;
	if (READ_ONCE(process->flags) & PF_KTHREAD)
		return NOT_ITS;
	if (READ_ONCE(process->mm))
		return aio_whose(process, ctx, steps);
	for_each_thread(process, thread) {
		if (!*steps)
			break;
		--*steps;
		if (READ_ONCE(thread->mm))
			return aio_whose(thread, ctx, steps);
	}
	return NOT_ITS;
}
NOKPROBE_SYMBOL(aio_whose_by_process);

/* Search among all processes. */
static enum whose aio_search(const void *ctx, struct task_struct **process)
{
	unsigned int steps = MOST_STEPS;
	struct task_struct *p;

	for_each_process(p) {
		enum whose whose = aio_whose_by_process(p, ctx, &steps);

		*process = p;
		if (whose != NOT_ITS)
			return whose;
		if (!steps)
			break;
	}
	return NOT_ITS;
}
NOKPROBE_SYMBOL(aio_search);

/* Ask the process that had the context last. */
static enum whose aio_recall(const struct hint *hint, const void *ctx,
			     struct task_struct **process)
{
	pid_t pid = READ_ONCE(hint->pid);
	unsigned int steps = MOST_STEPS;

	if (!pid || READ_ONCE(hint->ctx) != ctx)
		return NOT_ITS;
	*process = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_TGID);
	return *process ? aio_whose_by_process(*process, ctx, &steps) : NOT_ITS;
}
NOKPROBE_SYMBOL(aio_recall);

static bool aio_rests(const struct hint *hint, const void *ctx)
{
	return READ_ONCE(hint->ctx) == ctx && !READ_ONCE(hint->pid) &&
	       ktime_get_mono_fast_ns() < READ_ONCE(hint->rest);
}
NOKPROBE_SYMBOL(aio_rests);

static void aio_remember(struct hint *hint, const void *ctx, pid_t pid)
{
	if (!pid)
		WRITE_ONCE(hint->rest, ktime_get_mono_fast_ns() + REST_NS);
	WRITE_ONCE(hint->pid, pid);
	WRITE_ONCE(hint->ctx, ctx);
}
NOKPROBE_SYMBOL(aio_remember);

/**
 * diolate_aio_process() - the process that submitted a libaio write
 * @iocb: the write, in flight
 *
 * Context: any, also inside a probe handler; inside an RCU read-side critical section.
 * Return: the first thread of the process, as long as RCU is read; NULL if the process is not
 *         certain, has ended, or is not found among the first MOST_STEPS threads and contexts.
 */
struct task_struct *diolate_aio_process(const struct kiocb *iocb)
{
	const void *ctx = aio_context_of(iocb);
	struct hint *hint = &hints[hash_ptr((void *)ctx, HINTS_BITS)];
	struct task_struct *process = NULL;
	enum whose whose;

	if (!ctx)
		return NULL;
	whose = aio_recall(hint, ctx, &process);
	if (whose == NOT_ITS) {
		if (aio_rests(hint, ctx))
			return NULL;
		whose = aio_search(ctx, &process);
		aio_remember(hint, ctx, whose == NOT_ITS ? 0 : process->tgid);
	}
	return whose == ITS ? process : NULL;
}
NOKPROBE_SYMBOL(diolate_aio_process);

/**
 * diolate_aio_is_mine() - whether the result of a libaio write goes to the current task's process
 * @iocb: the write, in flight
 *
 * A write may complete in a task that has nothing to do with it, one that serves a device, or that
 * submits to the same.
 *
 * Context: any, also inside a probe handler; inside an RCU read-side critical section.
 */
bool diolate_aio_is_mine(const struct kiocb *iocb)
{
	const void *ctx = aio_context_of(iocb);
	unsigned int steps = MOST_STEPS;

	return ctx && aio_whose(current, ctx, &steps) != NOT_ITS;
}
NOKPROBE_SYMBOL(diolate_aio_is_mine);
