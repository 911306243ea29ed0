// SPDX-License-Identifier: GPL-2.0-only
/*
 * A storm of late errors, and for every write the knowledge whether it could have had one.
 *
 * Eight classes of direct writes go on at once, half with libaio, half with io_uring: asynchronous
 * overwrites on /mnt/ext4, /mnt/xfs (iomap) and /mnt/vfat (fs/direct-io.c), and on ext4 writes past
 * the end of a file, which the file system waits for ("waited"). An asynchronous class is one
 * thread, which submits many writes at once; a waited-for one is a thread for each write, with a
 * file of its own. With --sync there are three more, of overwrites by system calls that return when
 * the write has ended: a thread for each write, too.
 *
 * A round: all pages that will be written are clean, cached and mapped; the devices are held; all
 * threads submit; main stores a byte through the mapping into three writes of four, each when it is
 * in flight; the devices are released; all results are judged. The writes that are spared change
 * with the rounds. So a write that is stored into has a late error and another has none, with no
 * luck involved. With --free the devices are left alone, whatever delay they have, so that the
 * byte may come too late; spared writes are as certain as before.
 *
 * One line of key=value is printed:
 *
 *   rounds, writes, stores   how many
 *   ok, eio, other   how many writes ended with their full length, with -EIO, otherwise
 *   wrong   writes that were spared and did not end with their full length
 *   lost    writes that were spared and whose data cannot be read back
 *   unseen  writes that were stored into and ended with their full length
 *   untrue  with --verify: writes that ended with their full length and of which, when all that is dirty
 *           has been written back, a byte is another in the page cache or on the disk
 *   CLASS_stores, CLASS_eio, CLASS_untrue   of each class
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
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

#define MAX_WRITES 256
#define MAX_SUBMITTERS (6 + 5 * MAX_WRITES)

static struct class {
	const char *name, *fs;
	bool uring, waited, sync;
	unsigned int stores, eio, untrue;
} classes[] = {
	{ .name = "ext4_libaio", .fs = "ext4" },
	{ .name = "ext4_uring", .fs = "ext4", .uring = true },
	{ .name = "xfs_libaio", .fs = "xfs" },
	{ .name = "xfs_uring", .fs = "xfs", .uring = true },
	{ .name = "vfat_libaio", .fs = "vfat" },
	{ .name = "vfat_uring", .fs = "vfat", .uring = true },
	{ .name = "waited_libaio", .fs = "ext4", .waited = true },
	{ .name = "waited_uring", .fs = "ext4", .uring = true, .waited = true },
	{ .name = "ext4_sync", .fs = "ext4", .sync = true },
	{ .name = "xfs_sync", .fs = "xfs", .sync = true },
	{ .name = "vfat_sync", .fs = "vfat", .sync = true },
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static const char *const filesystems[] = { "ext4", "xfs", "vfat" };

#define FILESYSTEMS (sizeof(filesystems) / sizeof(filesystems[0]))

/* One thread and its file. A write of it begins on a page of its own, which main may store into. */
static struct submitter {
	struct class *class;
	pthread_t thread;
	unsigned int writes;
	size_t length;		/* of each write: a page, or two if it passes the end of the file */
	int fd;
	char *map, *data;
	io_context_t ctx;
	struct io_uring ring;
	long res[MAX_WRITES];
} submitters[MAX_SUBMITTERS];
static unsigned int nr_submitters;

static struct {
	unsigned int rounds, writes, waited, sync;
	const char *until, *during;
	bool free, calm, verify, o_sync;
} opt = { .rounds = 1, .writes = 64, .waited = 32 };

static struct {
	unsigned int rounds, writes, stores, ok, eio, other, wrong, lost, unseen, untrue;
} sum;

/* Main and all submitters meet at the begin and the end of a round; `over` is set before a begin. */
static pthread_barrier_t begin, end;
static bool over;

static void usage(void)
{
	fprintf(stderr,
		"usage: storm [options]\n"
		"  --rounds N    how many rounds (1)\n"
		"  --until FILE  rounds until FILE is there, and not --rounds of them\n"
		"  --writes N    writes of each asynchronous class in a round (64)\n"
		"  --waited N    writes of each class that is waited for in a round (32)\n"
		"  --sync N      writes of each synchronous class in a round (0)\n"
		"  --o-sync      which open their files with O_SYNC\n"
		"  --during CMD  a shell command while all are in flight, after the stores\n"
		"  --calm        store nothing\n"
		"  --verify      compare every byte of every write that succeeded\n"
		"  --free        leave the devices alone\n");
	exit(2);
}

/* Hold or release the writes of all devices. */
static void devices(const char *action)
{
	size_t i;

	for (i = 0; i < FILESYSTEMS && !opt.free; i++)
		device(action, filesystems[i]);
}

/* Dirty pages written and the journal committed: nothing of that may happen while writes are held. */
static void sync_all(void)
{
	char path[32];
	size_t i;
	int fd;

	for (i = 0; i < FILESYSTEMS; i++) {
		snprintf(path, sizeof(path), "/mnt/%s", filesystems[i]);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syncfs(fd) || close(fd))
			err(1, "%s", path);
	}
}

static size_t file_size(const struct submitter *s)
{
	return s->writes * PAGE;
}

static char *page_of(const struct submitter *s, unsigned int i)
{
	return s->map + i * PAGE;
}

/* Whether a byte is stored into this write in this round. */
static bool stored(const struct submitter *s, unsigned int i)
{
	return !opt.calm && (s - submitters + i + sum.rounds) % 4;
}

/* What a write of this round writes; another byte than that of the round before. */
static char content(void)
{
	return 'A' + sum.rounds % 26;
}

static void write_libaio(struct submitter *s)
{
	struct iocb iocbs[MAX_WRITES], *list[MAX_WRITES];
	struct io_event events[MAX_WRITES];
	unsigned int i;
	int n;

	for (i = 0; i < s->writes; i++) {
		io_prep_pwrite(&iocbs[i], s->fd, s->data, s->length, i * PAGE);
		list[i] = &iocbs[i];
	}
	n = io_submit(s->ctx, s->writes, list);
	if (n != (int)s->writes)
		errx(1, "io_submit: %d of %u", n, s->writes);
	n = io_getevents(s->ctx, s->writes, s->writes, events, NULL);
	if (n != (int)s->writes)
		errx(1, "io_getevents: %d of %u", n, s->writes);
	for (i = 0; i < s->writes; i++)
		s->res[events[i].obj - iocbs] = (long)events[i].res;
}

static void write_uring(struct submitter *s)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int i;
	int n;

	for (i = 0; i < s->writes; i++) {
		sqe = io_uring_get_sqe(&s->ring);
		io_uring_prep_write(sqe, s->fd, s->data, s->length, i * PAGE);
		io_uring_sqe_set_data64(sqe, i);
	}
	n = io_uring_submit(&s->ring);
	if (n != (int)s->writes)
		errx(1, "io_uring_submit: %d of %u", n, s->writes);
	for (i = 0; i < s->writes; i++) {
		n = io_uring_wait_cqe(&s->ring, &cqe);
		if (n)
			errx(1, "io_uring_wait_cqe: %s", strerror(-n));
		s->res[io_uring_cqe_get_data64(cqe)] = cqe->res;
		io_uring_cqe_seen(&s->ring, cqe);
	}
}

/*
 * By one of three calls. Of write() the offset of the file is looked at, too: it moves by what has
 * been written, and stays after an error.
 */
static void write_sync(struct submitter *s)
{
	struct iovec part = { s->data, s->length };
	ssize_t ret;

	switch ((s - submitters) % 3) {
	case 0:
		ret = pwrite(s->fd, s->data, s->length, 0);
		break;
	case 1:
		ret = pwritev(s->fd, &part, 1, 0);
		break;
	default:
		ret = write(s->fd, s->data, s->length);
	}
	s->res[0] = ret < 0 ? -errno : ret;
	/* Not one of the results that are right. */
	if ((s - submitters) % 3 == 2 && lseek(s->fd, 0, SEEK_CUR) != (ret < 0 ? 0 : ret))
		s->res[0] = -ESPIPE;
	lseek(s->fd, 0, SEEK_SET);
}

static void *submit(void *arg)
{
	struct submitter *s = arg;
	sigset_t child;

	/* Main blocks it while it is in system(), so it would interrupt the wait of a submitter. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, NULL);
	for (;;) {
		pthread_barrier_wait(&begin);
		if (over)
			return NULL;
		memset(s->data, content(), s->length);
		if (s->class->sync)
			write_sync(s);
		else if (s->class->uring)
			write_uring(s);
		else
			write_libaio(s);
		pthread_barrier_wait(&end);
	}
}

/* How many threads a class has. */
static unsigned int threads_of(const struct class *class)
{
	return class->waited ? opt.waited : class->sync ? opt.sync : 1;
}

static void add(struct class *class)
{
	struct submitter *s = &submitters[nr_submitters];
	int n = 0, flags = class->sync && opt.o_sync ? O_SYNC : 0;
	char path[64];

	s->class = class;
	s->writes = class->waited || class->sync ? 1 : opt.writes;
	s->length = class->waited ? 2 * PAGE : PAGE;
	s->data = aligned_alloc(PAGE, MAX_WRITES * PAGE);
	snprintf(path, sizeof(path), "/mnt/%s/storm-%u", class->fs, nr_submitters);
	/* What an earlier storm has left recorded and nobody has seen, the first write with O_SYNC would meet. */
	if (flags)
		unlink(path);
	s->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | flags, 0600);
	if (s->fd < 0 || !s->data)
		err(1, "%s", path);
	memset(s->data, 'o', file_size(s));
	if (pwrite(s->fd, s->data, file_size(s), 0) != (ssize_t)file_size(s))
		err(1, "%s", path);
	/* One page a fault: no folio has more than one write's, nothing is read ahead into the cache. */
	s->map = mmap(NULL, file_size(s), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->map == MAP_FAILED || madvise(s->map, file_size(s), MADV_RANDOM))
		err(1, "%s: mmap", path);
	if (class->uring)
		n = io_uring_queue_init(s->writes, &s->ring, 0);
	else if (!class->sync)
		n = io_setup(s->writes, &s->ctx);
	if (n)
		errx(1, "%s: %s", class->name, strerror(-n));
	nr_submitters++;
}

/* All is on the disk, all pages are clean, cached and mapped. */
static void calm_down(void)
{
	struct submitter *s;
	unsigned int i;

	for (s = submitters; s < submitters + nr_submitters; s++)
		if (s->class->waited && ftruncate(s->fd, file_size(s)))
			err(1, "ftruncate");
	sync_all();
	for (s = submitters; s < submitters + nr_submitters; s++)
		for (i = 0; i < s->writes; i++)
			if (!*page_of(s, i))
				errx(1, "a page is empty");
}

/*
 * A write is in flight when it has dropped its page from the cache. Each round begins with another
 * submitter: with --free only the first ones are still in time.
 */
static void store_all(void)
{
	struct submitter *s;
	unsigned int i, n;

	for (n = 0; n < nr_submitters; n++) {
		s = &submitters[(n + sum.rounds) % nr_submitters];
		for (i = 0; i < s->writes; i++) {
			if (!stored(s, i))
				continue;
			while (resident(page_of(s, i)))
				sched_yield();
			page_of(s, i)[5] = 's';
		}
	}
}

/*
 * Whether what a write wrote is what is cached and what the disk has. With --free the byte that is
 * stored may have been later.
 */
static bool is_true(const struct submitter *s, unsigned int i)
{
	static char *disk;

	if (!disk)
		disk = aligned_alloc(PAGE, 2 * PAGE);
	memset(s->data, content(), s->length);
	if (opt.free && stored(s, i) && page_of(s, i)[5] == 's')
		s->data[5] = 's';
	if (memcmp(page_of(s, i), s->data, PAGE))
		return false;
	if (pread(s->fd, disk, s->length, i * PAGE) != (ssize_t)s->length)
		err(1, "reading back");
	return !memcmp(disk, s->data, s->length);
}

static void judge(const struct submitter *s, unsigned int i)
{
	bool ok = s->res[i] == (long)s->length, eio = s->res[i] == -EIO;

	sum.writes++;
	sum.ok += ok;
	sum.eio += eio;
	sum.other += !ok && !eio;
	s->class->eio += eio;
	if (ok && opt.verify && !is_true(s, i)) {
		sum.untrue++;
		s->class->untrue++;
	}
	if (stored(s, i)) {
		sum.stores++;
		s->class->stores++;
		sum.unseen += ok;
	} else {
		sum.wrong += !ok;
		sum.lost += *page_of(s, i) != content();
	}
}

static void one_round(void)
{
	struct submitter *s;
	unsigned int i;
	int status = 0;

	calm_down();
	devices("hold");
	pthread_barrier_wait(&begin);
	store_all();
	if (opt.during)
		status = system(opt.during);
	devices("release");
	if (status)
		errx(1, "%s: status %d", opt.during, status);
	pthread_barrier_wait(&end);
	if (opt.verify)
		sync_all();
	for (s = submitters; s < submitters + nr_submitters; s++)
		for (i = 0; i < s->writes; i++)
			judge(s, i);
	sum.rounds++;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", 1, NULL, 'r' },
		{ "until", 1, NULL, 'u' },
		{ "writes", 1, NULL, 'w' },
		{ "waited", 1, NULL, 'W' },
		{ "sync", 1, NULL, 's' },
		{ "o-sync", 0, NULL, 'o' },
		{ "during", 1, NULL, 'd' },
		{ "calm", 0, NULL, 'c' },
		{ "verify", 0, NULL, 'v' },
		{ "free", 0, NULL, 'f' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			opt.rounds = number(optarg, 1000000);
			break;
		case 'u':
			opt.until = optarg;
			break;
		case 'w':
			opt.writes = number(optarg, MAX_WRITES);
			break;
		case 'W':
			opt.waited = number(optarg, MAX_WRITES);
			break;
		case 's':
			opt.sync = number(optarg, MAX_WRITES);
			break;
		case 'o':
			opt.o_sync = true;
			break;
		case 'd':
			opt.during = optarg;
			break;
		case 'c':
			opt.calm = true;
			break;
		case 'v':
			opt.verify = true;
			break;
		case 'f':
			opt.free = true;
			break;
		default:
			usage();
		}
	}
	if (argc != optind || !opt.writes)
		usage();
}

int main(int argc, char **argv)
{
	unsigned int i, n;

	parse(argc, argv);
	for (i = 0; i < CLASSES; i++)
		for (n = 0; n < threads_of(&classes[i]); n++)
			add(&classes[i]);
	pthread_barrier_init(&begin, NULL, nr_submitters + 1);
	pthread_barrier_init(&end, NULL, nr_submitters + 1);
	for (i = 0; i < nr_submitters; i++) {
		n = pthread_create(&submitters[i].thread, NULL, submit, &submitters[i]);
		if (n)
			errx(1, "pthread_create: %s", strerror(n));
	}
	do
		one_round();
	while (opt.until ? access(opt.until, F_OK) : sum.rounds < opt.rounds);
	over = true;
	pthread_barrier_wait(&begin);
	for (i = 0; i < nr_submitters; i++)
		pthread_join(submitters[i].thread, NULL);
	/* Nothing is left that is dirty. */
	calm_down();

	printf("rounds=%u writes=%u stores=%u ok=%u eio=%u other=%u wrong=%u lost=%u unseen=%u untrue=%u",
	       sum.rounds, sum.writes, sum.stores, sum.ok, sum.eio, sum.other, sum.wrong, sum.lost,
	       sum.unseen, sum.untrue);
	for (i = 0; i < CLASSES; i++)
		printf(" %s_stores=%u %s_eio=%u %s_untrue=%u", classes[i].name, classes[i].stores,
		       classes[i].name, classes[i].eio, classes[i].name, classes[i].untrue);
	printf("\n");
	return 0;
}
