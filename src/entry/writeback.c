// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writeback is followed by ftrace, because no call may be missed.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/seq_file.h>

#include "entry/writeback.h"
#include "flight/note.h"
#include "kernel/compat/folio.h"
#include "kernel/hook.h"

#if DIOLATE_HAS_FTRACE
/*
 * void __folio_start_writeback(struct folio *folio, bool keep_write) and
 * bool __folio_end_writeback(struct folio *folio), mm/page-writeback.c, 6.1 to 7.3; on 5.10 the
 * same for a page.
 */
static void notrace writeback_starts(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)
{
	diolate_note_writeback((void *)diolate_ftrace_argument(regs, 0), true);
}

static void notrace writeback_ends(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)
{
	diolate_note_writeback((void *)diolate_ftrace_argument(regs, 0), false);
}

/**
 * struct followed - a function that is followed
 * @hook:    follows the function
 * @purpose: what for
 * @err:     0 or the errno of arming @hook
 */
struct followed {
	struct diolate_hook hook;
	const char *purpose;
	int err;
};

static struct followed followed[] = {
	{
		.hook = DIOLATE_HOOK(DIOLATE_START_WRITEBACK, writeback_starts),
		.purpose = "direct writes that are overtaken by writeback; repair",
	},
	{
		.hook = DIOLATE_HOOK(DIOLATE_END_WRITEBACK, writeback_ends),
		.purpose = "direct writes that are overtaken by writeback; repair",
	},
};

/**
 * diolate_writeback_follow() - follow writeback
 *
 * Context: process, may sleep.
 */
void diolate_writeback_follow(void)
{
	bool all = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		struct followed *f = &followed[i];

		f->err = diolate_hook_arm(&f->hook);
		all &= !f->err;
		if (f->err)
			pr_notice("%s cannot be followed on this kernel (error %d), which costs: %s\n",
				  f->hook.symbol, f->err, f->purpose);
	}
	diolate_note_set_complete(all);
}

/**
 * diolate_writeback_no_more() - follow writeback no longer
 *
 * Context: process, sleeps. When it returns, no handler of this file runs.
 */
void diolate_writeback_no_more(void)
{
	size_t i = ARRAY_SIZE(followed);

	diolate_note_set_complete(false);
	while (i--)
		diolate_hook_disarm(&followed[i].hook);
}

/**
 * diolate_writeback_require() - refuse policy repair if writeback is not followed
 *
 * Policy repair relies on complete notes of writeback.
 *
 * Context: process, may sleep.
 * Return: 0; or, after one sentence in the kernel log, a negative errno.
 */
int diolate_writeback_require(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		const struct followed *f = &followed[i];

		if (!f->err)
			continue;
		pr_err("policy=repair refused: %s cannot be followed (error %d%s); use propagate or observe\n",
		       f->hook.symbol, f->err,
		       f->err == -EBUSY ? ": a live patch or its like has it" : "");
		return f->err;
	}
	return 0;
}

/**
 * diolate_writeback_show() - print the functions of writeback in the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed
 *
 * Context: process, may sleep.
 */
void diolate_writeback_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		const struct followed *f = &followed[i];

		if (f->err || READ_ONCE(f->hook.armed))
			seq_printf(m, "%s %s 0 %s\n", f->hook.symbol,
				   f->err ? "refused" : "armed", f->purpose);
	}
}

#else
void diolate_writeback_follow(void)
{
	pr_notice("this kernel's ftrace cannot follow writeback, which costs: direct writes that are overtaken by it\n");
}

void diolate_writeback_no_more(void)
{
}

int diolate_writeback_require(void)
{
	return 0;
}

void diolate_writeback_show(struct seq_file *m)
{
}
#endif
