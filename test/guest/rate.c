// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions a direct I/O takes, in a guest of one processor whose clock counts them
 * (VM_COUNT of test/vm/boot): the time that passes less the time that nobody does anything, which is
 * the device's. For that a thread that runs only when nobody else does spins, and its rounds are
 * counted. (What the kernel itself knows of its idle time is in no file of 7.3 to more than 10 ms.)
 *
 * I/Os of a page, each to another page of a file that is there already, in an order that is the same
 * each time. They go in rounds: as many as the depth are submitted at once, and all of them are
 * reaped. With a device that takes longer than submitting them, what is done does not depend on how
 * submissions and completions fall together, as it would in a queue that is refilled: there a few
 * instructions more would shift all that follows.
 *
 * What prepares the page cache is not counted:
 *
 *   read      nothing of the file is cached
 *   write     the same
 *   beside    pages of the file are cached, but none that is written
 *   cached    each page that is written is cached, and clean
 *   late      each page that is written is stored into while the write is in flight, and stays
 *             dirty: a late error. By a buffered write of the whole page and not through mmap, for
 *             which the page would first have to be read from a device that is as slow in that; so
 *             not on ext4, where that waits for direct writes in flight. The store is not counted.
 *   buffered  no direct I/O: a buffered write, and an fsync() after each round
 *
 * With --submitters, threads that each do rounds on pages of their own, all at the same time.
 *
 * One line of key=value is printed:
 *
 *   instructions   of one I/O, in the mean
 *   ios, eio       how many there were, and how many ended with -EIO; any other error ends this
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libaio.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define MAX_DEPTH 16
#define MAX_SUBMITTERS 8

/* As many pages at the end of the file are not written, but cached under `beside`. */
#define BESIDE 1024

/* How many I/Os are prepared at a time: what is dirty must not become much, or somebody writes it. */
#define BATCH 512

enum what { READ, WRITE, BESIDE_CACHED, CACHED, LATE, BUFFERED, WHATS };

static const char *const names[WHATS] = { "read", "write", "beside", "cached", "late", "buffered" };

static struct {
	enum what what;
	bool uring, sync;
	unsigned int depth, ios, submitters;
	const char *file;
} opt = { .what = WHATS, .depth = 1, .ios = 4096 };

/* One thread, or main if there are none. */
static struct submitter {
	pthread_t thread;
	io_context_t ctx;
	struct io_uring ring;
	char *data;
	const unsigned int *pages;	/* of this round */
	unsigned int eio;
} submitters[MAX_SUBMITTERS];

/* Main and all threads meet before and after each submits, and before and after it reaps. */
static pthread_barrier_t meeting;
static bool over;

static int direct, cache;
static unsigned int *order;
static uint64_t counted, since, idle_since;

static void usage(void)
{
	fprintf(stderr,
		"usage: rate [options] CASE FILE\n"
		"  --uring         by io_uring and not libaio\n"
		"  --sync          by pread() and pwrite(): of depth 1\n"
		"  --depth N       I/Os of a round (1; at most 16)\n"
		"  --ios N         of all rounds (4096)\n"
		"  --submitters N  threads that submit (none but this; at most 8)\n"
		"CASE is read, write, beside, cached, late or buffered.\n");
	exit(2);
}

/* One a nanosecond, by the same clock as all else there. */
static uint64_t now(void)
{
	return __builtin_ia32_rdtsc();
}

/* How often the spinner went around while nobody else did anything, and what that takes. */
static volatile uint64_t idle;
#define IDLE 2

static void *spin(void *arg)
{
	const struct sched_param none = { 0 };

	(void)arg;
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		err(1, "SCHED_IDLE");
	asm volatile("1: incq %0; jmp 1b" : "+m" (idle));
	return NULL;
}

static void go(void)
{
	idle_since = idle;
	since = now();
}

static void halt(void)
{
	counted += now() - since - IDLE * (idle - idle_since);
}

static off_t offset(unsigned int page)
{
	return (off_t)page * PAGE;
}

static void result(struct submitter *s, long res)
{
	if (res == -EIO && opt.what == LATE)
		s->eio++;
	else if (res != (long)PAGE)
		errx(1, "a result of %ld", res);
}

static void submit_libaio(struct submitter *s)
{
	struct iocb iocbs[MAX_DEPTH], *list[MAX_DEPTH];
	unsigned int i;
	int n;

	for (i = 0; i < opt.depth; i++) {
		if (opt.what == READ)
			io_prep_pread(&iocbs[i], direct, s->data + i * PAGE, PAGE, offset(s->pages[i]));
		else
			io_prep_pwrite(&iocbs[i], direct, s->data + i * PAGE, PAGE, offset(s->pages[i]));
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
		sqe = io_uring_get_sqe(&s->ring);
		if (opt.what == READ)
			io_uring_prep_read(sqe, direct, s->data + i * PAGE, PAGE, offset(s->pages[i]));
		else
			io_uring_prep_write(sqe, direct, s->data + i * PAGE, PAGE, offset(s->pages[i]));
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
	result(s, opt.what == READ ? pread(direct, s->data, PAGE, offset(s->pages[0])) :
				     pwrite(direct, s->data, PAGE, offset(s->pages[0])));
}

static void submit(struct submitter *s)
{
	if (opt.sync)
		do_sync(s);
	else if (opt.uring)
		submit_uring(s);
	else
		submit_libaio(s);
}

static void reap(struct submitter *s)
{
	if (opt.sync)
		return;
	if (opt.uring)
		reap_uring(s);
	else
		reap_libaio(s);
}

/* Into all pages that are being written in this round. */
static void store(const unsigned int *pages, unsigned int n)
{
	static char data[PAGE];
	unsigned int i;

	for (i = 0; i < n; i++)
		if (pwrite(cache, data, PAGE, offset(pages[i])) != (ssize_t)PAGE)
			err(1, "store");
}

static void meet(void)
{
	pthread_barrier_wait(&meeting);
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

static void set_up(struct submitter *s)
{
	int n = opt.uring ? set_up_uring(&s->ring) : io_setup(MAX_DEPTH, &s->ctx);

	if (n)
		errx(1, "queue: %s", strerror(-n));
	s->data = aligned_alloc(PAGE, MAX_DEPTH * PAGE);
	if (!s->data)
		err(1, "aligned_alloc");
	memset(s->data, 'd', MAX_DEPTH * PAGE);
}

static void *submitter(void *arg)
{
	struct submitter *s = arg;

	set_up(s);
	for (;;) {
		meet();
		if (over)
			return NULL;
		submit(s);
		meet();
		meet();
		reap(s);
		meet();
	}
}

/* What the threads do is counted, and not what main does while they wait for it. */
static void round_of_threads(const unsigned int *pages)
{
	unsigned int i;

	for (i = 0; i < opt.submitters; i++)
		submitters[i].pages = pages + i * opt.depth;
	go();
	meet();
	meet();
	halt();
	if (opt.what == LATE)
		store(pages, opt.submitters * opt.depth);
	go();
	meet();
	meet();
	halt();
}

static void round_of_main(const unsigned int *pages)
{
	struct submitter *s = &submitters[0];
	unsigned int i;

	go();
	if (opt.what == BUFFERED) {
		for (i = 0; i < opt.depth; i++)
			if (pwrite(cache, s->data, PAGE, offset(pages[i])) != (ssize_t)PAGE)
				err(1, "pwrite");
		if (fsync(cache))
			err(1, "fsync");
	} else {
		s->pages = pages;
		submit(s);
		if (opt.what == LATE) {
			halt();
			store(pages, opt.depth);
			go();
		}
		reap(s);
	}
	halt();
}

/* All are asked for before the first is waited for. */
static void cache_pages(const unsigned int *pages, unsigned int n)
{
	static char data[PAGE];
	unsigned int i;

	for (i = 0; i < n; i++)
		if (posix_fadvise(cache, offset(pages[i]), PAGE, POSIX_FADV_WILLNEED))
			errx(1, "fadvise");
	for (i = 0; i < n; i++)
		if (pread(cache, data, PAGE, offset(pages[i])) != (ssize_t)PAGE)
			err(1, "pread");
}

/* Nothing is dirty, and cached is what the case says. The error is the late errors' own. */
static void prepare(const unsigned int *pages, unsigned int n)
{
	if (fdatasync(cache) && (errno != EIO || opt.what != LATE))
		err(1, "fdatasync");
	if (opt.what != BESIDE_CACHED && posix_fadvise(cache, 0, 0, POSIX_FADV_DONTNEED))
		errx(1, "fadvise");
	if (opt.what == CACHED || opt.what == BUFFERED)
		cache_pages(pages, n);
}

/* The pages of the file but for its end, shuffled (Fisher and Yates; xorshift). */
static void shuffle(unsigned int pages)
{
	uint64_t x = 88172645463325252ULL;
	unsigned int i, j, page;

	order = calloc(pages, sizeof(*order));
	if (!order)
		err(1, "calloc");
	for (i = 0; i < pages; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = x % (i + 1);
		page = order[j];
		order[j] = i;
		order[i] = page;
	}
}

static void open_file(void)
{
	unsigned int beside[BESIDE], i, pages;
	struct stat st;

	direct = open(opt.file, O_RDWR | O_DIRECT);
	cache = open(opt.file, O_RDWR);
	if (direct < 0 || cache < 0 || fstat(cache, &st))
		err(1, "%s", opt.file);
	pages = st.st_size / PAGE;
	if (pages < BESIDE + opt.ios)
		errx(1, "%s is too small for %u I/Os", opt.file, opt.ios);
	/* Or reading one page would cache others. */
	if (posix_fadvise(cache, 0, 0, POSIX_FADV_RANDOM) ||
	    posix_fadvise(cache, 0, 0, POSIX_FADV_DONTNEED))
		errx(1, "fadvise");
	pages -= BESIDE;
	shuffle(pages);
	for (i = 0; i < BESIDE; i++)
		beside[i] = pages + i;
	if (opt.what == BESIDE_CACHED)
		cache_pages(beside, BESIDE);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uring", no_argument, NULL, 'u' },
		{ "sync", no_argument, NULL, 'y' },
		{ "depth", required_argument, NULL, 'd' },
		{ "ios", required_argument, NULL, 'i' },
		{ "submitters", required_argument, NULL, 's' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'u':
			opt.uring = true;
			break;
		case 'y':
			opt.sync = true;
			break;
		case 'd':
			opt.depth = number(optarg, MAX_DEPTH);
			break;
		case 'i':
			opt.ios = number(optarg, 1 << 20);
			break;
		case 's':
			opt.submitters = number(optarg, MAX_SUBMITTERS);
			break;
		default:
			usage();
		}
	}
	if (argc != optind + 2 || !opt.depth)
		usage();
	for (opt.what = 0; opt.what < WHATS && strcmp(names[opt.what], argv[optind]); opt.what++)
		;
	opt.file = argv[optind + 1];
	if (opt.what == WHATS || (opt.what == BUFFERED && opt.submitters) ||
	    (opt.sync && (opt.depth > 1 || opt.what == LATE)))
		usage();
}

int main(int argc, char **argv)
{
	unsigned int i, n, step, eio = 0, done = 0;
	pthread_t spinner;

	parse(argc, argv);
	open_file();
	if (pthread_create(&spinner, NULL, spin, NULL))
		errx(1, "pthread_create");
	n = opt.submitters ? opt.submitters : 1;
	step = n * opt.depth;
	pthread_barrier_init(&meeting, NULL, n + 1);
	for (i = 0; i < n; i++) {
		if (!opt.submitters)
			set_up(&submitters[i]);
		else if (pthread_create(&submitters[i].thread, NULL, submitter, &submitters[i]))
			errx(1, "pthread_create");
	}
	while (done < opt.ios) {
		prepare(order + done, BATCH);
		for (i = 0; i < BATCH && done < opt.ios; i += step, done += step) {
			if (opt.submitters)
				round_of_threads(order + done);
			else
				round_of_main(order + done);
		}
	}
	over = true;
	if (opt.submitters)
		meet();
	for (i = 0; i < n; i++) {
		if (opt.submitters)
			pthread_join(submitters[i].thread, NULL);
		eio += submitters[i].eio;
	}
	prepare(NULL, 0);
	printf("instructions=%.1f ios=%u eio=%u\n", (double)counted / done, done, eio);
	return 0;
}
