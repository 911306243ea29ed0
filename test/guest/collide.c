// SPDX-License-Identifier: GPL-2.0-only
/*
 * One deterministic collision, and what came of it.
 *
 *   collide [options] DEVICE FILE
 *
 * DEVICE is the dm device below, "-" for one that is not held: that completes nothing before it is
 * polled, or (--inline) whatever is submitted at once.
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
 *   pos     the offset of FILE after the first write, if it is a synchronous one
 *   pid     of the submitter, in the pid namespace of /proc
 *   again   result of the same write once more, with --twice
 *
 * No luck and no sleep: the writes are held until the byte is stored.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collide.h"
#include "guest.h"

struct options opt = {
	.size = 65536, .length = 65536, .writes = 1, .stores = 1, .place = SIZE_MAX,
};

struct progress *shared;

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
		"  --uncommitted what FILE has before is on the disk, but the journal is not committed\n"
		"  --keep        FILE is there already and is written over as it is\n"
		"  --stores N    into how many of them, evenly spread, a byte is stored (1)\n"
		"  --submitted   not before io_submit() has returned; else as soon as the first write has\n"
		"                dropped that page from the cache, as one that is waited for does\n"
		"  --place N     store at this offset of the file (5 bytes into the write)\n"
		"  --beyond N    store one more byte, at this offset\n"
		"  --by HOW      not by an instruction: by process_vm_writev() if HOW is vm; else by a direct\n"
		"                read of a page of the file HOW, which has to be full of s; seek: by an\n"
		"                instruction, after a call that locks the inode to read\n"
		"  --again       store once more, after what runs while all are in flight\n"
		"  --during CMD  a shell command while all are in flight, after the stores\n"
		"  --first CMD   one that runs from when the first write has completed\n"
		"  --uid N       open FILE as this user (0)\n"
		"  --limit N     no file may become longer than that (setrlimit)\n"
		"  --through P   write to P, a block device on top of FILE\n"
		"  --sync[=HOW]  pwrite() and not io_submit(); HOW is another call: write, writev,\n"
		"                pwritev, pwritev2, dsync (with RWF_DSYNC), nowait (first with RWF_NOWAIT),\n"
		"                current (pwritev2() at the offset), sendfile, splice, or ia32 (the\n"
		"                write() of a program of 32 bits)\n"
		"  --alarm[=HOW] SIGALRM each millisecond meanwhile; HOW is restart\n"
		"  --meanwhile W while the write is in flight; W is kill (the writer is, by SIGKILL),\n"
		"                dup2 (a thread puts another file at its descriptor), close, or seek (a\n"
		"                process that shares the offset sets it to 12288)\n"
		"  --twice       write once more at the end, when nothing is mapped\n"
		"  --append      open with O_APPEND\n"
		"  --uring[=HOW] io_uring and not io_submit(); HOW is sqpoll (the kernel's thread\n"
		"                submits), fixed (registered file and buffer), iopoll (completions\n"
		"                are polled), quiet (the same, and a success is not told) or linked\n"
		"                (an fsync comes after: link=its result)\n"
		"  --process HOW the libaio submitter has made more contexts before (many), has ended its\n"
		"                first thread (thread); or once the write is in flight, a child of it\n"
		"                waits for the result, by fork() (forked), by vfork() (vforked), or as a\n"
		"                process with the same memory (shared); or such a one has submitted, and\n"
		"                ended (left)\n"
		"  --inline      the write waits for the last page of its data, until the byte is stored\n"
		"  --dsync       open with O_DSYNC\n");
	exit(2);
}

size_t offset_of(unsigned int i)
{
	return opt.offset + (opt.overlap ? 0 : i * opt.length);
}

/* Where store number i goes. */
static size_t place_of(unsigned int i)
{
	return opt.place != SIZE_MAX ? opt.place : offset_of(i * opt.writes / opt.stores) + 5;
}

/* The first page that is stored into, in which the write begins or which it covers. */
static char *first_stored(char *map)
{
	return map + (opt.place != SIZE_MAX ? opt.place : offset_of(0)) / PAGE * PAGE;
}

pid_t start(const char *command)
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

void finish(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		errx(1, "a child failed");
}

bool held_by_nobody(void)
{
	return !strcmp(opt.device, "-");
}

/* Of the first write; see --inline. */
static char *last_page_of_data(char *data)
{
	return data + opt.length - PAGE;
}

static void make_device(const char *action)
{
	if (!held_by_nobody())
		device(action, opt.device);
}

/* Also of a process that has failed: who waits for the device would wait for an hour. */
static void let_go(void)
{
	static bool done;

	if (done)
		return;
	/* Before: it may fail, and end the process, too. */
	done = true;
	make_device("release");
}

/* Into the mapping of the parent too, which is at the same address. */
static void store_by(char *map, size_t at)
{
	char c = 's';
	struct iovec from = { &c, 1 }, to = { map + at, 1 };
	int fd;

	if (!opt.by) {
		map[at] = c;
	} else if (!strcmp(opt.by, "vm")) {
		if (process_vm_writev(getppid(), &from, 1, &to, 1, 0) != 1)
			err(1, "process_vm_writev");
	} else if (!strcmp(opt.by, "seek")) {
		fd = open(opt.file, O_RDONLY);
		if (fd < 0 || lseek(fd, 0, SEEK_DATA) < 0 || close(fd))
			err(1, "%s", opt.file);
		map[at] = c;
	} else {
		fd = open(opt.by, O_RDONLY | O_DIRECT);
		if (fd < 0 || read(fd, map + at / PAGE * PAGE, PAGE) != (ssize_t)PAGE || close(fd))
			err(1, "%s", opt.by);
	}
}

#define WRITTEN (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

static void make_file(void)
{
	char *old = malloc(opt.written);
	struct stat st;
	int fd = open(opt.file, O_WRONLY | (opt.keep ? 0 : O_CREAT | O_TRUNC), 0600);

	if (fd < 0 || !old)
		err(1, "%s", opt.file);
	memset(old, 'o', opt.written);
	if (write(fd, old, opt.written) != (ssize_t)opt.written || fstat(fd, &st))
		err(1, "%s: writing", opt.file);
	/* Not if it is that long, or ext4 would read the block in which it ends. */
	if ((st.st_size < (off_t)opt.size && ftruncate(fd, opt.size)) ||
	    (opt.uncommitted ? sync_file_range(fd, 0, 0, WRITTEN) : fsync(fd)) || close(fd))
		err(1, "%s: writing", opt.file);
	free(old);
}

void say(bool *what)
{
	__atomic_store_n(what, true, __ATOMIC_RELEASE);
}

bool is_said(const bool *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

/* Wait for who writes, as long as there is anybody. */
static void yield_to(pid_t writer)
{
	if (getppid() != writer)
		errx(1, "nobody writes any more");
	sched_yield();
}

/*
 * The other process: when the writes are in flight, store, and let them go. They are when a libaio
 * submitter says so; a write that its submitter waits for, or hands on, tells by its page, which it
 * drops from the cache before it goes out, but perhaps long before.
 */
static void store(char *map, char *data, pid_t writer)
{
	char *page = first_stored(map);
	unsigned int i;
	int status;

	/* Not the name of the one that writes. */
	prctl(PR_SET_NAME, "storer");
	atexit(let_go);
	if (opt.in_line)
		withhold_await();
	while (!is_said(&shared->submitted) && (opt.writes > 1 || opt.submitted || resident(page)))
		yield_to(writer);
	for (i = 0; i < opt.stores; i++)
		store_by(map, place_of(i));
	if (opt.beyond)
		map[opt.beyond] = 's';
	say(&shared->stored);
	say(&shared->in_flight);
	if (opt.meanwhile && !strcmp(opt.meanwhile, "kill"))
		kill(getppid(), SIGKILL);
	else if (opt.meanwhile)
		while (!is_said(&shared->sought))
			yield_to(writer);
	status = opt.during ? system(opt.during) : 0;
	if (opt.again)
		map[place_of(0)] = 't';
	let_go();
	if (opt.in_line)
		withhold_give(last_page_of_data(data), 'n');
	if (status)
		errx(1, "%s: status %d", opt.during, status);
	exit(0);
}

/* What the disk holds of the writes, whatever the cache says. */
static void print_undone(int fd, const char *after)
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
	printf(" undone%s=%zu first%s=%zu last%s=%zu", after, undone, after, first, after, last);
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
		{ "uncommitted", 0, NULL, 'c' },
		{ "keep", 0, NULL, 'k' },
		{ "stores", 1, NULL, 'n' },
		{ "submitted", 0, NULL, 'm' },
		{ "place", 1, NULL, 'p' },
		{ "beyond", 1, NULL, 'b' },
		{ "by", 1, NULL, 'B' },
		{ "again", 0, NULL, 'a' },
		{ "during", 1, NULL, 'd' },
		{ "first", 1, NULL, 'f' },
		{ "limit", 1, NULL, 'L' },
		{ "uid", 1, NULL, 'u' },
		{ "through", 1, NULL, 't' },
		{ "sync", 2, NULL, 'S' },
		{ "alarm", 2, NULL, 'A' },
		{ "meanwhile", 1, NULL, 'M' },
		{ "twice", 0, NULL, 'T' },
		{ "append", 0, NULL, 'P' },
		{ "uring", 2, NULL, 'U' },
		{ "process", 1, NULL, 'R' },
		{ "inline", 0, NULL, 'i' },
		{ "dsync", 0, NULL, 'D' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.size = number(optarg, SIZE_MAX);
			break;
		case 'W':
			opt.written = number(optarg, SIZE_MAX);
			break;
		case 'o':
			opt.offset = number(optarg, SIZE_MAX);
			break;
		case 'l':
			opt.length = number(optarg, SIZE_MAX);
			break;
		case 'w':
			opt.writes = number(optarg, SIZE_MAX);
			break;
		case 'n':
			opt.stores = number(optarg, SIZE_MAX);
			break;
		case 'm':
			opt.submitted = true;
			break;
		case 'p':
			opt.place = number(optarg, SIZE_MAX);
			break;
		case 'b':
			opt.beyond = number(optarg, SIZE_MAX);
			break;
		case 'B':
			opt.by = optarg;
			break;
		case 'a':
			opt.again = true;
			break;
		case 'd':
			opt.during = optarg;
			break;
		case 'f':
			opt.first = optarg;
			break;
		case 'L':
			opt.limit = number(optarg, SIZE_MAX);
			break;
		case 'u':
			opt.uid = number(optarg, UINT16_MAX);
			break;
		case 't':
			opt.through = optarg;
			/* The file is there already, below the device. */
			opt.keep = true;
			break;
		case 'O':
			opt.overlap = true;
			break;
		case 'c':
			opt.uncommitted = true;
			break;
		case 'k':
			opt.keep = true;
			break;
		case 'S':
			opt.write = write_sync;
			opt.sync = optarg ? optarg : "pwrite";
			break;
		case 'A':
			opt.alarm = optarg ? optarg : "";
			break;
		case 'M':
			opt.meanwhile = optarg;
			break;
		case 'T':
			opt.twice = true;
			break;
		case 'P':
			opt.flags |= O_APPEND;
			break;
		case 'U':
			opt.write = write_uring;
			opt.uring = optarg ? optarg : "";
			break;
		case 'R':
			opt.process = optarg;
			break;
		case 'i':
			opt.in_line = true;
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
	    ((opt.write != write_libaio || opt.through) && (opt.writes > 1 || opt.submitted)))
		usage();
	if (opt.sync && !sync_is_known())
		usage();
	opt.device = argv[optind];
	opt.file = argv[optind + 1];
	if ((opt.in_line && !held_by_nobody()) || (opt.process && opt.write != write_libaio))
		usage();
}

/* Whatever the pid namespace of this process is. */
static void print_pid(void)
{
	char pid[16] = "";

	if (readlink("/proc/self", pid, sizeof(pid) - 1) < 0)
		err(1, "/proc/self");
	printf(" pid=%s", pid);
}

static void collide(void)
{
	unsigned int i, ok = 0, eio = 0;
	long res[MAX_WRITES] = { 0 };
	struct stat st;
	char *map, *data;
	int fd, target;
	pid_t writer, child;

	make_file();
	if (chmod(opt.file, 0666) || seteuid(opt.uid))
		err(1, "%s: as user %u", opt.file, opt.uid);
	fd = open(opt.file, O_RDWR | O_DIRECT | opt.flags);
	if (fd < 0 || seteuid(0))
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
	if (!resident(first_stored(map)))
		(void)__atomic_load_n(first_stored(map), __ATOMIC_RELAXED);

	if (opt.sync)
		prepare_sync(target);
	make_device("hold");
	if (opt.in_line)
		withhold_init();
	writer = getpid();
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		store(map, data, writer);
	if (opt.limit) {
		struct rlimit limit = { opt.limit, opt.limit };

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit))
			err(1, "setrlimit");
	}
	/* Only now: btrfs writes memory that is shared since a fork through the page cache. */
	memset(data, 'n', opt.length);
	if (opt.in_line)
		withhold(last_page_of_data(data));
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
	print_undone(opt.meanwhile ? open(opt.file, O_RDONLY | O_DIRECT) : fd, "");
	if (fstat(fd, &st))
		err(1, "%s", opt.file);
	printf(" size=%lld", (long long)st.st_size);
	print_pid();
	printf(" storer=%d", child);
	if (opt.sync)
		printf(" pos=%lld", (long long)shared->pos);
	if (opt.twice) {
		munmap(map, opt.size);
		opt.write(target, data, res);
		printf(" again=%ld", res[0]);
		print_undone(fd, "_again");
	}
	putchar('\n');
}

static void *collide_in_thread(void *unused)
{
	(void)unused;
	collide();
	exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	parse(argc, argv);
	if (!opt.process || strcmp(opt.process, "thread")) {
		collide();
		return 0;
	}
	if (pthread_create(&thread, NULL, collide_in_thread, NULL))
		errx(1, "pthread_create");
	pthread_exit(NULL);
}
