// SPDX-License-Identifier: GPL-2.0-only
/*
 * The selftest proves on two functions of the module that probes work: a kretprobe fires and
 * rewrites a return value, and a kprobe inside the probed call finds the kretprobe's instance,
 * which is how the module knows whose late error it sees. The proof runs at load time, and again
 * whenever somebody reads the counters, because kprobes can be switched off silently
 * (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled).
 */
#include <linux/kprobes.h>
#include <linux/mutex.h>

#include "kernel/calls.h"
#include "kernel/selftest.h"

#define GIVEN 2007
#define REWRITTEN (-EIO)

/* Set by a probe: the compiler does not see that, nor that a probe changes a return value. */
static bool found;

static noinline long selftest_probed_inner(long value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static noinline long selftest_probed_outer(long value)
{
	value = selftest_probed_inner(value);
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static int selftest_outer_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(long *)ri->data = regs_get_kernel_argument(regs, 0);
	return 0;
}
NOKPROBE_SYMBOL(selftest_outer_entry);

static int selftest_outer_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, REWRITTEN);
	return 0;
}
NOKPROBE_SYMBOL(selftest_outer_return);

static struct diolate_calls outer = {
	.rp.kp.addr = (kprobe_opcode_t *)selftest_probed_outer,
	.rp.entry_handler = selftest_outer_entry,
	.rp.handler = selftest_outer_return,
	.rp.data_size = sizeof(long),
};

static bool selftest_holds(void *data, void *value)
{
	return *(long *)data == *(long *)value;
}
NOKPROBE_SYMBOL(selftest_holds);

static int selftest_inner_hit(struct kprobe *p, struct pt_regs *regs)
{
	long value = regs_get_kernel_argument(regs, 0);

	WRITE_ONCE(found, diolate_calls_innermost(&outer, selftest_holds, &value));
	return 0;
}
NOKPROBE_SYMBOL(selftest_inner_hit);

static struct kprobe inner = {
	.addr = (kprobe_opcode_t *)selftest_probed_inner,
	.pre_handler = selftest_inner_hit,
};

/* Held during a proof, which has `found` and the instances of `outer` for itself. */
static DEFINE_MUTEX(proving);

/* What probes fail to do here that the module needs; NULL if they do all of it. */
static const char *selftest_fault(void)
{
	const char *what;
	long ret;

	mutex_lock(&proving);
	WRITE_ONCE(found, false);
	ret = selftest_probed_outer(GIVEN);
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
 * diolate_selftest_init() - arm the probes of the proof, and prove that they work
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
	what = selftest_fault();
	if (what) {
		pr_err("not loaded: %s, so no late error could be caught; are kprobes on (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled)?\n",
		       what);
		diolate_selftest_exit();
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * diolate_selftest_exit() - disarm the probes of the proof
 *
 * Context: process, sleeps.
 */
void diolate_selftest_exit(void)
{
	unregister_kprobe(&inner);
	diolate_calls_disarm(&outer);
}

/**
 * diolate_selftest_off() - whether probes do not work now, so that late errors go unseen
 *
 * Context: process, may sleep.
 */
bool diolate_selftest_off(void)
{
	return selftest_fault();
}
