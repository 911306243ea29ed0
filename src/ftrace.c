// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only ftrace can do, beside following a function (src/hook.c).
 *
 * Following writeback, of which no call may be missed.
 *
 * Replacing dio_warn_stale_pagecache(), the kernel's own record of a late error. Its call goes to a
 * function of ours, which sees an ordinary call: it has the same prototype, and the trampoline of
 * ftrace "returns" to it as it does to a live patch, which neither IBT nor kCFI looks at.
 * - Under policy repair, if the write is going to be repaired, the record is held back.
 * - As long as what tells a late write is not armed (src/consumer.c), that is waited for; and where
 *   it may have lost nothing, a look is taken whether it has (src/spared.c). Neither could a probe
 *   do. The record is made, with a message of ours, but of a write that has lost nothing. Not under
 *   policy observe, which tells nobody.
 *
 * Only one at a time may do that to a function (FTRACE_OPS_FL_IPMODIFY): where a live patch has it,
 * policy repair is refused, and what tells is armed from the beginning; as long as it is replaced
 * here a live patch of that function is refused. Not a kprobe with a changed instruction pointer:
 * it needs a post_handler, and unregistering one fails if somebody else's kprobe was there first
 * (seen on 6.1 and 6.12).
 */
#include <linux/ftrace.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>

#include "diolate.h"

#if DIOLATE_HAS_FTRACE
/*
 * void __folio_start_writeback(struct folio *folio, bool keep_write) and
 * bool __folio_end_writeback(struct folio *folio), mm/page-writeback.c, 6.1 to 7.3; the same with
 * a page, 5.10.
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

static void notrace hold_back(struct file *filp)
{
}

static void notrace instead(struct file *filp)
{
	diolate_late_error_instead(filp);
}

/* void dio_warn_stale_pagecache(struct file *filp), mm/filemap.c, 5.10 to 7.3. */
static void notrace late_error(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       struct diolate_ftrace_regs *regs)
{
	switch (diolate_late_error_record((void *)diolate_ftrace_argument(regs, 0))) {
	case DIOLATE_RECORD_HELD_BACK:
		diolate_ftrace_redirect(regs, (unsigned long)hold_back);
		break;
	case DIOLATE_RECORD_OURS:
		diolate_ftrace_redirect(regs, (unsigned long)instead);
		break;
	case DIOLATE_RECORD_MADE:
		break;
	}
}

/**
 * struct followed - a function that is followed, and for whom
 * @hook:    how
 * @purpose: what for
 * @err:     how arming it ended
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

/* All writeback is noted. */
static bool follows;

/* Whether it is worth waiting: under any policy but observe. */
#define AWAITS DIOLATE_CHANGES_ARGUMENT

static struct followed replaced = {
	.hook = {
		.symbol = DIOLATE_LATE_ERROR_SYMBOL,
		.ops.func = late_error,
		.ops.flags = DIOLATE_REPLACE_FLAGS,
	},
	.purpose = AWAITS ? "delivery of the first late error; repair" :
			    "repair: holding back the kernel's own record",
};

/* Every call from now on is replaced, if its late error says so. */
static bool awaits;

static const char *trouble(int err)
{
	return err == -EBUSY ? ": a live patch or its like has it" : "";
}

static int replace(void)
{
	if (replaced.hook.armed)
		return 0;
	replaced.err = diolate_hook_arm(&replaced.hook);
	if (replaced.err || !AWAITS)
		return replaced.err;
	/* A task may be on its way through the trampoline of a probe alone. */
	synchronize_rcu_tasks();
	WRITE_ONCE(awaits, true);
	return 0;
}

static void replace_no_more(void)
{
	if (AWAITS && replaced.hook.armed) {
		/* A task may be on its way from a probe that has seen it. */
		synchronize_rcu_tasks();
		WRITE_ONCE(awaits, false);
		synchronize_rcu_tasks();
	}
	diolate_hook_disarm(&replaced.hook);
	replaced.err = 0;
}

/**
 * diolate_ftrace_await() - replace the kernel's own record, so that the first late error is told
 *
 * Context: process, may sleep; before the policy is another than observe.
 */
void diolate_ftrace_await(void)
{
	if (AWAITS && replace())
		pr_notice("%s cannot be replaced on this kernel (error %d%s), so what tells late writes is armed now and not by the first\n",
			  replaced.hook.symbol, replaced.err, trouble(replaced.err));
}

/**
 * diolate_ftrace_await_no_more() - no longer
 *
 * Context: process, sleeps; after diolate_ftrace_disarm().
 */
void diolate_ftrace_await_no_more(void)
{
	if (AWAITS)
		replace_no_more();
}

/**
 * diolate_ftrace_awaits() - whether a late error that the kernel reports is waited for
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_ftrace_awaits(void)
{
	return READ_ONCE(awaits);
}
NOKPROBE_SYMBOL(diolate_ftrace_awaits);

/**
 * diolate_ftrace_follow() - follow writeback
 *
 * Context: process, may sleep.
 */
void diolate_ftrace_follow(void)
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
	WRITE_ONCE(follows, all);
}

/**
 * diolate_ftrace_follow_no_more() - follow it no longer
 *
 * Context: process, sleeps. When it returns nothing of ours runs there.
 */
void diolate_ftrace_follow_no_more(void)
{
	size_t i = ARRAY_SIZE(followed);

	WRITE_ONCE(follows, false);
	while (i--)
		diolate_hook_disarm(&followed[i].hook);
}

/**
 * diolate_ftrace_follows() - whether all writeback was noted until now
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_ftrace_follows(void)
{
	/* What is not noted any more ended after this was stored. */
	smp_rmb();
	return READ_ONCE(follows);
}

static int refuse(const struct diolate_hook *hook, int err)
{
	pr_err("policy=repair refused: %s cannot be followed (error %d%s); use propagate or observe\n",
	       hook->symbol, err, trouble(err));
	return err;
}

/**
 * diolate_ftrace_arm() - replace what policy repair needs replaced
 *
 * Who is held back relies on what is noted of writeback.
 *
 * Context: process, may sleep.
 * Return: 0; or, after one sentence in the kernel log and with nothing more replaced than before, a
 *         negative errno.
 */
int diolate_ftrace_arm(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(followed); i++)
		if (followed[i].err)
			return refuse(&followed[i].hook, followed[i].err);
	err = replace();
	return err ? refuse(&replaced.hook, err) : 0;
}

/**
 * diolate_ftrace_disarm() - replace it no longer
 *
 * Context: process, sleeps. When it returns nothing is held back any more, and no task is on its
 *          way there.
 */
void diolate_ftrace_disarm(void)
{
	if (!AWAITS)
		replace_no_more();
}

static void show(struct seq_file *m, const struct followed *f)
{
	if (f->err || READ_ONCE(f->hook.armed))
		seq_printf(m, "%s %s 0 %s\n", f->hook.symbol, f->err ? "refused" : "armed",
			   f->purpose);
}

/**
 * diolate_ftrace_show() - print its part of the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed
 *
 * Context: process, may sleep.
 */
void diolate_ftrace_show(struct seq_file *m)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(followed); i++)
		show(m, &followed[i]);
	show(m, &replaced);
}
#else
void diolate_ftrace_follow(void)
{
	pr_notice("this kernel's ftrace cannot follow writeback, which costs: direct writes that are overtaken by it\n");
}

void diolate_ftrace_follow_no_more(void)
{
}

void diolate_ftrace_await(void)
{
}

void diolate_ftrace_await_no_more(void)
{
}

bool diolate_ftrace_awaits(void)
{
	return false;
}
NOKPROBE_SYMBOL(diolate_ftrace_awaits);

bool diolate_ftrace_follows(void)
{
	return false;
}

int diolate_ftrace_arm(void)
{
	pr_err("policy=repair refused: this kernel's ftrace cannot replace a function; use propagate or observe\n");
	return -EOPNOTSUPP;
}

void diolate_ftrace_disarm(void)
{
}

void diolate_ftrace_show(struct seq_file *m)
{
}
#endif
