// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for a soak (soak.sh), which run for hours and can be asked at any time what they were
 * told.
 *
 *   soaking ready SHARED NAME
 *                        those of that name will run; before `run`, and before the first `stop`
 *   soaking run SHARED NAME DIRECTORY
 *                        direct writers by libaio, io_uring and system calls, and who gets in their
 *                        way: one that writes to the same files through the page cache, two that
 *                        store through mmap; until `stop`
 *   soaking pause SHARED ... until none of their direct writes is in flight, and they begin none
 *   soaking resume SHARED
 *   soaking stop SHARED NAME
 *                        those of that name end
 *   soaking sum SHARED   prints name=value: what they were told since the beginning, all together
 *   soaking read DIRECTORY CLOSED
 *                        reads all files of the module's debugfs directory, again and again, whether
 *                        they are there or not; while the file CLOSED is there it opens none. Ends if
 *                        the log begins with no line of it
 *
 * SHARED is a file that all of them map. Direct writers write over what is there, of whole pages, so
 * that a write may end in two ways alone: with its whole length, or with -EIO. The same holds for
 * the one that makes a file longer ("grow").
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define SLOTS		8
#define FILE_PAGES	256
/* Of the file that grows; the last of them is there before and after. */
#define GROW_PAGES	8
#define LONGEST		16
#define DEPTH		4
#define WAIT_SECONDS	240

enum engine { LIBAIO, URING, SYNC, GROW, ENGINES };
static const char *const engine_names[ENGINES] = { "libaio", "uring", "sync", "grow" };

/* What the programs in one directory were told. It outlives them. */
static struct shared {
	atomic_int pause;
	struct slot {
		char name[16];
		atomic_int threads, parked, stop;
		struct {
			atomic_ulong writes, eio, other;
		} of[ENGINES];
		atomic_long other;	/* the newest result that was neither */
		atomic_ulong stores, buffered, fsyncs, fsync_eio;
	} slots[SLOTS];
} *shared;

static struct slot *slot;
static int direct, cached, grow_direct, grow_cached;
static char *map, *grow_map;

static void open_shared(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*shared)))
		err(1, "%s", path);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		err(1, "%s", path);
}

/* The slot of that name; a new one if there is none. */
static struct slot *slot_of(const char *name)
{
	struct slot *s;

	for (s = shared->slots; s < shared->slots + SLOTS; s++) {
		if (!s->name[0])
			snprintf(s->name, sizeof(s->name), "%s", name);
		if (!strcmp(s->name, name))
			return s;
	}
	errx(1, "more than %d names", SLOTS);
}

static void rest(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static bool halted(void)
{
	return atomic_load(&shared->pause) || atomic_load(&slot->stop);
}

/* A thread with nothing in flight waits here as long as all pause. Returns whether it goes on. */
static bool goes_on(void)
{
	if (!halted())
		return true;
	atomic_fetch_add(&slot->parked, 1);
	while (atomic_load(&shared->pause) && !atomic_load(&slot->stop))
		rest(2);
	if (atomic_load(&slot->stop))
		return false;
	atomic_fetch_sub(&slot->parked, 1);
	return true;
}

static void told(enum engine engine, long result, size_t length)
{
	atomic_fetch_add(&slot->of[engine].writes, 1);
	if (result == (long)length)
		return;
	if (result == -EIO) {
		atomic_fetch_add(&slot->of[engine].eio, 1);
		return;
	}
	atomic_fetch_add(&slot->of[engine].other, 1);
	atomic_store(&slot->other, result);
}

/* One write: somewhere in the file, of one page or some. */
struct write {
	char *data;
	size_t length;
	off_t offset;
	struct iocb iocb;
};

static void new_write(struct write *w, unsigned int *seed)
{
	static const unsigned char pages[] = { 1, 1, 1, 2, 4, LONGEST };
	unsigned int n = pages[rand_r(seed) % sizeof(pages)];

	w->length = n * PAGE;
	w->offset = rand_r(seed) % (FILE_PAGES - n + 1) * PAGE;
	memset(w->data, 'A' + rand_r(seed) % 26, w->length);
}

static void get_buffers(struct write *writes, unsigned int n)
{
	while (n--) {
		writes[n].data = aligned_alloc(PAGE, LONGEST * PAGE);
		if (!writes[n].data)
			err(1, "aligned_alloc");
	}
}

static void *by_libaio(void *arg)
{
	unsigned int seed = (uintptr_t)arg, in_flight = 0, i;
	struct write writes[DEPTH], *idle[DEPTH];
	struct io_event events[DEPTH];
	io_context_t ctx = NULL;
	int n;

	n = io_setup(DEPTH, &ctx);
	if (n)
		errx(1, "io_setup: %s", strerror(-n));
	get_buffers(writes, DEPTH);
	for (i = 0; i < DEPTH; i++)
		idle[i] = &writes[i];
	for (;;) {
		if (!in_flight && !goes_on())
			return NULL;
		while (!halted() && in_flight < DEPTH) {
			struct write *w = idle[DEPTH - 1 - in_flight];
			struct iocb *iocb = &w->iocb;

			new_write(w, &seed);
			io_prep_pwrite(iocb, direct, w->data, w->length, w->offset);
			iocb->data = w;
			n = io_submit(ctx, 1, &iocb);
			if (n != 1)
				errx(1, "io_submit: %d", n);
			in_flight++;
		}
		n = in_flight ? io_getevents(ctx, 1, DEPTH, events, NULL) : 0;
		if (n < 0)
			errx(1, "io_getevents: %s", strerror(-n));
		for (i = 0; i < (unsigned int)n; i++) {
			struct write *w = events[i].data;

			told(LIBAIO, (long)events[i].res, w->length);
			in_flight--;
			idle[DEPTH - 1 - in_flight] = w;
		}
		rest(rand_r(&seed) % 20);
	}
}

/* Every fourth is submitted by a worker of io_uring. */
static void *by_uring(void *arg)
{
	unsigned int seed = (uintptr_t)arg, in_flight = 0, i;
	struct write writes[DEPTH], *idle[DEPTH];
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int n;

	n = io_uring_queue_init(DEPTH, &ring, 0);
	if (n)
		errx(1, "io_uring_queue_init: %s", strerror(-n));
	get_buffers(writes, DEPTH);
	for (i = 0; i < DEPTH; i++)
		idle[i] = &writes[i];
	for (;;) {
		if (!in_flight && !goes_on())
			return NULL;
		while (!halted() && in_flight < DEPTH) {
			struct write *w = idle[DEPTH - 1 - in_flight];

			new_write(w, &seed);
			sqe = io_uring_get_sqe(&ring);
			io_uring_prep_write(sqe, direct, w->data, w->length, w->offset);
			if (rand_r(&seed) % 4 == 0)
				io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
			io_uring_sqe_set_data(sqe, w);
			n = io_uring_submit(&ring);
			if (n != 1)
				errx(1, "io_uring_submit: %d", n);
			in_flight++;
		}
		while (in_flight) {
			struct write *w;

			n = io_uring_wait_cqe(&ring, &cqe);
			if (n)
				errx(1, "io_uring_wait_cqe: %s", strerror(-n));
			w = io_uring_cqe_get_data(cqe);
			told(URING, cqe->res, w->length);
			io_uring_cqe_seen(&ring, cqe);
			in_flight--;
			idle[DEPTH - 1 - in_flight] = w;
			if (!io_uring_cq_ready(&ring) && !halted())
				break;
		}
		rest(rand_r(&seed) % 20);
	}
}

static void *by_calls(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	struct write w;

	get_buffers(&w, 1);
	while (goes_on()) {
		struct iovec part;
		ssize_t n;

		new_write(&w, &seed);
		part = (struct iovec){ w.data, w.length };
		n = rand_r(&seed) % 2 ? pwrite(direct, w.data, w.length, w.offset) :
					pwritev(direct, &part, 1, w.offset);
		told(SYNC, n < 0 ? -errno : n, w.length);
		rest(rand_r(&seed) % 40);
	}
	return NULL;
}

/* Writes past the end of a file, which most file systems wait for. */
static void *by_growing(void *arg)
{
	const off_t size = GROW_PAGES * PAGE;
	unsigned int seed = (uintptr_t)arg;
	struct io_uring_cqe *cqe;
	struct io_event event;
	io_context_t ctx = NULL;
	struct io_uring ring;
	struct write w;
	int n;

	if (io_setup(1, &ctx) || io_uring_queue_init(1, &ring, 0))
		errx(1, "io_setup or io_uring_queue_init");
	get_buffers(&w, 1);
	while (goes_on()) {
		long result;

		if (ftruncate(grow_direct, size))
			err(1, "ftruncate");
		w.length = 2 * PAGE;
		w.offset = size - PAGE;
		memset(w.data, 'a' + rand_r(&seed) % 26, w.length);
		if (rand_r(&seed) % 2) {
			struct iocb *iocb = &w.iocb;

			io_prep_pwrite(iocb, grow_direct, w.data, w.length, w.offset);
			n = io_submit(ctx, 1, &iocb);
			if (n != 1)
				errx(1, "io_submit: %d", n);
			/* Work that io_uring has for this thread is a signal to it (TIF_NOTIFY_SIGNAL). */
			do {
				n = io_getevents(ctx, 1, 1, &event, NULL);
			} while (n == -EINTR);
			if (n != 1)
				errx(1, "io_getevents: %d", n);
			result = (long)event.res;
		} else {
			io_uring_prep_write(io_uring_get_sqe(&ring), grow_direct, w.data, w.length,
					    w.offset);
			n = io_uring_submit(&ring);
			if (n != 1)
				errx(1, "io_uring_submit: %d", n);
			n = io_uring_wait_cqe(&ring, &cqe);
			if (n)
				errx(1, "io_uring_wait_cqe: %d", n);
			result = cqe->res;
			io_uring_cqe_seen(&ring, cqe);
		}
		told(GROW, result, w.length);
		rest(rand_r(&seed) % 40);
	}
	return NULL;
}

/* What is late is recorded, and so some of these fail. */
static void sync_file(int fd)
{
	atomic_fetch_add(&slot->fsyncs, 1);
	if (!fdatasync(fd))
		return;
	if (errno != EIO)
		err(1, "fdatasync");
	atomic_fetch_add(&slot->fsync_eio, 1);
}

/* It does not write beyond the end of the file that grows: what xfs then finds it fails itself. */
static void *by_the_cache(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	char bytes[2 * PAGE];

	memset(bytes, 'b', sizeof(bytes));
	while (goes_on()) {
		size_t length = 1 + rand_r(&seed) % sizeof(bytes);
		off_t offset = rand_r(&seed) % (FILE_PAGES * PAGE - length);
		unsigned int what = rand_r(&seed) % 16;

		if (what == 0) {
			sync_file(cached);
		} else if (what == 1) {
			posix_fadvise(cached, 0, 0, POSIX_FADV_DONTNEED);
		} else if (what < 4) {
			if (pread(cached, bytes, length, offset) != (ssize_t)length)
				err(1, "pread");
		} else if (what < 8) {
			offset = (GROW_PAGES - 1) * PAGE + length % PAGE;
			if (pwrite(grow_cached, bytes, 1, offset) != 1)
				err(1, "pwrite");
		} else if (pwrite(cached, bytes, length, offset) != (ssize_t)length) {
			err(1, "pwrite");
		}
		atomic_fetch_add(&slot->buffered, 1);
		rest(rand_r(&seed) % 40);
	}
	return NULL;
}

static void *by_mmap(void *arg)
{
	unsigned int seed = (uintptr_t)arg, byte;

	while (goes_on()) {
		byte = rand_r(&seed) % (FILE_PAGES * PAGE);
		if (rand_r(&seed) % 8)
			((volatile char *)map)[byte] = 'm';
		else
			((volatile char *)grow_map)[(GROW_PAGES - 1) * PAGE + byte % PAGE] = 'm';
		atomic_fetch_add(&slot->stores, 1);
		rest(rand_r(&seed) % 20);
	}
	return NULL;
}

/* A file without holes, open twice, and mapped. */
static void make_file(const char *directory, const char *name, unsigned int pages, int *fd,
		      int *cached_fd, char **where)
{
	const ssize_t size = pages * PAGE;
	char path[256], *data = malloc(size);

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	*cached_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	*fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (*fd < 0 || *cached_fd < 0 || !data)
		err(1, "%s", path);
	memset(data, 'o', size);
	if (pwrite(*cached_fd, data, size, 0) != size || (fsync(*cached_fd) && errno != EIO))
		err(1, "%s", path);
	free(data);
	*where = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *cached_fd, 0);
	if (*where == MAP_FAILED || madvise(*where, size, MADV_RANDOM))
		err(1, "%s: mmap", path);
}

static void run_all(const char *name, const char *directory)
{
	static void *(*const what[])(void *) = {
		by_libaio, by_uring, by_calls, by_calls, by_the_cache, by_mmap, by_mmap, by_growing,
	};
	const unsigned int n = sizeof(what) / sizeof(what[0]);
	pthread_t threads[sizeof(what) / sizeof(what[0])];
	unsigned int i;
	int error;

	/* Who looks after them goes first. */
	if (nice(10) < 0)
		err(1, "nice");
	slot = slot_of(name);
	make_file(directory, "soak", FILE_PAGES, &direct, &cached, &map);
	make_file(directory, "grow", GROW_PAGES, &grow_direct, &grow_cached, &grow_map);
	atomic_store(&slot->parked, 0);
	atomic_store(&slot->threads, n);
	for (i = 0; i < n; i++) {
		/* What it gets is where its choices by chance begin. */
		error = pthread_create(&threads[i], NULL, what[i],
				       (void *)(uintptr_t)(time(NULL) * n + i));
		if (error)
			errx(1, "pthread_create: %s", strerror(error));
	}
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&slot->threads, 0);
	atomic_store(&slot->parked, 0);
}

static void pause_all(void)
{
	const time_t end = time(NULL) + WAIT_SECONDS;
	struct slot *s;

	atomic_store(&shared->pause, 1);
	for (s = shared->slots; s < shared->slots + SLOTS; s++)
		while (atomic_load(&s->parked) != atomic_load(&s->threads)) {
			if (time(NULL) > end)
				errx(1, "%s: of %d threads %d pause", s->name,
				     atomic_load(&s->threads), atomic_load(&s->parked));
			rest(5);
		}
}

/* Before `run`: they may be told to stop before they have begun. */
static void ready(const char *name)
{
	atomic_store(&slot_of(name)->stop, 0);
}

static void stop(const char *name)
{
	struct slot *s = slot_of(name);
	const time_t end = time(NULL) + WAIT_SECONDS;

	atomic_store(&s->stop, 1);
	while (atomic_load(&s->threads)) {
		if (time(NULL) > end)
			errx(1, "%s: does not stop", name);
		rest(5);
	}
}

static void sum_up(void)
{
	unsigned long writes = 0, eio = 0, other = 0;
	unsigned long stores = 0, buffered = 0, fsyncs = 0, fsync_eio = 0;
	long newest = 0;
	struct slot *s;
	int engine;

	for (s = shared->slots; s < shared->slots + SLOTS; s++) {
		for (engine = 0; engine < ENGINES; engine++) {
			writes += s->of[engine].writes;
			eio += s->of[engine].eio;
			other += s->of[engine].other;
		}
		stores += s->stores;
		buffered += s->buffered;
		fsyncs += s->fsyncs;
		fsync_eio += s->fsync_eio;
		newest = newest ? newest : s->other;
	}
	printf("writes=%lu eio=%lu other=%lu result=%ld stores=%lu buffered=%lu fsyncs=%lu fsync_eio=%lu",
	       writes, eio, other, newest, stores, buffered, fsyncs, fsync_eio);
	for (s = shared->slots; s < shared->slots + SLOTS && s->name[0]; s++)
		for (engine = 0; engine < ENGINES; engine++)
			printf(" %s_%s=%lu/%lu", s->name, engine_names[engine], s->of[engine].eio,
			       s->of[engine].writes);
	printf("\n");
}

/* Some of it slowly, so that the file is open while the module goes. */
static void read_file(const char *directory, const char *name, unsigned int *seed)
{
	static char text[1 << 16];
	char path[256];
	bool first = true;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while ((n = read(fd, text, sizeof(text))) > 0) {
		if (first && !strcmp(name, "log") && strncmp(text, "seq=", 4))
			errx(1, "no line of the log: %.80s", text);
		first = false;
		if (rand_r(seed) % 4 == 0)
			rest(rand_r(seed) % 200);
	}
	/* EIO: it is gone. */
	if (n < 0 && errno != EIO && errno != ENODEV && errno != ENOENT)
		err(1, "%s", path);
	close(fd);
}

static void read_all(const char *directory, const char *closed)
{
	static const char *const names[] = { "counters", "log", "files", "sites", "layout", "version" };
	unsigned int seed = 1, i;

	if (nice(10) < 0)
		err(1, "nice");
	for (;;) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (access(closed, F_OK))
				read_file(directory, names[i], &seed);
		rest(100);
	}
}

int main(int argc, char **argv)
{
	const char *action = argc > 1 ? argv[1] : "";

	if (argc < 3)
		errx(2, "usage: soaking ready|run|pause|resume|stop|sum SHARED ... | read DIRECTORY CLOSED");
	if (!strcmp(action, "read") && argc == 4)
		read_all(argv[2], argv[3]);
	open_shared(argv[2]);
	if (!strcmp(action, "run") && argc == 5)
		run_all(argv[3], argv[4]);
	else if (!strcmp(action, "pause"))
		pause_all();
	else if (!strcmp(action, "resume"))
		atomic_store(&shared->pause, 0);
	else if (!strcmp(action, "ready") && argc == 4)
		ready(argv[3]);
	else if (!strcmp(action, "stop") && argc == 4)
		stop(argv[3]);
	else if (!strcmp(action, "sum"))
		sum_up();
	else
		errx(2, "%s: not an action", action);
	return 0;
}
