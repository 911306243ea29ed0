// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways in which collide submits its writes and gets their results.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collide.h"
#include "guest.h"

static bool sync_is(const char *how)
{
	return !strcmp(opt.sync, how);
}

bool sync_is_known(void)
{
	static const char *const known[] = {
		"pwrite", "write", "writev", "pwritev", "pwritev2", "dsync", "nowait", "current",
		"sendfile", "splice", "filtered",
#ifdef __x86_64__
		"ia32",
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (sync_is(known[i]))
			return true;
	return false;
}

/* What sendfile() and splice() take: a file in memory, a pipe. */
static int source[2];

void prepare_sync(int fd)
{
	char *data = malloc(opt.length);

	/* Of a file that is appended to the offset says nothing about where. */
	if (!data || lseek(fd, opt.flags & O_APPEND ? (off_t)PAGE : (off_t)opt.offset, SEEK_SET) < 0)
		err(1, "lseek");
	memset(data, 'n', opt.length);
	if (sync_is("sendfile")) {
		source[0] = memfd_create("source", 0);
		if (source[0] < 0 || pwrite(source[0], data, opt.length, 0) != (ssize_t)opt.length)
			err(1, "memfd_create");
	}
	if (sync_is("splice") &&
	    (pipe(source) || fcntl(source[0], F_SETPIPE_SZ, opt.length) < (int)opt.length ||
	     write(source[1], data, opt.length) != (ssize_t)opt.length))
		err(1, "pipe");
	free(data);
}

/* Each call is looked at first, and allowed. */
static ssize_t write_filtered(int fd, const char *data)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "prctl");
	return write(fd, data, opt.length);
}

#ifdef __x86_64__
/* What write() of a program of 32 bits is for the kernel. Its memory is below 4 GiB. */
static long write_ia32(int fd, const char *data)
{
	char *low = mmap(NULL, opt.length, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret = 4;

	if (low == MAP_FAILED)
		err(1, "mmap");
	memcpy(low, data, opt.length);
	asm volatile("int $0x80" : "+a"(ret)
		     : "b"((long)fd), "c"(low), "d"(opt.length)
		     : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
	errno = -ret;
	return ret < 0 ? -1 : ret;
}
#endif

static ssize_t write_by_call(int fd, char *data)
{
	struct iovec part[2] = {
		{ data, opt.length / 2 }, { data + opt.length / 2, opt.length - opt.length / 2 },
	};
	off_t at = offset_of(0);

	if (sync_is("write"))
		return write(fd, data, opt.length);
	if (sync_is("writev"))
		return writev(fd, part, 2);
	if (sync_is("pwritev"))
		return pwritev(fd, part, 2, at);
	if (sync_is("pwritev2"))
		return pwritev2(fd, part, 2, at, 0);
	if (sync_is("dsync"))
		return pwritev2(fd, part, 2, at, RWF_DSYNC);
	if (sync_is("nowait")) {
		ssize_t ret = pwritev2(fd, part, 2, at, RWF_NOWAIT);

		/* It may not wait for what is cached to be dropped; vfat has no such writes. */
		return ret < 0 && (errno == EAGAIN || errno == EOPNOTSUPP) ?
			       pwritev2(fd, part, 2, at, 0) : ret;
	}
	if (sync_is("current"))
		return pwritev2(fd, part, 2, -1, 0);
	if (sync_is("sendfile"))
		return sendfile(fd, source[0], &(off_t){ 0 }, opt.length);
	if (sync_is("splice"))
		return splice(source[0], NULL, fd, NULL, opt.length, 0);
	if (sync_is("filtered"))
		return write_filtered(fd, data);
#ifdef __x86_64__
	if (sync_is("ia32"))
		return write_ia32(fd, data);
#endif
	return pwrite(fd, data, opt.length, at);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void set_alarm(long us)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { { 0, us }, { 0, us } };

	if (!strcmp(opt.alarm, "restart"))
		action.sa_flags = SA_RESTART;
	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &timer, NULL))
		err(1, "setitimer");
}

/* Another file at the descriptor, or none, of this process with all its threads, when the write is in flight. */
static void *put_another(void *fd)
{
	bool closes = !strcmp(opt.meanwhile, "close");
	int other = memfd_create("other", 0);

	while (!is_said(&shared->in_flight))
		sched_yield();
	if (other < 0 || (closes ? close(*(int *)fd) : dup2(other, *(int *)fd)) < 0)
		err(1, "%s", opt.meanwhile);
	say(&shared->sought);
	return NULL;
}

/* Of another process; it waits for the lock of the offset, which the write has. */
static pid_t seek_meanwhile(int fd)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (child)
		return child;
	while (!is_said(&shared->in_flight))
		sched_yield();
	say(&shared->sought);
	_exit(lseek(fd, 12288, SEEK_SET) != 12288);
}

void write_sync(int fd, char *data, long *res)
{
	bool seeks = opt.meanwhile && !strcmp(opt.meanwhile, "seek");
	bool puts = opt.meanwhile && (!strcmp(opt.meanwhile, "dup2") || !strcmp(opt.meanwhile, "close"));
	pid_t seeker = seeks ? seek_meanwhile(fd) : 0;
	pthread_t thread;
	ssize_t ret;

	if (puts && pthread_create(&thread, NULL, put_another, &fd))
		errx(1, "pthread_create");
	if (opt.alarm)
		set_alarm(1000);
	ret = write_by_call(fd, data);
	*res = ret < 0 ? -errno : ret;
	if (opt.alarm)
		set_alarm(0);
	if (puts)
		pthread_join(thread, NULL);
	if (seeks)
		finish(seeker);
	shared->pos = lseek(fd, 0, SEEK_CUR);
}

static bool process_is(const char *how)
{
	return opt.process && !strcmp(opt.process, how);
}

/* Of write_libaio(), for those who share its memory: what is submitted, and what comes of it. */
static struct {
	io_context_t ctx;
	struct iocb **list;
	struct io_event *events;
	int n;
} aio;

static int submit_all(void *unused)
{
	(void)unused;
	aio.n = io_submit(aio.ctx, opt.writes, aio.list);
	return 0;
}

static int get_all(void *unused)
{
	(void)unused;
	say(&shared->submitted);
	aio.n = io_getevents(aio.ctx, opt.writes, opt.writes, aio.events, NULL);
	return 0;
}

/* A process that shares the memory, but is no thread. */
static void run_sharing(int (*function)(void *unused))
{
	char *stack = malloc(64 * PAGE);
	pid_t child = stack ? clone(function, stack + 64 * PAGE, CLONE_VM | SIGCHLD, NULL) : -1;

	if (child < 0)
		err(1, "clone");
	finish(child);
	free(stack);
}

static void run_by_vfork(void)
{
	pid_t child = vfork();

	if (child < 0)
		err(1, "vfork");
	if (!child) {
		get_all(NULL);
		_exit(0);
	}
	finish(child);
}

/* One of its own memory, until the result is there. */
static void get_beside_child(void)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		pause();
		_exit(0);
	}
	get_all(NULL);
	if (kill(child, SIGKILL) || waitpid(child, NULL, 0) != child)
		err(1, "kill");
}

/* With a context that is not the first, nor in the first table of the process. */
static void make_contexts(void)
{
	io_context_t other[20];
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		other[i] = NULL;
		err = io_setup(1, &other[i]);
		if (err)
			errx(1, "io_setup: %s", strerror(-err));
	}
}

/* All results, or some. */
static int get_first(void)
{
	if (process_is("forked")) {
		get_beside_child();
	} else if (process_is("vforked")) {
		run_by_vfork();
	} else if (process_is("shared")) {
		run_sharing(get_all);
	} else {
		/* What is below a loop device is submitted later, by a worker of its own. */
		if (!opt.through)
			say(&shared->submitted);
		aio.n = io_getevents(aio.ctx, 1, opt.writes, aio.events, NULL);
	}
	return aio.n;
}

/* Where a write is said to begin. With O_APPEND it begins where the file ends. */
static size_t asked_for(unsigned int i)
{
	return opt.flags & O_APPEND ? 0 : offset_of(i);
}

void write_libaio(int fd, char *data, long *res)
{
	struct iocb iocbs[MAX_WRITES], *list[MAX_WRITES];
	struct io_event events[MAX_WRITES];
	unsigned int i;
	pid_t first;
	int n;

	if (process_is("many"))
		make_contexts();
	aio.ctx = NULL;
	aio.list = list;
	aio.events = events;
	n = io_setup(opt.writes, &aio.ctx);
	if (n)
		errx(1, "io_setup: %s", strerror(-n));
	for (i = 0; i < opt.writes; i++) {
		io_prep_pwrite(&iocbs[i], fd, data, opt.length, asked_for(i));
		list[i] = &iocbs[i];
	}
	if (process_is("left"))
		run_sharing(submit_all);
	else
		submit_all(NULL);
	if (aio.n != (int)opt.writes)
		errx(1, "io_submit: %d of %u", aio.n, opt.writes);
	n = get_first();
	first = opt.first ? start(opt.first) : 0;
	if (n > 0 && n < (int)opt.writes)
		n += io_getevents(aio.ctx, opt.writes - n, opt.writes - n, events + n, NULL);
	if (n != (int)opt.writes)
		errx(1, "io_getevents: %d of %u", n, opt.writes);
	if (first)
		finish(first);
	for (i = 0; i < opt.writes; i++)
		res[events[i].obj - iocbs] = (long)events[i].res;
	io_destroy(aio.ctx);
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
		io_uring_prep_write_fixed(sqe, 0, data, opt.length, asked_for(0), 0);
		sqe->flags |= IOSQE_FIXED_FILE;
	} else {
		io_uring_prep_write(sqe, fd, data, opt.length, asked_for(0));
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
