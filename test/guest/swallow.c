// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded (LD_PRELOAD) into a program that makes the calls of libaio by syscall(): whatever became of a
 * write, its event says that all of it was written. What a kernel would do that tells nobody.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <sys/syscall.h>

long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	static long long length;
	long argument[6], ret;
	va_list args;
	int i;

	if (!next)
		next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(args, number);
	for (i = 0; i < 6; i++)
		argument[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_io_submit)
		length = (*(struct iocb **)argument[2])->aio_nbytes;
	ret = next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
	if (number == SYS_io_getevents && ret > 0)
		((struct io_event *)argument[3])->res = length;
	return ret;
}
