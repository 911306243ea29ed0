// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions an I/O takes, in a guest of one processor whose clock counts them (VM_COUNT of
 * test/vm/boot); see rate_count.c.
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
 *   stuck     the same by a store through mmap, on a device that is slow in writes alone
 *   overtaken the same, and what was stored is sent to be written back while the write is in flight
 *   buffered  no direct I/O: a buffered write of each page, and an fsync() after each round
 *   mmap      no direct I/O: a store through mmap into each page, and an msync() after each round
 *
 * With --in-flight a direct read of another page of the file is in flight all the time, for which the device
 * has to be slow in reads; it is not counted.
 *
 * With --submitters, threads that each do rounds on pages of their own, all at the same time. Who is to
 * collide with a system call that waits (--sync) needs one.
 *
 * One line of key=value is printed:
 *
 *   instructions   of one I/O, in the mean
 *   ios, eio       how many there were, and how many ended with -EIO; any other error ends this
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "rate.h"

/* How many I/Os are prepared at a time: what is dirty must not become much, or somebody writes it. */
#define BATCH 512

/* By then each write that was begun is in flight, and none is over: microseconds. */
#define UNDER_WAY 200

static const char *const names[WHATS] = {
	"read", "write", "beside", "cached", "late", "stuck", "overtaken", "buffered", "mmap"
};

struct rate_options opt = { .what = WHATS, .depth = 1, .ios = 4096, .length = PAGE };

static struct submitter submitters[MAX_SUBMITTERS];

/* Main and all threads meet before and after each submits, and before and after it reaps. */
static pthread_barrier_t meeting;
static bool over;

static unsigned int *order;

static void usage(void)
{
	fprintf(stderr,
		"usage: rate [options] CASE FILE\n"
		"  --uring         by io_uring and not libaio\n"
		"  --sync          by pread() and pwrite(): of depth 1\n"
		"  --depth N       I/Os of a round (1; at most 16)\n"
		"  --ios N         of all rounds (4096)\n"
		"  --length N      bytes of an I/O (4096); more for read and write alone\n"
		"  --in-flight     beside a direct read, for buffered and mmap\n"
		"  --submitters N  threads that submit (none but this; at most 8)\n"
		"CASE is read, write, beside, cached, late, stuck, overtaken, buffered or mmap.\n");
	exit(2);
}

static void meet(void)
{
	pthread_barrier_wait(&meeting);
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
static void round_of_threads(const unsigned int *places)
{
	unsigned int i, n = opt.submitters * opt.depth;

	for (i = 0; i < opt.submitters; i++)
		submitters[i].places = places + i * opt.depth;
	go();
	meet();
	if (opt.sync && is_late()) {
		/* Who waits meets main only when its write is over. */
		usleep(UNDER_WAY);
		halt();
		store(places, n);
		go();
	}
	meet();
	halt();
	if (!opt.sync && is_late())
		store(places, n);
	go();
	meet();
	meet();
	halt();
}

static void round_of_main(const unsigned int *places)
{
	struct submitter *s = &submitters[0];

	s->places = places;
	go();
	if (opt.what == BUFFERED || opt.what == MMAP) {
		write_back(s, opt.depth);
	} else {
		submit(s);
		if (is_late()) {
			halt();
			store(places, opt.depth);
			go();
		}
		reap(s);
	}
	halt();
}

/* The places, shuffled (Fisher and Yates; xorshift), and as often again as there are I/Os for. */
static void shuffle(unsigned int places)
{
	uint64_t x = 88172645463325252ULL;
	unsigned int n = opt.ios + BATCH, i, j, place;

	if (n < places)
		n = places;
	order = calloc(n, sizeof(*order));
	if (!order)
		err(1, "calloc");
	for (i = 0; i < places; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = x % (i + 1);
		place = order[j];
		order[j] = i;
		order[i] = place;
	}
	for (; i < n; i++)
		order[i] = order[i - places];
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uring", no_argument, NULL, 'u' },
		{ "sync", no_argument, NULL, 'y' },
		{ "in-flight", no_argument, NULL, 'f' },
		{ "depth", required_argument, NULL, 'd' },
		{ "ios", required_argument, NULL, 'i' },
		{ "length", required_argument, NULL, 'l' },
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
		case 'f':
			opt.in_flight = true;
			break;
		case 'd':
			opt.depth = number(optarg, MAX_DEPTH);
			break;
		case 'i':
			opt.ios = number(optarg, 1 << 20);
			break;
		case 'l':
			opt.length = number(optarg, MAX_LENGTH);
			break;
		case 's':
			opt.submitters = number(optarg, MAX_SUBMITTERS);
			break;
		default:
			usage();
		}
	}
	if (argc != optind + 2 || !opt.depth || !opt.length || opt.length % PAGE)
		usage();
	for (opt.what = 0; opt.what < WHATS && strcmp(names[opt.what], argv[optind]); opt.what++)
		;
	opt.file = argv[optind + 1];
}

/* Whether what is asked for goes together. */
static bool fits(void)
{
	bool by_cache = opt.what == BUFFERED || opt.what == MMAP;

	if (opt.what == WHATS || (by_cache && opt.submitters) || (opt.in_flight && !by_cache))
		return false;
	if (opt.length > PAGE && opt.what != READ && opt.what != WRITE)
		return false;
	return !opt.sync || (opt.depth == 1 && (!is_late() || opt.submitters));
}

static void begin(unsigned int n)
{
	unsigned int i;

	count_begin();
	pthread_barrier_init(&meeting, NULL, n + 1);
	for (i = 0; i < n; i++) {
		if (!opt.submitters)
			set_up(&submitters[i]);
		else if (pthread_create(&submitters[i].thread, NULL, submitter, &submitters[i]))
			errx(1, "pthread_create");
	}
}

int main(int argc, char **argv)
{
	unsigned int i, n, step, places, eio = 0, done = 0;

	parse(argc, argv);
	if (!fits())
		usage();
	places = open_file();
	if (opt.length == PAGE && places < opt.ios)
		errx(1, "%s is too small for %u I/Os", opt.file, opt.ios);
	shuffle(places);
	n = opt.submitters ? opt.submitters : 1;
	step = n * opt.depth;
	begin(n);
	while (done < opt.ios) {
		prepare(order + done, BATCH);
		for (i = 0; i < BATCH && done < opt.ios; i += step, done += step) {
			if (opt.submitters)
				round_of_threads(order + done);
			else
				round_of_main(order + done);
		}
		prepared_end();
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
	printf("instructions=%.1f ios=%u eio=%u\n", count() / done, done, eio);
	return 0;
}
