// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer sees of a program's last system call of a number, as strace would.
 *
 *   traced NUMBER COMMAND...
 *
 * Runs the command, and prints a line seen=RESULT at its end: bytes, or -errno.
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

int main(int argc, char **argv)
{
	struct ptrace_syscall_info info;
	unsigned long long number_wanted;
	long long seen = 0;
	bool inside = false;
	int status, signal;
	pid_t child;

	if (argc < 3)
		errx(2, "usage: traced NUMBER COMMAND...");
	number_wanted = number(argv[1], 4096);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			err(1, "ptrace");
		execvp(argv[2], argv + 2);
		err(1, "%s", argv[2]);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD))
		errx(1, "the child does not stop");
	for (signal = 0;;) {
		if (ptrace(PTRACE_SYSCALL, child, NULL, signal) || waitpid(child, &status, 0) != child)
			err(1, "ptrace");
		if (!WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status);
		if (signal != (SIGTRAP | 0x80)) {
			signal = signal == SIGTRAP ? 0 : signal;
			continue;
		}
		signal = 0;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
			err(1, "PTRACE_GET_SYSCALL_INFO");
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			inside = info.entry.nr == number_wanted;
		else if (info.op == PTRACE_SYSCALL_INFO_EXIT && inside)
			seen = info.exit.rval;
	}
	printf("seen=%lld\n", seen);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
