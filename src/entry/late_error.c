// SPDX-License-Identifier: GPL-2.0-only
/*
 * dio_warn_stale_pagecache() is the kernel's own record of a late error. A kprobe sees the call,
 * and ftrace can send it to a function of diolate with the same prototype. The trampoline of ftrace
 * "returns" to that function as to a live patch, which neither IBT nor kCFI checks, and the
 * function sees an ordinary call.
 * - Except under policy observe, which tells nobody, the call waits until the hooks that tell late
 *   writes are armed (src/outcome/telling.c). If the write may have lost nothing, the call looks
 *   (src/outcome/spared.c). Under policy repair it puts the page cache right
 *   (src/outcome/repair.c). A kprobe can do none of this. Then diolate makes the record, with its
 *   own message, except of a write that has lost nothing or was put right.
 *
 * Only one ftrace_ops may replace a function (FTRACE_OPS_FL_IPMODIFY). If a live patch does, policy
 * repair is refused, and the hooks that tell are armed from the beginning; while diolate does, such
 * a live patch is refused. A kprobe that changes the instruction pointer needs a post_handler, and
 * unregistering one fails if another kprobe was there first (seen on 6.1 and 6.12).
 */
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>

#include "entry/late_error.h"
#include "kernel/compat/context.h"
#include "kernel/hook.h"
#include "kernel/symbol.h"
#include "outcome/instead.h"
#include "outcome/late.h"
#include "report/counters.h"
#include "write/inside.h"
#include "write/task.h"

/* Every call from now on comes to late_error_called(), which can replace it. */
static bool awaits;

static enum diolate_met late_error_met_at_record(void)
{
	return READ_ONCE(awaits) ? DIOLATE_MET_AWAITABLE : DIOLATE_MET_IN_PASSING;
}
NOKPROBE_SYMBOL(late_error_met_at_record);

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
int diolate_late_error_hit(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_invalidation *inv =
		diolate_inside_invalidation((void *)regs_get_kernel_argument(regs, 0));

	if (inv)
		diolate_late_stuck(inv, late_error_met_at_record());
	else
		diolate_counters_unattributed();
	diolate_task_release();
	return 0;
}
NOKPROBE_SYMBOL(diolate_late_error_hit);

/* generic_file_direct_write(), which may report late errors itself; written once at load. */
static unsigned long direct_write_start, direct_write_size;

/**
 * diolate_late_error_inlined_in() - say which function may inline the late error
 * @symbol: the name of the function
 *
 * Context: process, may sleep; before diolate_late_error_inlined() is armed.
 * Return: 0 or a negative errno.
 */
int diolate_late_error_inlined_in(const char *symbol)
{
	return diolate_symbol_address(symbol, &direct_write_start, &direct_write_size);
}

/*
 * errseq_t errseq_set(errseq_t *eseq, int err), lib/errseq.c: before 6.5 the compiler may inline
 * dio_warn_stale_pagecache() in generic_file_direct_write(), which then calls errseq_set() itself,
 * and for nothing else (disassembled, 5.10). Without inlining dio_warn_stale_pagecache() is the
 * caller. A kretprobe that somebody sets on errseq_set() later hides the caller.
 */
int diolate_late_error_inlined(struct kprobe *p, struct pt_regs *regs)
{
	struct diolate_direct_write *write;

	if (diolate_caller(regs) - direct_write_start >= direct_write_size)
		return 0;
	write = diolate_inside_write_with((void *)regs_get_kernel_argument(regs, 0));
	if (write)
		diolate_late_stuck(&write->inv, DIOLATE_MET_IN_PASSING);
	else
		diolate_counters_unattributed();
	return 0;
}
NOKPROBE_SYMBOL(diolate_late_error_inlined);

#if DIOLATE_HAS_FTRACE
/*
 * Whether diolate_instead_run() runs in the place of a record. diolate_late_error_hit() sees the
 * same call, before or after.
 */
static bool late_error_is_replaced(struct file *filp)
{
	struct diolate_invalidation *inv;
	bool replaced = false;

	preempt_disable_notrace();
	inv = diolate_inside_invalidation(filp);
	if (inv) {
		diolate_late_stuck(inv, late_error_met_at_record());
		replaced = inv->whole || diolate_instead_waits(inv);
	}
	diolate_task_release();
	preempt_enable_notrace();
	return replaced;
}
NOKPROBE_SYMBOL(late_error_is_replaced);

static void notrace late_error_instead(struct file *filp)
{
	diolate_instead_run(filp);
}

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
static void notrace late_error_called(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)
{
	if (late_error_is_replaced((void *)diolate_ftrace_argument(regs, 0)))
		diolate_ftrace_redirect(regs, (unsigned long)late_error_instead);
}

/* Whether late errors can wait to be told; they do, except under observe. */
#define AWAITS DIOLATE_CHANGES_ARGUMENT

static struct diolate_hook replaced = {
	.symbol = DIOLATE_LATE_ERROR_SYMBOL,
	.ops.func = late_error_called,
	.ops.flags = DIOLATE_REPLACE_FLAGS,
};

/* The errno of the last late_error_replace(), or 0. */
static int failed;

static const char *late_error_trouble(int err)
{
	return err == -EBUSY ? ": a live patch or its like has it" : "";
}

static int late_error_replace(void)
{
	if (replaced.armed)
		return 0;
	failed = diolate_hook_arm(&replaced);
	if (failed)
		return failed;
	/* A task may be in a trampoline that calls the kprobe only. */
	synchronize_rcu_tasks();
	WRITE_ONCE(awaits, true);
	return 0;
}

/**
 * diolate_late_error_await() - replace the kernel's own record, so that the first late error is
 *                              told
 *
 * Context: process, may sleep; before a policy other than observe takes effect.
 */
void diolate_late_error_await(void)
{
	if (AWAITS && late_error_replace())
		pr_notice("%s cannot be replaced on this kernel (error %d%s), so what tells late writes is armed now and not by the first\n",
			  replaced.symbol, failed, late_error_trouble(failed));
}

/**
 * diolate_late_error_await_no_more() - undo diolate_late_error_await()
 *
 * Context: process, sleeps; when no policy but observe is in effect.
 */
void diolate_late_error_await_no_more(void)
{
	if (replaced.armed) {
		/* A task may be on its way from the kprobe, which saw its late error. */
		synchronize_rcu_tasks();
		WRITE_ONCE(awaits, false);
		synchronize_rcu_tasks();
	}
	diolate_hook_disarm(&replaced);
	failed = 0;
}

/**
 * diolate_late_error_awaits() - whether a late error that the kernel reports can wait to be told
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_late_error_awaits(void)
{
	return READ_ONCE(awaits);
}
NOKPROBE_SYMBOL(diolate_late_error_awaits);

/**
 * diolate_late_error_require() - replace the kernel's own record, or say why policy repair is
 *                                refused
 *
 * Context: process, may sleep.
 * Return: 0; or, after one sentence in the kernel log, a negative errno.
 */
int diolate_late_error_require(void)
{
	int err = AWAITS ? late_error_replace() : -EOPNOTSUPP;

	if (err)
		pr_err("policy=repair refused: %s cannot be followed (error %d%s); use propagate or observe\n",
		       replaced.symbol, err, late_error_trouble(err));
	return err;
}

/**
 * diolate_late_error_show() - print the replaced record in the file `sites`
 * @m: the file; a line `symbol state missed purpose` if the record is replaced, or was to be
 *
 * Context: process, may sleep.
 */
void diolate_late_error_show(struct seq_file *m)
{
	if (failed || READ_ONCE(replaced.armed))
		seq_printf(m, "%s %s 0 %s\n", replaced.symbol, failed ? "refused" : "armed",
			   "delivery of the first late error; repair");
}

#else

void diolate_late_error_await(void)
{
}

void diolate_late_error_await_no_more(void)
{
}

bool diolate_late_error_awaits(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_late_error_awaits);

int diolate_late_error_require(void)
{
	pr_err("policy=repair refused: this kernel's ftrace cannot replace a function; use propagate or observe\n");
	return -EOPNOTSUPP;
}

void diolate_late_error_show(struct seq_file *m)
{
}
#endif
