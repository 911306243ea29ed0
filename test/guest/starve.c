// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one allocation of memory fail that the kernel makes for this program (Documentation/fault-injection of
 * the kernel: fail-nth), the NTH of those that failslab and fail_page_alloc are set to.
 *
 *   starve NTH load FILE [PARAMETERS]   ... in finit_module() of a module
 *   starve NTH write FILE TEXT          ... in write() to a file, as of a parameter
 *
 * Prints two numbers: whether an allocation failed, 0 or 1, and the error of the system call, 0 if it had none.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NTH "/proc/self/fail-nth"

int main(int argc, char **argv)
{
	bool load = argc >= 4 && !strcmp(argv[2], "load");
	const char *text = argc > 4 ? argv[4] : "";
	int file, nth, error;
	char left[16] = "";
	ssize_t length;
	long done;

	if (!load && !(argc == 5 && !strcmp(argv[2], "write")))
		errx(2, "usage: starve NTH load FILE [PARAMETERS] | starve NTH write FILE TEXT");
	file = open(argv[3], load ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
	if (file < 0)
		err(1, "%s", argv[3]);
	nth = open(NTH, O_RDWR | O_CLOEXEC);
	if (nth < 0 || pwrite(nth, argv[1], strlen(argv[1]), 0) < 0)
		err(1, "%s", NTH);
	done = load ? syscall(SYS_finit_module, file, text, 0) : write(file, text, strlen(text));
	error = done < 0 ? errno : 0;
	/* What is left to count is 0 if an allocation failed. */
	length = pread(nth, left, sizeof(left) - 1, 0);
	if (length <= 0 || pwrite(nth, "0", 1, 0) < 0)
		err(1, "%s", NTH);
	printf("%d %d\n", !strtol(left, NULL, 10), error);
	return 0;
}
