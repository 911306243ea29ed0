// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load-time proof, on two functions of the module's own: a kretprobe fires and really rewrites
 * a return value here; a kprobe inside the probed call finds the kretprobe's instance, which is how
 * the module knows whose late error it sees.
 */
#include <linux/kprobes.h>

#include "diolate.h"

#define GIVEN 2007
#define REWRITTEN (-EIO)

static bool found;

static noinline long probed_inner(long value)
{
	barrier();
	return value;
}

static noinline long probed_outer(long value)
{
	value = probed_inner(value);
	barrier();
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

static struct kretprobe outer = {
	.kp.addr = (kprobe_opcode_t *)probed_outer,
	.entry_handler = outer_entry,
	.handler = outer_return,
	.data_size = sizeof(long),
};

static bool holds(void *data, void *value)
{
	return *(long *)data == *(long *)value;
}
NOKPROBE_SYMBOL(holds);

static int inner_hit(struct kprobe *p, struct pt_regs *regs)
{
	long value = regs_get_kernel_argument(regs, 0);

	found = diolate_scope_innermost(&outer, holds, &value);
	return 0;
}
NOKPROBE_SYMBOL(inner_hit);

static struct kprobe inner = {
	.addr = (kprobe_opcode_t *)probed_inner,
	.pre_handler = inner_hit,
};

/**
 * diolate_selftest() - prove that probes do here what the module needs
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno after one sentence in the kernel log; nothing stays armed.
 */
int diolate_selftest(void)
{
	long ret;
	int err;

	err = register_kretprobe(&outer);
	if (err) {
		pr_err("not loaded: this kernel refuses a kretprobe (error %d); it needs CONFIG_KRETPROBES=y and kernel.ftrace_enabled=1\n",
		       err);
		return err;
	}
	err = register_kprobe(&inner);
	if (err) {
		pr_err("not loaded: this kernel refuses a kprobe (error %d)\n", err);
		goto out;
	}
	found = false;
	ret = probed_outer(GIVEN);
	unregister_kprobe(&inner);

	if (ret != REWRITTEN || !found) {
		pr_err("not loaded: %s, so no late error could be caught; are kprobes on (/sys/kernel/debug/kprobes/enabled, kernel.ftrace_enabled)?\n",
		       ret == GIVEN ? "a kretprobe does not fire" :
		       ret != REWRITTEN ? "a kretprobe does not rewrite a return value" :
					  "a probe does not find the call it is inside of");
		err = -EOPNOTSUPP;
	}
out:
	unregister_kretprobe(&outer);
	return err;
}
