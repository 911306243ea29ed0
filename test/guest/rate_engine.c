// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/Os of a round: by libaio, io_uring, or system calls that wait.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "rate.h"

static void result(struct submitter *s, long res)
{
	if (res == -EIO && is_late())
		s->eio++;
	else if (res != (long)opt.length)
		errx(1, "a result of %ld", res);
}

static void submit_libaio(struct submitter *s)
{
	struct iocb iocbs[MAX_DEPTH], *list[MAX_DEPTH];
	unsigned int i;
	int n;

	for (i = 0; i < opt.depth; i++) {
		char *data = s->data + i * opt.length;

		if (opt.what == READ)
			io_prep_pread(&iocbs[i], direct, data, opt.length, offset(s->places[i]));
		else
			io_prep_pwrite(&iocbs[i], direct, data, opt.length, offset(s->places[i]));
		list[i] = &iocbs[i];
	}
	n = io_submit(s->ctx, opt.depth, list);
	if (n != (int)opt.depth)
		errx(1, "io_submit: %d of %u", n, opt.depth);
}

static void reap_libaio(struct submitter *s)
{
	struct io_event events[MAX_DEPTH];
	unsigned int i;
	int n;

	n = io_getevents(s->ctx, opt.depth, opt.depth, events, NULL);
	if (n != (int)opt.depth)
		errx(1, "io_getevents: %d of %u", n, opt.depth);
	for (i = 0; i < opt.depth; i++)
		result(s, (long)events[i].res);
}

static void submit_uring(struct submitter *s)
{
	struct io_uring_sqe *sqe;
	unsigned int i;
	int n;

	for (i = 0; i < opt.depth; i++) {
		char *data = s->data + i * opt.length;

		sqe = io_uring_get_sqe(&s->ring);
		if (opt.what == READ)
			io_uring_prep_read(sqe, direct, data, opt.length, offset(s->places[i]));
		else
			io_uring_prep_write(sqe, direct, data, opt.length, offset(s->places[i]));
	}
	n = io_uring_submit(&s->ring);
	if (n != (int)opt.depth)
		errx(1, "io_uring_submit: %d of %u", n, opt.depth);
}

static void reap_uring(struct submitter *s)
{
	struct io_uring_cqe *cqe;
	unsigned int i;
	int n;

	n = io_uring_wait_cqes(&s->ring, &cqe, opt.depth, NULL, NULL);
	if (n)
		errx(1, "io_uring_wait_cqes: %s", strerror(-n));
	for (i = 0; i < opt.depth; i++) {
		if (io_uring_peek_cqe(&s->ring, &cqe))
			errx(1, "io_uring_peek_cqe: %u of %u", i, opt.depth);
		result(s, cqe->res);
		io_uring_cqe_seen(&s->ring, cqe);
	}
}

static void do_sync(struct submitter *s)
{
	ssize_t n = opt.what == READ ? pread(direct, s->data, opt.length, offset(s->places[0])) :
				       pwrite(direct, s->data, opt.length, offset(s->places[0]));

	result(s, n < 0 ? -errno : n);
}

void submit(struct submitter *s)
{
	if (opt.sync)
		do_sync(s);
	else if (opt.uring)
		submit_uring(s);
	else
		submit_libaio(s);
}

void reap(struct submitter *s)
{
	if (opt.sync)
		return;
	if (opt.uring)
		reap_uring(s);
	else
		reap_libaio(s);
}

/*
 * As its manual recommends, where the kernel can: completions are not told to the task one by one.
 * Else how often it is woken depends on how they fall together with all else.
 */
static int set_up_uring(struct io_uring *ring)
{
	int n = io_uring_queue_init(MAX_DEPTH, ring,
				    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	return n == -EINVAL ? io_uring_queue_init(MAX_DEPTH, ring, 0) : n;
}

void set_up(struct submitter *s)
{
	int n = opt.uring ? set_up_uring(&s->ring) : io_setup(MAX_DEPTH, &s->ctx);

	if (n)
		errx(1, "queue: %s", strerror(-n));
	s->data = aligned_alloc(PAGE, MAX_DEPTH * opt.length);
	if (!s->data)
		err(1, "aligned_alloc");
	memset(s->data, 'd', MAX_DEPTH * opt.length);
}
