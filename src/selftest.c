// SPDX-License-Identifier: GPL-2.0-only
/*
 * The proof that probes work, on two functions of the module's own: a kretprobe fires and really
 * rewrites a return value here; a kprobe inside the probed call finds the kretprobe's instance,
 * which is how the module knows whose late error it sees. Done at load time, and again whenever
 * somebody reads the counters, because kprobes can be switched off without a word
 * (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled).
 */
#include <linux/kprobes.h>
#include <linux/mutex.h>

#include "diolate.h"

#define GIVEN 2007
#define REWRITTEN (-EIO)

/* The compiler sees neither a probe's hand on this nor on what the functions return. */
static bool found;

static noinline long probed_inner(long value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static noinline long probed_outer(long value)
{
	value = probed_inner(value);
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static int outer_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(long *)ri->data = regs_get_kernel_argument(regs, 0);
	return 0;
}
NOKPROBE_SYMBOL(outer_entry);

static int outer_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, REWRITTEN);
	return 0;
}
NOKPROBE_SYMBOL(outer_return);

static struct diolate_calls outer = {
	.rp.kp.addr = (kprobe_opcode_t *)probed_outer,
	.rp.entry_handler = outer_entry,
	.rp.handler = outer_return,
	.rp.data_size = sizeof(long),
};

static bool holds(void *data, void *value)
{
	return *(long *)data == *(long *)value;
}
NOKPROBE_SYMBOL(holds);

static int inner_hit(struct kprobe *p, struct pt_regs *regs)
{
	long value = regs_get_kernel_argument(regs, 0);

	WRITE_ONCE(found, diolate_calls_innermost(&outer, holds, &value));
	return 0;
}
NOKPROBE_SYMBOL(inner_hit);

static struct kprobe inner = {
	.addr = (kprobe_opcode_t *)probed_inner,
	.pre_handler = inner_hit,
};

/* One proof at a time: `found` is its own, and so are the instances of `outer`. */
static DEFINE_MUTEX(proving);

/* NULL if probes do here what the module needs, else what they do not. */
static const char *fault(void)
{
	const char *what;
	long ret;

	mutex_lock(&proving);
	WRITE_ONCE(found, false);
	ret = probed_outer(GIVEN);
	if (ret == GIVEN)
		what = "a kretprobe does not fire";
	else if (ret != REWRITTEN)
		what = "a kretprobe does not rewrite a return value";
	else
		what = READ_ONCE(found) ? NULL : "a probe does not find the call it is inside of";
	mutex_unlock(&proving);
	return what;
}

/**
 * diolate_selftest_init() - prove that probes do here what the module needs
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno after one sentence in the kernel log, with nothing left armed.
 */
int diolate_selftest_init(void)
{
	const char *what;
	int err;

	err = diolate_calls_arm(&outer);
	if (err) {
		pr_err("not loaded: this kernel refuses a kretprobe (error %d); it needs CONFIG_KRETPROBES=y and kernel.ftrace_enabled=1\n",
		       err);
		return err;
	}
	err = register_kprobe(&inner);
	if (err) {
		pr_err("not loaded: this kernel refuses a kprobe (error %d)\n", err);
		diolate_calls_disarm(&outer);
		return err;
	}
	what = fault();
	if (what) {
		pr_err("not loaded: %s, so no late error could be caught; are kprobes on (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled)?\n",
		       what);
		diolate_selftest_exit();
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * diolate_selftest_exit() - disarm what the proof needs
 *
 * Context: process, sleeps.
 */
void diolate_selftest_exit(void)
{
	unregister_kprobe(&inner);
	diolate_calls_disarm(&outer);
}

/**
 * diolate_selftest_off() - whether probes do not fire now, so that late errors go unseen
 *
 * Context: process, may sleep.
 */
bool diolate_selftest_off(void)
{
	return fault();
}
