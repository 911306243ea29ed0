// SPDX-License-Identifier: GPL-2.0-only
/*
 * One deterministic collision, and what came of it.
 *
 *   collide [options] DEVICE FILE
 *
 * DEVICE is the dm device below, "-" for one that completes nothing before it is polled.
 * Writes FILE through the page cache, maps it, holds the writes of the dm device it lives on,
 * submits direct overwrites, stores a byte through the mapping into some of them while all are in
 * flight, releases the device and prints one line of key=value:
 *
 *   res     result of the first write, bytes or -errno
 *   ok, eio, other   how many writes ended with their full length, with -EIO, otherwise
 *   fsync   result of an fsync() afterwards
 *   undone  bytes of the writes that are not on the disk after that, read with O_DIRECT;
 *   first, last   the offsets of the first and the last of them
 *   size    of the file
 *
 * No luck and no sleep: the writes are held until the byte is stored.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libaio.h>
#include <liburing.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define MAX_WRITES 256

static struct {
	const char *device, *file, *through, *during, *first;
	size_t size, written, offset, length, limit;
	unsigned int writes, stores;
	void (*write)(int fd, char *data, long *res);
	const char *uring;
	int flags;
	bool keep, overlap;
} opt = { .size = 65536, .length = 65536, .writes = 1, .stores = 1 };

/* Shared by the submitter and the process that stores. */
static struct {
	bool submitted, stored;
} *shared;

static void usage(void)
{
	fprintf(stderr,
		"usage: collide [options] DEVICE FILE\n"
		"  --size N      bytes the file has before (65536)\n"
		"  --written N   of these that are written, the rest is a hole (all)\n"
		"  --offset N    where the first write begins (0)\n"
		"  --length N    bytes of each write (65536)\n"
		"  --writes N    writes in flight at once, one behind the other (1)\n"
		"  --overlap     all of them at the same place\n"
		"  --keep        FILE is there already and is written over as it is\n"
		"  --stores N    into how many of them, evenly spread, a byte is stored (1)\n"
		"  --during CMD  a shell command while all are in flight, after the stores\n"
		"  --first CMD   one that runs from when the first write has completed\n"
		"  --limit N     no file may become longer than that (setrlimit)\n"
		"  --through P   write to P, a block device on top of FILE\n"
		"  --sync        pwrite() and not io_submit()\n"
		"  --uring[=HOW] io_uring and not io_submit(); HOW is sqpoll (the kernel's thread\n"
		"                submits), fixed (registered file and buffer), iopoll (completions\n"
		"                are polled) or linked (an fsync comes after: link=its result)\n"
		"  --dsync       open with O_DSYNC\n");
	exit(2);
}

static size_t number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 0);

	if (*end || end == s)
		errx(2, "%s: not a number", s);
	return n;
}

static size_t offset_of(unsigned int i)
{
	return opt.offset + (opt.overlap ? 0 : i * opt.length);
}

static void run(const char *command)
{
	int status = system(command);

	if (status)
		errx(1, "%s: status %d", command, status);
}

static pid_t start(const char *command)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		run(command);
		_exit(0);
	}
	return child;
}

static void finish(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		errx(1, "a child failed");
}

static bool held_by_nobody(void)
{
	return !strcmp(opt.device, "-");
}

/* Hold or release the writes of the device. */
static void device(const char *action)
{
	char command[128];

	if (held_by_nobody())
		return;
	snprintf(command, sizeof(command), "/lib-guest/dm.sh %s %s", action, opt.device);
	run(command);
}

static void make_file(void)
{
	char *old = malloc(opt.written);
	int fd = open(opt.file, O_WRONLY | (opt.keep ? 0 : O_CREAT | O_TRUNC), 0600);

	if (fd < 0 || !old)
		err(1, "%s", opt.file);
	memset(old, 'o', opt.written);
	if (write(fd, old, opt.written) != (ssize_t)opt.written || ftruncate(fd, opt.size) ||
	    fsync(fd) || close(fd))
		err(1, "%s: writing", opt.file);
	free(old);
}

static void say(bool *what)
{
	__atomic_store_n(what, true, __ATOMIC_RELEASE);
}

static bool is_said(const bool *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

static bool resident(char *page)
{
	unsigned char vec;

	if (mincore(page, 1, &vec))
		err(1, "mincore");
	return vec & 1;
}

/*
 * The other process: when the writes are in flight, store, and let them go. They are when a libaio
 * submitter says so; a write that its submitter waits for, or hands on, tells by its page, which it
 * drops from the cache before it goes out.
 */
static void store(char *map)
{
	char *page = map + offset_of(0) / PAGE * PAGE;
	unsigned int i;
	int status;

	while (!is_said(&shared->submitted) && (opt.writes > 1 || resident(page)))
		sched_yield();
	for (i = 0; i < opt.stores; i++)
		map[offset_of(i * opt.writes / opt.stores) + 5] = 's';
	say(&shared->stored);
	/* Released in any case, or the submitter would wait for ever. */
	status = opt.during ? system(opt.during) : 0;
	device("release");
	if (status)
		errx(1, "%s: status %d", opt.during, status);
	exit(0);
}

static void write_sync(int fd, char *data, long *res)
{
	ssize_t ret = pwrite(fd, data, opt.length, offset_of(0));

	*res = ret < 0 ? -errno : ret;
}

static void write_libaio(int fd, char *data, long *res)
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
static void write_uring(int fd, char *data, long *res)
{
	unsigned int flags = (uring_is("sqpoll") ? IORING_SETUP_SQPOLL : 0) |
			     (uring_is("iopoll") ? IORING_SETUP_IOPOLL : 0);
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

/* What the disk holds of the writes, whatever the cache says. */
static void print_undone(int fd)
{
	size_t all = offset_of(opt.writes - 1) + opt.length - opt.offset;
	size_t undone = 0, first = 0, last = 0, i;
	char *disk = aligned_alloc(PAGE, all);

	if (opt.limit && all > opt.limit - opt.offset)
		all = opt.limit - opt.offset;
	if (!disk || pread(fd, disk, all, opt.offset) != (ssize_t)all)
		err(1, "%s: reading back", opt.file);
	for (i = 0; i < all; i++) {
		if (disk[i] == 'n')
			continue;
		if (!undone++)
			first = opt.offset + i;
		last = opt.offset + i;
	}
	printf(" undone=%zu first=%zu last=%zu", undone, first, last);
	free(disk);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", 1, NULL, 's' },
		{ "written", 1, NULL, 'W' },
		{ "offset", 1, NULL, 'o' },
		{ "length", 1, NULL, 'l' },
		{ "writes", 1, NULL, 'w' },
		{ "overlap", 0, NULL, 'O' },
		{ "keep", 0, NULL, 'k' },
		{ "stores", 1, NULL, 'n' },
		{ "during", 1, NULL, 'd' },
		{ "first", 1, NULL, 'f' },
		{ "limit", 1, NULL, 'L' },
		{ "through", 1, NULL, 't' },
		{ "sync", 0, NULL, 'S' },
		{ "uring", 2, NULL, 'U' },
		{ "dsync", 0, NULL, 'D' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.size = number(optarg);
			break;
		case 'W':
			opt.written = number(optarg);
			break;
		case 'o':
			opt.offset = number(optarg);
			break;
		case 'l':
			opt.length = number(optarg);
			break;
		case 'w':
			opt.writes = number(optarg);
			break;
		case 'n':
			opt.stores = number(optarg);
			break;
		case 'd':
			opt.during = optarg;
			break;
		case 'f':
			opt.first = optarg;
			break;
		case 'L':
			opt.limit = number(optarg);
			break;
		case 't':
			opt.through = optarg;
			/* The file is there already, below the device. */
			opt.keep = true;
			break;
		case 'O':
			opt.overlap = true;
			break;
		case 'k':
			opt.keep = true;
			break;
		case 'S':
			opt.write = write_sync;
			break;
		case 'U':
			opt.write = write_uring;
			opt.uring = optarg ? optarg : "";
			break;
		case 'D':
			opt.flags |= O_DSYNC;
			break;
		default:
			usage();
		}
	}
	if (!opt.write)
		opt.write = write_libaio;
	if (!opt.written)
		opt.written = opt.size;
	if (argc - optind != 2 || !opt.writes || opt.writes > MAX_WRITES ||
	    opt.stores > opt.writes ||
	    ((opt.write != write_libaio || opt.through) && opt.writes > 1))
		usage();
	opt.device = argv[optind];
	opt.file = argv[optind + 1];
}

int main(int argc, char **argv)
{
	unsigned int i, ok = 0, eio = 0;
	long res[MAX_WRITES] = { 0 };
	struct stat st;
	char *map, *data;
	int fd, target;
	pid_t child;

	parse(argc, argv);
	make_file();
	fd = open(opt.file, O_RDWR | O_DIRECT | opt.flags);
	if (fd < 0)
		err(1, "%s", opt.file);
	target = opt.through ? open(opt.through, O_RDWR | O_DIRECT | opt.flags) : fd;
	if (target < 0)
		err(1, "%s", opt.through);
	map = mmap(NULL, opt.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Read the page that is stored into and no other, which may have to wait for the write. */
	if (opt.keep && madvise(map, opt.size, MADV_RANDOM))
		err(1, "madvise");
	data = aligned_alloc(PAGE, opt.length);
	if (map == MAP_FAILED || shared == MAP_FAILED || !data)
		err(1, "mmap");
	for (i = 0; i < opt.written; i += PAGE)
		if (map[i] != 'o')
			errx(1, "%s: not what was written", opt.file);
	/* In a hole, too: store() looks whether it is there. */
	if (!resident(map + offset_of(0) / PAGE * PAGE))
		(void)__atomic_load_n(map + offset_of(0), __ATOMIC_RELAXED);

	device("hold");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		store(map);
	if (opt.limit) {
		struct rlimit limit = { opt.limit, opt.limit };

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit))
			err(1, "setrlimit");
	}
	/* Only now: btrfs writes memory that is shared since a fork through the page cache. */
	memset(data, 'n', opt.length);
	opt.write(target, data, res);
	/* If it was refused, nobody waits for it any more. */
	say(&shared->submitted);
	finish(child);

	for (i = 0; i < opt.writes; i++) {
		ok += res[i] == (long)opt.length;
		eio += res[i] == -EIO;
	}
	printf("res=%ld ok=%u eio=%u other=%u", res[0], ok, eio, opt.writes - ok - eio);
	printf(" fsync=%d", fsync(fd) ? -errno : 0);
	print_undone(fd);
	if (fstat(fd, &st))
		err(1, "%s", opt.file);
	printf(" size=%lld\n", (long long)st.st_size);
	return 0;
}
