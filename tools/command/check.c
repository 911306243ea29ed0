// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate check: does the page cache show what is on the disk? Nothing is written, nor caused to be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command/command.h"
#include "read/block.h"
#include "read/compare.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "read/quiet.h"
#include "read/walk.h"
#include "show/differences.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/text.h"

/* What the options ask for, and how far it has come. */
static struct {
	bool json, strict, recurse, one_file_system;
	size_t done, files;
	/* Whether the word `same` was said, which is to be understood. */
	bool same;
} run;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static bool has_changed(int file, const struct stat *before)
{
	struct stat now;

	return fstat(file, &now) || now.st_size != before->st_size ||
	       memcmp(&now.st_mtim, &before->st_mtim, sizeof(now.st_mtim)) ||
	       memcmp(&now.st_ctim, &before->st_ctim, sizeof(now.st_ctim));
}

static int verdict(const struct compare *compare)
{
	enum compare_result result = compare_result(compare);

	if (result == COMPARE_STALE || (run.strict && compare->differing.count))
		return FOUND;
	return result == COMPARE_UNKNOWN ? CANNOT_TELL : NOTHING_FOUND;
}

static bool go_on(const struct compare *compare, bool done)
{
	differences_progress(compare, done, run.done, run.files);
	return !interrupted;
}

/*
 * Where a file system keeps its metadata in the device's cache, a page there is clean and ahead of the disk as long as
 * it is in the journal alone: jbd2 takes the buffer's dirty bit for one of its own, which the page does not show
 * (__jbd2_journal_file_buffer(), fs/jbd2/transaction.c, 5.10 to 7.3). Others write past that cache and leave it
 * behind, as xfs does. Neither is a difference that anybody has to know of.
 */
static bool is_mounted(const char *name, const struct stat *st, const struct mounts *mounts)
{
	const struct mount *mount = block_mount(mounts, st->st_rdev);
	char *point = mount ? printable(mount->point, 0) : NULL;

	if (!mount && !block_has_file_system(st->st_rdev))
		return false;
	refuse_word(name, "has a file system that is mounted%s%s, whose metadata need not be the same in the "
		    "cache and on the disk; compare its files with -r, or unmount it first.", point ? " at " : "",
		    point ? point : "");
	free(point);
	return true;
}

/* False after a sentence. */
static bool open_disk(struct compare *compare, int file, const struct stat *st)
{
	struct mounts mounts = current_mounts();
	bool open = false;

	if (!S_ISBLK(st->st_mode) || !is_mounted(compare->name, st, &mounts)) {
		open = disk_open(&compare->disk, file, compare->name, st,
				 mounts_options(&mounts, major(st->st_dev), minor(st->st_dev)));
		if (!open)
			refuse_word(compare->name, "cannot be compared: %s.", compare->disk.why);
	}
	mounts_free(&mounts);
	return open;
}

static int check_opened(struct compare *compare, int file, const struct stat *st)
{
	int error = compare_file(compare, file, go_on);

	if (compare->no_memory)
		return refuse_word(compare->name, "was not compared to its end: no memory is left for what differs; "
				   "go on with --offset %jd.", (intmax_t)compare->next);
	if (error)
		return refuse_word(compare->name, "cannot be compared: its cache cannot be seen: %s.",
				   strerror(-error));
	compare->changed |= S_ISREG(st->st_mode) && has_changed(file, st);
	run.same |= compare_result(compare) == COMPARE_SAME;
	if (run.json)
		differences_print_json(compare);
	else
		differences_print(compare, run.strict);
	/* Of several the caller says where it stopped. */
	if (compare->next < compare->size && run.files == 1)
		refuse_word(compare->name, "was not compared to its end; go on with --offset %jd.",
			    (intmax_t)compare->next);
	return verdict(compare);
}

/* -1 after a sentence. */
static int open_file(const char *name, struct stat *st)
{
	int file = quiet_open(name, st);

	if (file >= 0)
		return file;
	if (errno != EINVAL)
		refuse_word(name, "cannot be opened: %s; give a file that can be read.", strerror(errno));
	else if (S_ISDIR(st->st_mode))
		refuse_word(name, "is a directory; give -r to compare the files below it.");
	else
		refuse_word(name, "is neither a regular file nor a block device, and only these are compared; give one.");
	return -1;
}

/* The size of what can be compared; -1 after a sentence. */
static off_t size_of(const char *name, int file, const struct stat *st)
{
	off_t size = st->st_size;

	if (S_ISBLK(st->st_mode) && !block_size(file, &size)) {
		refuse_word(name, "cannot be compared: its size cannot be found out: %s.", strerror(errno));
		return -1;
	}
	return size;
}

static int check_file(const char *name, off_t offset)
{
	struct stat st;
	int file = open_file(name, &st), ret = CANNOT_TELL;
	struct compare compare;
	off_t size;

	if (file < 0)
		return ret;
	size = size_of(name, file, &st);
	if (size < 0)
		goto out;
	if (offset && offset >= size) {
		refuse_word(name, "has %jd bytes, so nothing is at --offset %jd; give a smaller one.",
			    (intmax_t)size, (intmax_t)offset);
		goto out;
	}
	if (!compare_init(&compare, name, size, offset)) {
		refuse("There is no memory left; try again.");
		goto out;
	}
	if (!cache_is_told(file, &st))
		refuse_word(name, "cannot be compared: what of it is cached is told to its owner, to who may write it "
			    "and to root alone; run this as one of these.");
	else if (open_disk(&compare, file, &st))
		ret = check_opened(&compare, file, &st);
	cache_close(&compare.cache);
	disk_close(&compare.disk);
	compare_free(&compare);
out:
	close(file);
	return ret;
}

static void cannot_look(const char *path, int error)
{
	refuse_word(path, "cannot be looked into: %s.", strerror(error));
}

static int check_files(const struct walk *walk, off_t offset)
{
	bool found = false, unknown = walk->missed;
	const char *name = NULL;

	run.files = walk->count;
	while (!interrupted && (name = walk_next(walk, name))) {
		int ret = check_file(name, offset);

		run.done++;
		found |= ret == FOUND;
		unknown |= ret == CANNOT_TELL;
	}
	if (run.same && !run.json)
		puts("\"same\" does not show that nothing was lost: what undid a write and was written back since is\n"
		     "in the cache and on the disk alike. The programs that own the files can tell.");
	if (run.done < run.files) {
		refuse("It was stopped at file %zu of %zu.", run.done, run.files);
		unknown = true;
	}
	/* What differs is known, whatever else is not. */
	return found ? FOUND : unknown ? CANNOT_TELL : NOTHING_FOUND;
}

int check_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		JSON_OPTION,
		{ "offset", required_argument, NULL, 'o' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "one-file-system", no_argument, NULL, 'x' },
		{ "strict", no_argument, NULL, 's' },
		{ 0 },
	};
	/* A second interrupt ends it at once. */
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESETHAND | SA_RESTART };
	struct walk walk;
	uint64_t offset = 0;
	int answer, ret;

	while ((answer = getopt_long(argc, argv, ":hrx", options, NULL)) != -1) {
		switch (answer) {
		case 'j':
			run.json = true;
			break;
		case 'r':
			run.recurse = true;
			break;
		case 'x':
			run.one_file_system = true;
			break;
		case 's':
			run.strict = true;
			break;
		case 'o':
			if (!parse_size(optarg, &offset) || offset > INT64_MAX)
				return refuse_word(optarg, "is not an offset: give a number of bytes, "
						   "or one with K, M, G or T.");
			break;
		default:
			option_refused(argv, answer);
		}
	}
	if (optind == argc)
		return refuse("diolate check needs the name of a file; see diolate --help.");
	if (offset && (argc - optind > 1 || run.recurse))
		return refuse("--offset is for one file; give one, and no -r.");
	sigaction(SIGINT, &action, NULL);
	ret = walk_files(&walk, argv + optind, run.recurse ? WALK_BELOW : WALK_NOT, run.one_file_system, cannot_look);
	if (ret)
		ret = refuse("The names of the files cannot be found: %s; give fewer.", strerror(-ret));
	else if (!walk.count && !walk.missed)
		ret = refuse("There is no regular file there; give a file, or another directory.");
	else
		ret = check_files(&walk, offset);
	walk_free(&walk);
	return ret;
}
