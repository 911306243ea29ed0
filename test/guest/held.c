// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the module takes to be loaded, switched or unloaded, and how long direct writers are held up
 * meanwhile; by the clock.
 *
 *   held [--writers N] [--module FILE] FILE STEP...
 *
 * Threads (16) write FILE directly, a page each, one write after the other, each in a part of its own. Meanwhile
 * the steps are done, one by one: insmod[:PARAMETERS], rmmod, or PARAMETER=VALUE. After each step, as long as
 * that took, nothing is done. A line of key=value is printed for each step:
 *
 *   step     which
 *   took     how long it took, in microseconds
 *   held     the longest that a write took which was in flight at some time of that
 *   without  the same of the time in which nothing was done
 *   writes   how many were in flight in each of these times: during the step / without
 *
 * Nothing is said while writes are under way, since who says something takes time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define MAX_WRITERS 64
#define MAX_STEPS 64

/* Writers are under way by then, and what a step leaves behind is over; ns. */
#define SETTLED 300000000

struct took {
	uint64_t from, to;
};

static struct writer {
	pthread_t thread;
	off_t first;
	unsigned int pages;
	struct took *writes;
	size_t n, room;
} writers[MAX_WRITERS];

static struct {
	unsigned int writers;
	const char *module, *file;
} opt = { .writers = 16, .module = "/diolate.ko" };

static int direct;
static atomic_bool over;

static uint64_t now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t))
		err(1, "clock_gettime");
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void pause_for(uint64_t ns)
{
	const struct timespec t = { ns / 1000000000, ns % 1000000000 };

	if (nanosleep(&t, NULL))
		err(1, "nanosleep");
}

static void *writer(void *arg)
{
	struct writer *w = arg;
	void *data = aligned_alloc(PAGE, PAGE);
	unsigned int page = 0;

	if (!data)
		err(1, "aligned_alloc");
	memset(data, 'd', PAGE);
	while (!over) {
		struct took *t;

		if (w->n == w->room) {
			w->room = w->room ? 2 * w->room : 65536;
			w->writes = realloc(w->writes, w->room * sizeof(*w->writes));
			if (!w->writes)
				err(1, "realloc");
		}
		t = &w->writes[w->n];
		t->from = now();
		if (pwrite(direct, data, PAGE, w->first + page * PAGE) != (ssize_t)PAGE)
			err(1, "pwrite");
		t->to = now();
		w->n++;
		page = (page + 1) % w->pages;
	}
	return NULL;
}

static void write_parameter(const char *name, size_t length, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/diolate/parameters/%.*s", (int)length, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		err(1, "%s", path);
	close(fd);
}

static void insert(const char *parameters)
{
	int fd = open(opt.module, O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		err(1, "%s", opt.module);
	close(fd);
}

static void step(const char *what)
{
	const char *value = strchr(what, '=');

	if (!strncmp(what, "insmod", 6)) {
		insert(what[6] == ':' ? what + 7 : "");
	} else if (!strcmp(what, "rmmod")) {
		if (syscall(SYS_delete_module, "diolate", O_NONBLOCK))
			err(1, "rmmod");
	} else if (value) {
		write_parameter(what, value - what, value + 1);
	} else {
		errx(2, "%s: no step", what);
	}
}

/* The longest write that was in flight at some time of that, and how many were. */
static uint64_t longest(const struct took *of, size_t *n)
{
	uint64_t most = 0;
	unsigned int i;
	size_t k;

	*n = 0;
	for (i = 0; i < opt.writers; i++)
		for (k = 0; k < writers[i].n; k++) {
			const struct took *t = &writers[i].writes[k];

			if (t->from >= of->to || t->to <= of->from)
				continue;
			++*n;
			if (t->to - t->from > most)
				most = t->to - t->from;
		}
	return most;
}

static void say(const char *what, const struct took *during, const struct took *without)
{
	size_t n, calm;
	uint64_t held = longest(during, &n), otherwise = longest(without, &calm);

	printf("step=%s took=%.0f held=%.0f without=%.0f writes=%zu/%zu\n", what,
	       (during->to - during->from) / 1e3, held / 1e3, otherwise / 1e3, n, calm);
}

static void begin(void)
{
	struct stat st;
	unsigned int i;

	direct = open(opt.file, O_RDWR | O_DIRECT);
	if (direct < 0 || fstat(direct, &st))
		err(1, "%s", opt.file);
	for (i = 0; i < opt.writers; i++) {
		struct writer *w = &writers[i];

		w->pages = st.st_size / PAGE / opt.writers;
		w->first = (off_t)i * w->pages * PAGE;
		if (!w->pages)
			errx(1, "%s is too small", opt.file);
		if (pthread_create(&w->thread, NULL, writer, w))
			errx(1, "pthread_create");
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "writers", required_argument, NULL, 'w' },
		{ "module", required_argument, NULL, 'm' },
		{ }
	};
	static struct took during[MAX_STEPS], without[MAX_STEPS];
	unsigned int i;
	int c, n;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'w')
			opt.writers = number(optarg, MAX_WRITERS);
		else if (c == 'm')
			opt.module = optarg;
		else
			exit(2);
	}
	n = argc - optind - 1;
	if (n < 1 || n > MAX_STEPS || !opt.writers)
		errx(2, "usage: held [--writers N] [--module FILE] FILE STEP...");
	opt.file = argv[optind++];
	begin();
	for (c = 0; c < n; c++) {
		pause_for(SETTLED);
		during[c].from = now();
		step(argv[optind + c]);
		during[c].to = now();
		pause_for(SETTLED);
		without[c].from = now();
		pause_for(during[c].to - during[c].from);
		without[c].to = now();
	}
	over = true;
	for (i = 0; i < opt.writers; i++)
		pthread_join(writers[i].thread, NULL);
	for (c = 0; c < n; c++)
		say(argv[optind + c], &during[c], &without[c]);
	return 0;
}
