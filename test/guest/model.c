// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on one file against a model of what it must hold, as fsx has them, with stores
 * through mmap while a direct write is in flight.
 *
 *   model [options] FILE
 *
 * What a byte may be:
 *   A direct write that says it succeeded has written all of its range; where a byte was stored
 *   through mmap while it was in flight, either may be there.
 *   Of one that failed with -EIO, or that the module counted as undeliverable, or as one of which
 *   nobody knows whether it was overtaken, each byte of the range may be the old, the new or the
 *   stored one; what is found there afterwards is what it is from then on. So it is where somebody punches a hole meanwhile: ext4 first writes back what is dirty.
 *   A synchronous write may also be found to be such a one up to ten seconds later (doc/limits.md).
 *   Whatever was stored outside the range is there.
 *   What is read through the page cache is what the disk has once all is written back.
 * And fsync() fails after such a write, if the kernel knows of it, and at no other time.
 *
 * Ends with 1 and one sentence at the first thing that is wrong. Else prints a line of key=value:
 *   ops     operations
 *   direct, collided, eio   direct writes; of those, stored into while in flight; that failed
 *   whole   of those that failed, that were found whole on the disk when all was written back
 *   sync, sync_eio, sync_later   with --sync: of the direct writes, by pwrite(); of those, that failed; of
 *           which it was found later that nobody knows
 * and leaves in --image FILE what the file must hold.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libaio.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define MOST (64 * PAGE)		/* that the file may become long */
#define LONGEST (16 * PAGE)		/* a write */
#define STORES 4			/* while one is in flight, at most */

static struct {
	const char *file, *image;
	unsigned long ops, seed;
	size_t align;
	bool punch, calm, async, alone, whole, flush, zoned, off_end, sync;
} opt = { .ops = 1000, .align = 512, .punch = true };

/* What a byte must be: value[], or where open[] says so also[], or, if that says so, anything. */
enum { EXACT, EITHER, ANY };
static unsigned char value[MOST], also[MOST], open_[MOST];
/* The synchronous write that wrote a byte last and succeeded, by its number from 1 on; or 0. */
static unsigned long by_sync[MOST];
static size_t size;

static int fd, direct_fd;
static char *map, *data, *disk;
static io_context_t ctx;
static struct io_uring ring;
/* A late error was recorded that no fsync() has told of. */
static bool recorded;
static unsigned long op, directs, collided, eios, wholes, syncs, sync_eios, sync_laters;
/* Of found_later(), what has been met. */
static unsigned long later_met;

static __attribute__((format(printf, 1, 2), noreturn)) void wrong(const char *format, ...)
{
	va_list args;

	printf("operation %lu of seed %lu: ", op, opt.seed);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(1);
}

/* A counter of the module; 0 without it. */
static unsigned long counter(const char *name)
{
	static int counters = -2;
	char text[4096], line[64], *found;
	ssize_t n;

	if (counters == -2)
		counters = open("/sys/kernel/debug/diolate/counters", O_RDONLY);
	if (counters < 0)
		return 0;
	n = pread(counters, text, sizeof(text) - 1, 0);
	if (n < 0)
		err(1, "counters");
	text[n] = '\0';
	snprintf(line, sizeof(line), "\n%s ", name);
	found = strstr(text, line);
	if (!found)
		errx(1, "no counter %s", name);
	return strtoul(found + strlen(line), NULL, 10);
}

/* What the kernel has recorded for fsync(): not what was only overtaken, repaired or spared. */
static unsigned long reports(void)
{
	return counter("stuck") + counter("repeats") - counter("repaired") - counter("spared");
}

/* Among others, the writes of which it was found when they had ended that they may have been overtaken. */
static unsigned long found_later(void)
{
	return counter("unknown_replaced") + counter("unknown_unseen") + counter("unknown_late");
}

/* xorshift64: the same everywhere. */
static unsigned long below(unsigned long n)
{
	static uint64_t state;

	if (!state)
		state = opt.seed * 0x9e3779b97f4a7c15 + 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void set(size_t pos, size_t length, unsigned char c)
{
	memset(value + pos, c, length);
	memset(open_ + pos, EXACT, length);
	memset(by_sync + pos, 0, length * sizeof(by_sync[0]));
}

/* Bytes between two ends of the file are zero. */
static void set_size(size_t to)
{
	if (to > size)
		set(size, to - size, 0);
	size = to;
}

static unsigned char content(void)
{
	return 1 + below(255);
}

/*
 * Whether it is found yet that nobody knows whether the synchronous write of a byte was overtaken, as it was
 * written back over while it dropped its range from the cache.
 */
static bool is_found_later(size_t i)
{
	unsigned int patience = 150;
	size_t k;

	if (!by_sync[i])
		return false;
	while (found_later() <= later_met) {
		if (!patience--)
			return false;
		usleep(100000);
	}
	later_met++;
	sync_laters++;
	for (k = 0; k < MOST; k++)
		if (k != i && by_sync[k] == by_sync[i])
			open_[k] = ANY;
	return true;
}

static void compare(const char *found, const char *where)
{
	size_t i;

	for (i = 0; i < size; i++) {
		unsigned char c = found[i];

		if (c == value[i] || open_[i] == ANY || (open_[i] == EITHER && c == also[i]) ||
		    is_found_later(i)) {
			value[i] = c;
			open_[i] = EXACT;
			continue;
		}
		wrong("byte %zu of %zu %s is %#x and not %#x (%d)", i, size, where, c, value[i], open_[i]);
	}
}

static void verify_cache(void)
{
	if (pread(fd, disk, MOST, 0) != (ssize_t)size)
		wrong("the file is not %zu bytes long", size);
	compare(disk, "in the page cache");
}

static void synced(void)
{
	int error = fsync(fd) ? errno : 0;

	if (error && (error != EIO || !recorded))
		wrong("fsync: %s", strerror(error));
	if (!error && recorded)
		wrong("fsync told nothing of a late error");
	recorded = false;
}

/* A direct read through a descriptor that has been told of all errors. */
static void verify_disk(void)
{
	ssize_t n;

	verify_cache();
	synced();
	n = pread(direct_fd, disk, MOST, 0);
	if (n != (ssize_t)size)
		wrong("the disk has %zd bytes of %zu", n, size);
	compare(disk, "on the disk");
}

static void drop_caches(void)
{
	synced();
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		wrong("fadvise");
}

static void write_buffered(void)
{
	size_t length = 1 + below(LONGEST), pos = below(MOST - length);
	unsigned char c = content();

	memset(data, c, length);
	if (pwrite(fd, data, length, pos) != (ssize_t)length)
		wrong("write: %s", strerror(errno));
	if (pos + length > size)
		set_size(pos + length);
	set(pos, length, c);
}

static void write_mapped(void)
{
	size_t length, pos;
	unsigned char c = content();

	if (!size)
		return;
	pos = below(size);
	length = 1 + below(size - pos < PAGE ? size - pos : PAGE);
	memset(map + pos, c, length);
	set(pos, length, c);
}

static void truncate_to(size_t to)
{
	if (ftruncate(fd, to))
		wrong("ftruncate: %s", strerror(errno));
}

static void punch_at(size_t pos, size_t length)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, length))
		wrong("fallocate: %s", strerror(errno));
}

static void punched(size_t pos, size_t length)
{
	if (pos < size)
		set(pos, length < size - pos ? length : size - pos, 0);
}

static void truncates(void)
{
	size_t to = below(MOST);

	if (opt.whole)
		return;
	truncate_to(to);
	set_size(to);
}

static void punches(void)
{
	size_t length = 1 + below(LONGEST), pos = below(MOST - length);

	if (!opt.punch)
		return;
	punch_at(pos, length);
	punched(pos, length);
}

/*
 * What another thread does to the file when a direct write is in flight; it waits for that. Not with
 * io_uring, which may not have begun the write when it is submitted.
 */
static struct {
	bool punch;
	size_t pos, length;
} meanwhile;

static void *interfere(void *arg)
{
	if (meanwhile.punch)
		punch_at(meanwhile.pos, meanwhile.length);
	else
		truncate_to(meanwhile.pos);
	return arg;
}

/* A direct write by pwrite(): of a thread, since it ends with the write. */
static struct {
	pthread_t thread;
	size_t length, pos;
	long res;
	atomic_int tid;
	atomic_bool done;
} sync_;

static void *write_sync(void *arg)
{
	ssize_t ret;

	sync_.tid = gettid();
	ret = pwrite(direct_fd, data, sync_.length, sync_.pos);
	sync_.res = ret < 0 ? -errno : ret;
	sync_.done = true;
	return arg;
}

/* Whether that thread waits: for the disk, most often for what it writes. */
static bool sync_waits(void)
{
	char path[64], text[128] = "", *state;
	int stat;

	if (!sync_.tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", sync_.tid);
	stat = open(path, O_RDONLY);
	/* It may be gone. */
	if (stat < 0 || read(stat, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (stat >= 0)
		close(stat);
	state = strrchr(text, ')');
	return state && state[2] == 'D';
}

static void submit_sync(size_t length, size_t pos)
{
	sync_.length = length;
	sync_.pos = pos;
	sync_.tid = 0;
	sync_.done = false;
	if (pthread_create(&sync_.thread, NULL, write_sync, NULL))
		wrong("pthread_create");
	while (!sync_.done && !sync_waits())
		sched_yield();
}

enum how { LIBAIO, URING, SYNC };

static void submit(enum how how, size_t length, size_t pos)
{
	if (how == SYNC) {
		submit_sync(length, pos);
	} else if (how == URING) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		io_uring_prep_write(sqe, direct_fd, data, length, pos);
		if (opt.async)
			sqe->flags |= IOSQE_ASYNC;
		if (io_uring_submit(&ring) != 1)
			wrong("io_uring_submit");
	} else {
		struct iocb iocb, *list = &iocb;

		io_prep_pwrite(&iocb, direct_fd, data, length, pos);
		if (io_submit(ctx, 1, &list) != 1)
			wrong("io_submit");
	}
}

static long result_of_uring(void)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(&ring, &cqe);

	if (ret)
		wrong("io_uring_wait_cqe: %s", strerror(-ret));
	ret = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

static long result(enum how how)
{
	struct io_event event;
	int ret;

	if (how == SYNC) {
		pthread_join(sync_.thread, NULL);
		return sync_.res;
	}
	if (how == URING)
		return result_of_uring();
	/* What io_uring still has to do in this task interrupts it. */
	do {
		ret = io_getevents(ctx, 1, 1, &event, NULL);
	} while (!ret || ret == -EINTR);
	if (ret != 1)
		wrong("io_getevents: %d", ret);
	return (long)event.res;
}

/* Whoever writes back what is dirty, at any time. */
static void *flush(void *arg)
{
	unsigned int seed = opt.seed;
	int own = open(opt.file, O_RDWR);

	if (own < 0)
		err(1, "%s", opt.file);
	for (;;) {
		usleep(rand_r(&seed) % 4000);
		switch (rand_r(&seed) % 4) {
		case 0:
			sync();
			break;
		case 1:
			/* What it is told of is told to each descriptor. */
			fsync(own);
			break;
		default:
			sync_file_range(own, 0, 0, SYNC_FILE_RANGE_WRITE);
		}
	}
	return arg;
}

/* Of a write that failed, whether nothing was lost of it but what was stored. */
static bool is_whole(size_t pos, size_t length, unsigned char c, const size_t *place, unsigned int n)
{
	size_t i;
	unsigned int k;

	synced();
	if (pread(direct_fd, disk, MOST, 0) < (ssize_t)(pos + length))
		wrong("the disk has less than %zu bytes", pos + length);
	for (i = pos; i < pos + length; i++) {
		for (k = 0; k < n && place[k] != i; k++)
			;
		if (k == n && (unsigned char)disk[i] != c)
			return false;
	}
	return true;
}

static void write_direct(void)
{
	size_t length = opt.align * (1 + below(LONGEST / opt.align));
	size_t pos = opt.align * below((MOST - length) / opt.align + 1);
	size_t place[STORES], before = size, i;
	unsigned int n = 0, stores = opt.calm ? 0 : below(STORES + 1);
	unsigned char c = content(), stored[STORES];
	enum how how = below(opt.sync ? 3 : 2);
	bool other = how == LIBAIO && !below(4) && !opt.alone, late;
	unsigned long untold = counter("undeliverable") + counter("overtaken_unknown");
	unsigned long reported = reports();
	pthread_t thread;
	long res;

	memset(data, c, length);
	submit(how, length, pos);
	/* Near the write, within and beside it. */
	for (i = 0; i < stores; i++) {
		size_t at = pos + below(length + 2 * PAGE);

		if (at < PAGE || at - PAGE >= before)
			continue;
		if (opt.off_end && pos + length > before && (at - PAGE) / PAGE == (before - 1) / PAGE)
			continue;
		place[n] = at - PAGE;
		stored[n] = content();
		map[place[n]] = stored[n];
		n++;
	}
	/* That waits for nothing: nothing is mapped yet (xfs_vn_setattr_size(), fs/xfs/xfs_iops.c, 7.3). */
	if (opt.zoned && !before)
		other = false;
	if (other) {
		meanwhile.punch = opt.punch && below(2);
		meanwhile.pos = below(MOST - PAGE);
		meanwhile.length = 1 + below(PAGE);
		/*
		 * Not both longer: xfs zeroes a longer file from the end it saw before it waited for the
		 * write, and so what that has written there (xfs_setattr_size(), fs/xfs/xfs_iops.c, 6.1
		 * and 6.12).
		 */
		if (!meanwhile.punch && pos + length > before)
			meanwhile.pos %= before + 1;
		if (pthread_create(&thread, NULL, interfere, NULL))
			wrong("pthread_create");
	}
	res = result(how);
	if (other)
		pthread_join(thread, NULL);

	directs++;
	collided += !!n;
	if (res != (long)length && res != -EIO)
		wrong("a direct write of %zu bytes at %zu ended with %ld", length, pos, res);
	if (pos + length > size)
		set_size(pos + length);
	eios += res == -EIO;
	syncs += how == SYNC;
	sync_eios += how == SYNC && res == -EIO;
	untold = n ? counter("undeliverable") + counter("overtaken_unknown") - untold : 0;
	late = res == -EIO || untold;
	recorded |= late && reports() != reported;
	set(pos, length, c);
	for (i = pos; how == SYNC && !late && i < pos + length; i++)
		by_sync[i] = directs;
	if (late || (other && n))
		memset(open_ + pos, ANY, length);
	for (i = 0; i < n; i++) {
		if (place[i] < pos || place[i] >= pos + length) {
			set(place[i], 1, stored[i]);
		} else if (open_[place[i]] == EXACT) {
			also[place[i]] = stored[i];
			open_[place[i]] = EITHER;
		} else {
			/* Two stores into one byte. */
			open_[place[i]] = ANY;
		}
	}
	if (other && meanwhile.punch)
		punched(meanwhile.pos, meanwhile.length);
	else if (other)
		set_size(meanwhile.pos);
	if (n)
		verify_cache();
	if (res == -EIO && opt.flush && !other)
		wholes += is_whole(pos, length, c, place, n);
}

static const struct {
	unsigned int share;
	void (*run)(void);
} operations[] = {
	{ 40, write_direct },
	{ 10, write_buffered },
	{ 15, write_mapped },
	{ 5, truncates },
	{ 5, punches },
	{ 5, synced },
	{ 5, drop_caches },
	{ 10, verify_cache },
	{ 5, verify_disk },
};

static void one_of_them(void)
{
	unsigned int i, n = below(100);

	for (i = 0; n >= operations[i].share; i++)
		n -= operations[i].share;
	operations[i].run();
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ops", 1, NULL, 'o' },
		{ "seed", 1, NULL, 's' },
		{ "align", 1, NULL, 'a' },
		{ "no-punch", 0, NULL, 'p' },
		{ "calm", 0, NULL, 'c' },
		{ "async", 0, NULL, 'A' },
		{ "alone", 0, NULL, 'l' },
		{ "whole", 0, NULL, 'w' },
		{ "flush", 0, NULL, 'f' },
		{ "zoned", 0, NULL, 'z' },
		{ "off-end", 0, NULL, 'e' },
		{ "sync", 0, NULL, 'S' },
		{ "image", 1, NULL, 'i' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			opt.ops = number(optarg, SIZE_MAX);
			break;
		case 's':
			opt.seed = number(optarg, SIZE_MAX);
			break;
		case 'a':
			opt.align = number(optarg, PAGE);
			break;
		case 'p':
			opt.punch = false;
			break;
		case 'c':
			opt.calm = true;
			break;
		case 'A':
			opt.async = true;
			break;
		case 'l':
			opt.alone = true;
			break;
		case 'w':
			opt.whole = true;
			opt.punch = false;
			opt.alone = true;
			break;
		case 'f':
			opt.flush = true;
			break;
		case 'z':
			opt.zoned = true;
			break;
		case 'e':
			opt.off_end = true;
			break;
		case 'S':
			opt.sync = true;
			break;
		case 'i':
			opt.image = optarg;
			break;
		default:
			optind = argc;
		}
	}
	if (argc - optind != 1 || !opt.align) {
		fprintf(stderr,
			"usage: model [options] FILE\n"
			"  --ops N       operations (1000)\n"
			"  --seed N      other ones (0)\n"
			"  --align N     of direct writes, bytes (512)\n"
			"  --no-punch    the file system has no hole punching\n"
			"  --calm        store nothing while a direct write is in flight\n"
			"  --async       have workers submit to io_uring\n"
			"  --alone       nobody truncates or punches while a direct write is in flight\n"
			"  --whole       nobody truncates or punches at all, and the file is long at first\n"
			"  --flush       what is dirty is written back at any time, also meanwhile\n"
			"  --zoned       the file system is xfs on zones\n"
			"  --off-end     store nothing into the last page while a direct write makes the file longer\n"
			"  --sync        every third direct writer is pwrite()\n"
			"  --image FILE  write there what FILE must hold\n");
		exit(2);
	}
	opt.file = argv[optind];
}

int main(int argc, char **argv)
{
	int error, image;
	pthread_t flusher;

	parse(argc, argv);
	fd = open(opt.file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	direct_fd = open(opt.file, O_RDWR | O_DIRECT);
	if (fd < 0 || direct_fd < 0)
		err(1, "%s", opt.file);
	map = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	data = aligned_alloc(PAGE, LONGEST);
	disk = aligned_alloc(PAGE, MOST);
	if (map == MAP_FAILED || !data || !disk)
		err(1, "memory");
	error = io_setup(1, &ctx);
	if (!error)
		error = io_uring_queue_init(1, &ring, 0);
	if (error)
		errx(1, "%s", strerror(-error));
	if (opt.whole) {
		memset(disk, 0, MOST);
		if (pwrite(fd, disk, MOST, 0) != MOST)
			err(1, "%s", opt.file);
		set_size(MOST);
	}
	later_met = found_later();
	if (opt.flush && pthread_create(&flusher, NULL, flush, NULL))
		errx(1, "pthread_create");
	for (op = 0; op < opt.ops; op++)
		one_of_them();
	verify_disk();
	printf("ops=%lu direct=%lu collided=%lu eio=%lu whole=%lu", opt.ops, directs, collided, eios,
	       wholes);
	if (opt.sync)
		printf(" sync=%lu sync_eio=%lu sync_later=%lu", syncs, sync_eios, sync_laters);
	printf("\n");
	if (!opt.image)
		return 0;
	image = open(opt.image, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (image < 0 || write(image, value, size) != (ssize_t)size)
		err(1, "%s", opt.image);
	return 0;
}
