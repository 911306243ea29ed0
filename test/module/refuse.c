// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: makes one call of a kernel function by a program fail, without running it.
 *
 *   insmod refuse.ko function=register_kprobe nth=3 error=-12
 *   insmod refuse.ko function=register_kprobe symbol=dio_aio_complete_work error=-2
 *
 *   insmod refuse.ko function=register_kprobe comm=init
 *
 * The program is insmod unless comm= names another, or how its name begins. With symbol= only calls
 * that register a probe of that symbol count. What is refused is the nth call (1 unless given), and
 * with times= so many from that on; the parameter `refused`, readable, says how many were.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

static char *function = "register_kprobe";
module_param(function, charp, 0444);
static char *symbol = "";
module_param(symbol, charp, 0444);
static char *comm = "insmod";
module_param(comm, charp, 0444);
static unsigned int nth = 1;
module_param(nth, uint, 0444);
static int error = -ENOMEM;
module_param(error, int, 0444);
static unsigned int times = 1;
module_param(times, uint, 0444);
static unsigned int refused;
module_param(refused, uint, 0444);

static unsigned int calls;

static long refusal(void)
{
	return error;
}

static int called(struct kprobe *p, struct pt_regs *regs)
{
	/* Argument 0 of register_kprobe(); looked at only if a symbol was asked for. */
	const struct kprobe *kp = (void *)regs_get_kernel_argument(regs, 0);

	if (strncmp(current->comm, comm, strlen(comm)) ||
	    (*symbol && (!kp->symbol_name || strcmp(kp->symbol_name, symbol))))
		return 0;
	if (++calls < nth || calls - nth >= times)
		return 0;
	refused++;
	instruction_pointer_set(regs, (unsigned long)refusal);
	return 1;
}
NOKPROBE_SYMBOL(called);

/* Without one the kernel may turn the probe into a jump, which does not allow for what we do. */
static void never(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe kp = {
	.pre_handler = called,
	.post_handler = never,
};

static int __init refuse_init(void)
{
	kp.symbol_name = function;
	return register_kprobe(&kp);
}

static void __exit refuse_exit(void)
{
	unregister_kprobe(&kp);
}

module_init(refuse_init);
module_exit(refuse_exit);

MODULE_DESCRIPTION("Refuses one call of a kernel function to insmod, for tests");
MODULE_LICENSE("GPL");
