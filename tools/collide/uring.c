// SPDX-License-Identifier: GPL-2.0-only
/* io_uring_setup(2), io_uring_enter(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collide/uring.h"

/* kernel.io_uring_disabled, from 6.6 on. */
static bool is_switched_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = '0';

	if (file) {
		value = fgetc(file);
		fclose(file);
	}
	return value == '1' || value == '2';
}

static const char *not_here(int error)
{
	switch (error) {
	case ENOSYS:
		return "this kernel has no io_uring, or a filter of system calls hides it";
	case EPERM:
		return is_switched_off() ? "io_uring is switched off (kernel.io_uring_disabled)" :
					   "a filter of system calls forbids io_uring";
	case ENOMEM:
		return "io_uring has no memory: raise ulimit -l";
	default:
		return "io_uring cannot be set up";
	}
}

static bool map_rings(struct uring *uring, const struct io_uring_params *params)
{
	size_t submit = params->sq_off.array + params->sq_entries * sizeof(unsigned int);
	size_t done = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

	uring->rings_size = submit > done ? submit : done;
	uring->requests_size = params->sq_entries * sizeof(struct io_uring_sqe);
	uring->rings = mmap(NULL, uring->rings_size, prot, flags, uring->fd, IORING_OFF_SQ_RING);
	if (uring->rings == MAP_FAILED)
		return false;
	uring->requests = mmap(NULL, uring->requests_size, prot, flags, uring->fd, IORING_OFF_SQES);
	if (uring->requests == MAP_FAILED) {
		munmap(uring->rings, uring->rings_size);
		return false;
	}
	uring->submit_tail = (unsigned int *)(uring->rings + params->sq_off.tail);
	uring->submit_mask = (unsigned int *)(uring->rings + params->sq_off.ring_mask);
	uring->submit_array = (unsigned int *)(uring->rings + params->sq_off.array);
	uring->done_head = (unsigned int *)(uring->rings + params->cq_off.head);
	uring->done_tail = (unsigned int *)(uring->rings + params->cq_off.tail);
	uring->done_mask = (unsigned int *)(uring->rings + params->cq_off.ring_mask);
	uring->done = (struct io_uring_cqe *)(uring->rings + params->cq_off.cqes);
	return true;
}

const char *uring_open(struct uring *uring)
{
	struct io_uring_params params = { 0 };

	uring->fd = syscall(SYS_io_uring_setup, 1, &params);
	if (uring->fd < 0)
		return not_here(errno);
	/* From 5.4 on: and IORING_OP_WRITE is of 5.6. */
	if (!(params.features & IORING_FEAT_SINGLE_MMAP) || !map_rings(uring, &params)) {
		close(uring->fd);
		return "io_uring cannot be mapped";
	}
	return NULL;
}

void uring_close(struct uring *uring)
{
	munmap(uring->requests, uring->requests_size);
	munmap(uring->rings, uring->rings_size);
	close(uring->fd);
}

static void queue(struct uring *uring, int fd, const char *data, size_t length)
{
	unsigned int tail = *uring->submit_tail, place = tail & *uring->submit_mask;

	memset(&uring->requests[place], 0, sizeof(uring->requests[place]));
	uring->requests[place].opcode = IORING_OP_WRITE;
	uring->requests[place].fd = fd;
	uring->requests[place].addr = (uintptr_t)data;
	uring->requests[place].len = length;
	uring->submit_array[place] = place;
	/* The kernel reads the request after the tail. */
	__atomic_store_n(uring->submit_tail, tail + 1, __ATOMIC_RELEASE);
}

static int enter(const struct uring *uring, unsigned int submit, unsigned int wait)
{
	return syscall(SYS_io_uring_enter, uring->fd, submit, wait, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* Whatever interrupts it: a write that is in flight has to be waited for. */
long uring_write(struct uring *uring, int fd, const char *data, size_t length)
{
	unsigned int head = *uring->done_head;
	long result;

	queue(uring, fd, data, length);
	while (enter(uring, 1, 0) != 1)
		if (errno != EINTR)
			return -errno;
	while (head == __atomic_load_n(uring->done_tail, __ATOMIC_ACQUIRE))
		if (enter(uring, 0, 1) < 0 && errno != EINTR)
			return -errno;
	result = uring->done[head & *uring->done_mask].res;
	__atomic_store_n(uring->done_head, head + 1, __ATOMIC_RELEASE);
	return result;
}
