// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways in which collide submits its writes and gets their results.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <libaio.h>
#include <liburing.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "collide.h"

void write_sync(int fd, char *data, long *res)
{
	ssize_t ret = pwrite(fd, data, opt.length, offset_of(0));

	*res = ret < 0 ? -errno : ret;
}

void write_libaio(int fd, char *data, long *res)
{
	struct iocb iocbs[MAX_WRITES], *list[MAX_WRITES];
	struct io_event events[MAX_WRITES];
	io_context_t ctx = NULL;
	unsigned int i;
	pid_t first;
	int n;

	n = io_setup(opt.writes, &ctx);
	if (n)
		errx(1, "io_setup: %s", strerror(-n));
	for (i = 0; i < opt.writes; i++) {
		io_prep_pwrite(&iocbs[i], fd, data, opt.length, offset_of(i));
		list[i] = &iocbs[i];
	}
	n = io_submit(ctx, opt.writes, list);
	if (n != (int)opt.writes)
		errx(1, "io_submit: %d of %u", n, opt.writes);
	/* What is below a loop device is submitted later, by a worker of its own. */
	if (!opt.through)
		say(&shared->submitted);
	n = io_getevents(ctx, 1, opt.writes, events, NULL);
	first = opt.first ? start(opt.first) : 0;
	if (n > 0 && n < (int)opt.writes)
		n += io_getevents(ctx, opt.writes - n, opt.writes - n, events + n, NULL);
	if (n != (int)opt.writes)
		errx(1, "io_getevents: %d of %u", n, opt.writes);
	if (first)
		finish(first);
	for (i = 0; i < opt.writes; i++)
		res[events[i].obj - iocbs] = (long)events[i].res;
	io_destroy(ctx);
}

static bool uring_is(const char *how)
{
	return !strcmp(opt.uring, how);
}

static void must(int error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

/* io_uring_submit() without what it adds in a ring that is polled: it polls, too. */
static int submit_first(struct io_uring *ring)
{
	unsigned int tail = *ring->sq.ktail;

	ring->sq.array[tail & *ring->sq.kring_mask] = 0;
	io_uring_smp_store_release(ring->sq.ktail, tail + 1);
	return io_uring_enter(ring->ring_fd, 1, 0, 0, NULL);
}

/* io_uring may hand the write to a worker, so that having submitted it says nothing. */
void write_uring(int fd, char *data, long *res)
{
	unsigned int flags = (uring_is("sqpoll") ? IORING_SETUP_SQPOLL : 0) |
			     (uring_is("iopoll") || uring_is("quiet") ? IORING_SETUP_IOPOLL : 0);
	struct iovec buffer = { data, opt.length };
	unsigned int i, n = 1 + uring_is("linked");
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	must(io_uring_queue_init(2, &ring, flags), "io_uring_queue_init");
	sqe = io_uring_get_sqe(&ring);
	if (uring_is("fixed")) {
		must(io_uring_register_buffers(&ring, &buffer, 1), "io_uring_register_buffers");
		must(io_uring_register_files(&ring, &fd, 1), "io_uring_register_files");
		io_uring_prep_write_fixed(sqe, 0, data, opt.length, offset_of(0), 0);
		sqe->flags |= IOSQE_FIXED_FILE;
	} else {
		io_uring_prep_write(sqe, fd, data, opt.length, offset_of(0));
	}
	if (uring_is("quiet"))
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	if (uring_is("linked")) {
		sqe->flags |= IOSQE_IO_LINK;
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_fsync(sqe, fd, 0);
		io_uring_sqe_set_data64(sqe, 1);
	}
	if ((held_by_nobody() ? submit_first(&ring) : io_uring_submit(&ring)) != (int)n)
		errx(1, "io_uring_submit: not all");
	while (held_by_nobody() && !is_said(&shared->stored))
		sched_yield();
	for (i = 0; i < n; i++) {
		must(io_uring_wait_cqe(&ring, &cqe), "io_uring_wait_cqe");
		if (cqe->user_data == 1)
			printf("link=%d ", cqe->res);
		else
			*res = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	io_uring_queue_exit(&ring);
}
