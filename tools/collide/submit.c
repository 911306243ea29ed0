// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collide/submit.h"

const char *way_name(enum way way)
{
	static const char *const names[WAYS] = {
		[WAY_LIBAIO] = "libaio", [WAY_IO_URING] = "io_uring", [WAY_PWRITE] = "pwrite",
	};

	return names[way];
}

static const char *open_aio(aio_context_t *context)
{
	*context = 0;
	if (!syscall(SYS_io_setup, 1, context))
		return NULL;
	switch (errno) {
	case ENOSYS:
		return "this kernel has no libaio, or a filter of system calls hides it";
	case EPERM:
		return "a filter of system calls forbids libaio";
	case EAGAIN:
		return "all of fs.aio-max-nr is in use";
	default:
		return "libaio cannot be set up";
	}
}

const char *submitter_open(struct submitter *submitter, enum way way)
{
	submitter->way = way;
	if (way == WAY_LIBAIO)
		return open_aio(&submitter->aio);
	return way == WAY_IO_URING ? uring_open(&submitter->uring) : NULL;
}

void submitter_close(struct submitter *submitter)
{
	if (submitter->way == WAY_LIBAIO)
		syscall(SYS_io_destroy, submitter->aio);
	if (submitter->way == WAY_IO_URING)
		uring_close(&submitter->uring);
}

/* Whatever interrupts it: a write that is in flight has to be waited for. */
static long write_aio(aio_context_t context, int fd, const char *data, size_t length)
{
	struct iocb iocb = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd,
			     .aio_buf = (uintptr_t)data, .aio_nbytes = length };
	struct iocb *list[] = { &iocb };
	struct io_event event;
	long n;

	if (syscall(SYS_io_submit, context, 1, list) != 1)
		return -errno;
	do {
		n = syscall(SYS_io_getevents, context, 1, 1, &event, NULL);
	} while (!n || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : (long)event.res;
}

long submitter_write(struct submitter *submitter, int fd, const char *data, size_t length)
{
	ssize_t n;

	switch (submitter->way) {
	case WAY_LIBAIO:
		return write_aio(submitter->aio, fd, data, length);
	case WAY_IO_URING:
		return uring_write(&submitter->uring, fd, data, length);
	default:
		do {
			n = pwrite(fd, data, length, 0);
		} while (n < 0 && errno == EINTR);
		return n < 0 ? -errno : n;
	}
}
