// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task of user space writes synchronously by one of five system calls. Each returns what the file
 * system returned, and does nothing with it any more but move the offset of the file. Every other
 * call by which bytes may be written to a file (sendfile(), splice(), copy_file_range()) has taken
 * them from somewhere by then, so its result must stay (iter_file_splice_write(), fs/splice.c, 5.10
 * to 7.3).
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "kernel/compat/context.h"
#include "kernel/compat/syscall.h"
#include "write/syscall.h"

/* enum moves - whether a call moves the offset of its file */
enum moves {
	MOVES_NOT,
	MOVES,
	MOVES_IF_TOLD,	/* the position is -1 (do_pwritev2, fs/read_write.c, 5.10 to 7.3) */
};

struct number {
	int native, ia32;
	enum moves moves;
};

#ifdef DIOLATE_IA32
#define NUMBER(name, moves) { __NR_##name, __NR_ia32_##name, moves }
#else
#define NUMBER(name, moves) { __NR_##name, -1, moves }
#endif

static const struct number numbers[] = {
	NUMBER(write, MOVES),
	NUMBER(pwrite64, MOVES_NOT),
	NUMBER(writev, MOVES),
	NUMBER(pwritev, MOVES_NOT),
	NUMBER(pwritev2, MOVES_IF_TOLD),
};

static const struct number *syscall_number_of(int nr)
{
	bool ia32 = diolate_is_ia32();
	size_t i;

	if (!ia32 && !diolate_is_native())
		return NULL;
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (nr == (ia32 ? numbers[i].ia32 : numbers[i].native))
			return &numbers[i];
	return NULL;
}
NOKPROBE_SYMBOL(syscall_number_of);

/* Of pwritev2(): one argument has the position, or two of 32 bits each. */
static bool syscall_has_no_position(const unsigned long *args)
{
	return diolate_is_ia32() ? (u32)args[3] == U32_MAX && (u32)args[4] == U32_MAX :
				   args[3] == ULONG_MAX;
}
NOKPROBE_SYMBOL(syscall_has_no_position);

/**
 * diolate_syscall_find() - whether the current task of user space is writing to a file, by a call
 *                          of its own
 * @call: filled in if so
 *
 * What that call does may be more than one write: the caller compares the file.
 *
 * Context: any, also inside a probe handler.
 * Return: true if the task is in one of these calls, whose result is not set yet.
 */
bool diolate_syscall_find(struct diolate_syscall *call)
{
	struct pt_regs *regs = current_pt_regs();
	const struct number *number;
	unsigned long args[6];

	if (!diolate_in_task() || (current->flags & (DIOLATE_OF_KERNEL | PF_EXITING)) ||
	    !diolate_call_runs(regs))
		return false;
	number = syscall_number_of(syscall_get_nr(current, regs));
	if (!number)
		return false;
	syscall_get_arguments(current, regs, args);
	call->fd = args[0];
	call->moves = number->moves == MOVES ||
		      (number->moves == MOVES_IF_TOLD && syscall_has_no_position(args));
	call->ip = instruction_pointer(regs);
	call->sp = user_stack_pointer(regs);
	return true;
}
NOKPROBE_SYMBOL(diolate_syscall_find);

/**
 * diolate_syscall_is_ending() - whether the current task is about to return from a call
 * @call: the call, of this task
 *
 * False after a tracer has sent the task elsewhere. The number is not compared: arm64 forgets it
 * before signals are looked at (arch/arm64/kernel/signal.c, do_signal(), 7.3).
 *
 * Context: process, at the return to user space.
 */
bool diolate_syscall_is_ending(const struct diolate_syscall *call)
{
	const struct pt_regs *regs = current_pt_regs();

	return call->ip == instruction_pointer((struct pt_regs *)regs) &&
	       call->sp == user_stack_pointer((struct pt_regs *)regs);
}

/**
 * diolate_syscall_result() - what the call of the current task returns
 *
 * Context: process, at the return to user space.
 * Return: bytes or a negative errno.
 */
long diolate_syscall_result(void)
{
	return syscall_get_return_value(current, current_pt_regs());
}

/**
 * diolate_syscall_change() - have the call of the current task return something else
 * @ret: a negative errno
 *
 * Context: process, at the return to user space.
 */
void diolate_syscall_change(long ret)
{
	syscall_set_return_value(current, current_pt_regs(), ret, 0);
}
