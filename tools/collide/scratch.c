// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that is written over. Each write fills it with another letter, and what is stored is no letter:
 * so a byte tells what it is of.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "collide/scratch.h"

/* The longer a write takes, the surer something is stored meanwhile; a small disk has to do with less. */
#define MOST (4 << 20)
#define LEAST (64 << 10)
/* Of what is free no more than this part is used. */
#define PART 4

__attribute__((format(printf, 2, 3))) static bool refused(struct scratch *scratch,
							   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(scratch->why, sizeof(scratch->why), format, args);
	va_end(args);
	return false;
}

static bool is_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static bool cannot_be_made(struct scratch *scratch, int error)
{
	if (error == EROFS)
		return refused(scratch, "is mounted read-only, so nothing can be written there; give a "
			       "directory that can be written.");
	if ((error == EACCES || error == EPERM) && geteuid())
		return refused(scratch, "may not be written by this user; run this as root, or give a "
			       "directory of your own.");
	if (is_full(error))
		return refused(scratch, "has no room for a scratch file of %d KiB, or a limit is below that "
			       "(quota, ulimit -f); make some, or give another directory.", LEAST >> 10);
	return refused(scratch, "takes no scratch file: %s; give another directory.", strerror(error));
}

/*
 * A name that nobody has, gone at once; for file systems without O_TMPFILE (vfat; overlayfs before 6.1). No
 * signal but SIGKILL comes between the two.
 */
static int open_named(struct scratch *scratch, int directory)
{
	sigset_t all, before;
	char name[64];
	struct timespec now;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(name, sizeof(name), ".diolate-selftest-%d-%ld", (int)getpid(), now.tv_nsec);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && unlinkat(directory, name, 0)) {
		refused(scratch, "has a file %s now, which was to have no name, but cannot be removed: %s; "
			"remove it, and give another directory.", name, strerror(errno));
		close(fd);
		fd = -1;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

static int open_nameless(struct scratch *scratch, int directory)
{
	int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
		fd = open_named(scratch, directory);
	return fd;
}

static bool is_memory(const struct statfs *fs)
{
	/* tmpfs takes O_DIRECT since 6.6, and has nothing to bypass. */
	return fs->f_type == TMPFS_MAGIC || fs->f_type == RAMFS_MAGIC ||
	       fs->f_type == HUGETLBFS_MAGIC;
}

/* As by mount -o sync, and chattr +S, which a directory hands on: then the kernel itself fails what collides. */
static bool is_synchronous(int fd)
{
	struct statfs fs;
	int flags = 0;

	if (!fstatfs(fd, &fs) && (fs.f_flags & ST_SYNCHRONOUS))
		return true;
	return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && (flags & FS_SYNC_FL);
}

/* The whole file, from the letter before the first on; 0 or -errno. */
static int fill(const struct scratch *scratch, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pwrite(scratch->fd, scratch->data + done, length - done, done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ENOSPC;
		done += n > 0 ? n : 0;
	}
	return fsync(scratch->fd) ? -errno : 0;
}

static uint64_t room_in(const struct statfs *fs)
{
	uint64_t room = (uint64_t)fs->f_bavail * fs->f_frsize / PART;
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur > room ? room : limit.rlim_cur;
}

/* As long as the disk has room for, and the limit of a file's size. */
static bool make(struct scratch *scratch, const struct statfs *fs)
{
	uint64_t room = room_in(fs);
	int error = -ENOSPC;
	size_t length;

	memset(scratch->data, scratch->letter, MOST);
	for (length = MOST; length >= LEAST; length /= 2) {
		if (length > room)
			continue;
		error = fill(scratch, length);
		if (!error) {
			scratch->length = length;
			return true;
		}
		if (!is_full(-error) || ftruncate(scratch->fd, 0))
			break;
	}
	if (error == -EINVAL)
		return refused(scratch, "takes no direct writes, so nothing can collide there; give a "
			       "directory on a disk.");
	return cannot_be_made(scratch, -error);
}

static char *memory(size_t length)
{
	char *map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static bool open_in(struct scratch *scratch, int directory)
{
	struct statfs fs;

	if (fstatfs(directory, &fs))
		return cannot_be_made(scratch, errno);
	if (is_memory(&fs))
		return refused(scratch, "is memory and no disk (tmpfs or its like), so a direct write has no "
			       "cache to disagree with; give a directory on a disk.");
	scratch->fd = open_nameless(scratch, directory);
	if (scratch->fd < 0)
		return *scratch->why ? false : cannot_be_made(scratch, errno);
	if (is_synchronous(scratch->fd))
		return refused(scratch, "is written synchronously (mount -o sync, chattr +S), so the kernel "
			       "itself fails what collides; give another directory.");
	/* Only now: where there is none, a file that was made with it would stay. */
	if (fcntl(scratch->fd, F_SETFL, fcntl(scratch->fd, F_GETFL) | O_DIRECT))
		return refused(scratch, "is on a file system without O_DIRECT, so nothing can collide there; "
			       "give a directory on a disk.");
	scratch->data = memory(MOST);
	scratch->disk = memory(MOST);
	if (!scratch->data || !scratch->disk)
		return refused(scratch, "was not tested: there is no memory left; try again.");
	if (!make(scratch, &fs))
		return false;
	scratch->map = mmap(NULL, scratch->length, PROT_READ | PROT_WRITE, MAP_SHARED, scratch->fd, 0);
	/* One page a fault: what is read ahead would be large folios. */
	if (scratch->map == MAP_FAILED || madvise(scratch->map, scratch->length, MADV_RANDOM))
		return refused(scratch, "has no files that can be mapped: %s; give another directory.",
			       strerror(errno));
	return true;
}

bool scratch_open(struct scratch *scratch, const char *name)
{
	bool made;
	int directory;

	*scratch = (struct scratch){ .fd = -1, .map = MAP_FAILED, .letter = 'a',
				     .page = sysconf(_SC_PAGESIZE) };
	/* A limit of a file's size is an error and no death. */
	signal(SIGXFSZ, SIG_IGN);
	directory = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return refused(scratch, "is not there; give a directory on the disk that is to be tested.");
	if (directory < 0 && errno == ENOTDIR)
		return refused(scratch, "is not a directory, and the scratch file goes into one; give one.");
	if (directory < 0)
		return cannot_be_made(scratch, errno);
	made = open_in(scratch, directory);
	close(directory);
	return made;
}

void scratch_close(struct scratch *scratch)
{
	if (scratch->map != MAP_FAILED)
		munmap(scratch->map, scratch->length);
	if (scratch->data)
		munmap(scratch->data, MOST);
	if (scratch->disk)
		munmap(scratch->disk, MOST);
	if (scratch->fd >= 0)
		close(scratch->fd);
}

off_t scratch_place(const struct scratch *scratch, unsigned int place)
{
	off_t end = scratch->length / SCRATCH_PLACES * (place + 1);

	return (end - 1) / scratch->page * scratch->page;
}

/* By the kernel, which says EFAULT where an instruction would be SIGBUS. */
static bool copy_page(const struct scratch *scratch, unsigned int place, char *into)
{
	struct iovec to = { into, scratch->page };
	struct iovec from = { scratch->map + scratch_place(scratch, place), scratch->page };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)scratch->page;
}

int scratch_prepare(struct scratch *scratch)
{
	unsigned int place;

	/* A late error before is told once, here. */
	if (fsync(scratch->fd) && errno != EIO)
		return -errno;
	for (place = 0; place < SCRATCH_PLACES; place++)
		if (!copy_page(scratch, place, scratch->disk))
			return -EFAULT;
	scratch->letter = scratch->letter == 'z' ? 'b' : scratch->letter + 1;
	memset(scratch->data, scratch->letter, scratch->length);
	return 0;
}

bool scratch_is_cached(const struct scratch *scratch, unsigned int place)
{
	unsigned char cached = 0;

	return !mincore(scratch->map + scratch_place(scratch, place), scratch->page, &cached) &&
	       (cached & 1);
}

bool scratch_store(const struct scratch *scratch, unsigned int place)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	/* A store into the mapping by read(): as an instruction's, and EFAULT if the disk has no page for it. */
	if (zero >= 0) {
		n = read(zero, scratch->map + scratch_place(scratch, place), 1);
		close(zero);
	}
	return n == 1;
}

/* What is neither of the newest write nor was stored. */
static uint64_t count_older(const struct scratch *scratch, const char *bytes, size_t length)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < length; i++)
		n += bytes[i] != scratch->letter && bytes[i];
	return n;
}

uint64_t scratch_stale(const struct scratch *scratch)
{
	unsigned int place;
	uint64_t n = 0;

	for (place = 0; place < SCRATCH_PLACES; place++)
		if (scratch_is_cached(scratch, place) && copy_page(scratch, place, scratch->disk))
			n += count_older(scratch, scratch->disk, scratch->page);
	return n;
}

int64_t scratch_undone(const struct scratch *scratch)
{
	uint64_t n = 0;
	size_t at;

	if (fsync(scratch->fd) && errno != EIO)
		return -errno;
	for (at = 0; at < scratch->length;) {
		ssize_t got = pread(scratch->fd, scratch->disk + at, scratch->length - at, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		at += got;
	}
	for (at = 0; at < scratch->length; at += scratch->page)
		if (memcmp(scratch->disk + at, scratch->data + at, scratch->page))
			n += count_older(scratch, scratch->disk + at, scratch->page);
	return n;
}
