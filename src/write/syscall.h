/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system call that the current task is in, if it is one that writes to a file.
 */
#ifndef DIOLATE_WRITE_SYSCALL_H
#define DIOLATE_WRITE_SYSCALL_H

#include <linux/types.h>

/**
 * struct diolate_syscall - a call by which a task of user space writes to a file
 * @fd:    its first argument, the file
 * @moves: it writes at the offset of the file, and moves that
 * @ip:    where the task returns to
 * @sp:    the stack that the task returns to
 */
struct diolate_syscall {
	unsigned int fd;
	bool moves;
	unsigned long ip, sp;
};

bool diolate_syscall_find(struct diolate_syscall *call);
bool diolate_syscall_is_ending(const struct diolate_syscall *call);
long diolate_syscall_result(void);
void diolate_syscall_change(long ret);

#endif
