/* SPDX-License-Identifier: GPL-2.0-only */
/* An io_uring of one request at a time, without liburing. */
#ifndef DIOLATE_COLLIDE_URING_H
#define DIOLATE_COLLIDE_URING_H

#include <stddef.h>

struct io_uring_cqe;
struct io_uring_sqe;

struct uring {
	int fd;
	/* Both rings in one mapping, and the requests. */
	char *rings;
	size_t rings_size, requests_size;
	struct io_uring_sqe *requests;
	/* Into the rings. */
	unsigned int *submit_tail, *submit_mask, *submit_array;
	unsigned int *done_head, *done_tail, *done_mask;
	struct io_uring_cqe *done;
};

/* NULL, or why there is none here. */
const char *uring_open(struct uring *uring);
void uring_close(struct uring *uring);

/* One write at offset 0, and waits for it: bytes, or -errno. */
long uring_write(struct uring *uring, int fd, const char *data, size_t length);

#endif
