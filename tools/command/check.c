// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate check: does the page cache show what is on the disk? Nothing is written, nor caused to be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command/command.h"
#include "read/block.h"
#include "read/cache.h"
#include "read/disk.h"
#include "read/mounts.h"
#include "read/parse.h"
#include "read/walk.h"
#include "show/json.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/text.h"

#define CHUNK (1 << 20)
/* What is mapped at a time. */
#define WINDOW (64 * CHUNK)
/* Between the first and the second look at what differs. */
#define SECOND_LOOK_US 20000

struct range {
	off_t offset;
	uint64_t length, bytes;
	unsigned int state;
	bool changing, nothing_yet;
	const char *why;
};

struct ranges {
	size_t count;
	struct range *range;
};

/* What the options ask for, and how far it has come. */
static struct {
	bool json, strict, recurse, one_file_system;
	size_t done, files;
	/* Whether the word `same` was said, which is to be understood. */
	bool same;
} run;

struct check {
	const char *name;
	off_t size, from, next;
	uint64_t cached, settled;
	/* A block device does not tell when it was written last. */
	bool changed, is_block;
	struct ranges differing, unread;
	struct cache cache;
	struct disk disk;
	/* Of a chunk, and of a page for the second look. */
	char *in_cache, *on_disk, *page_in_cache, *page_on_disk;
	enum disk_state states[CHUNK / 4096];
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void add_range(struct ranges *ranges, const struct range *new)
{
	struct range *last = ranges->count ? &ranges->range[ranges->count - 1] : NULL, *more;

	if (last && last->offset + (off_t)last->length == new->offset &&
	    last->state == new->state && last->changing == new->changing &&
	    last->nothing_yet == new->nothing_yet && last->why == new->why) {
		last->length += new->length;
		last->bytes += new->bytes;
		return;
	}
	more = reallocarray(ranges->range, ranges->count + 1, sizeof(*more));
	if (!more) {
		refuse("There is no memory left for the list of differences; go on at --offset %jd.",
		       (intmax_t)new->offset);
		exit(CANNOT_TELL);
	}
	ranges->range = more;
	more[ranges->count++] = *new;
}

/* What of the page at this offset is within the file. */
static size_t used(const struct check *check, off_t offset)
{
	off_t rest = check->size - offset;

	return rest < (off_t)check->cache.page ? (size_t)rest : check->cache.page;
}

static uint64_t count_differing(const char *a, const char *b, size_t length)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < length; i++)
		n += a[i] != b[i];
	return n;
}

static void not_read(struct check *check, off_t offset, size_t length, const char *why)
{
	struct range range = { .offset = offset, .length = length, .why = why };

	add_range(&check->unread, &range);
}

/* A page that is clean by now may have been written back just before that was asked. */
static bool still_differs(struct check *check, off_t offset, size_t length)
{
	enum disk_state state;

	if (!cache_still_has(&check->cache, offset) ||
	    !cache_read(&check->cache, offset, check->page_in_cache, check->cache.page))
		return false;
	disk_read(&check->disk, offset, check->cache.page, check->page_on_disk, &state);
	return state == DISK_NOTHING_YET ||
	       count_differing(check->page_in_cache, check->page_on_disk, length);
}

/*
 * A page that differed: both sides once more, since one may have been taken before and the other after
 * a write. Only what differs again is told.
 */
static void look_again(struct check *check, off_t offset, const char *cached, const char *stored)
{
	struct range range = { .offset = offset, .length = used(check, offset) };
	enum disk_state state;

	if (!cache_still_has(&check->cache, offset) ||
	    !cache_read(&check->cache, offset, check->page_in_cache, check->cache.page)) {
		check->settled++;
		return;
	}
	disk_read(&check->disk, offset, check->cache.page, check->page_on_disk, &state);
	if (state == DISK_NOT_READ) {
		not_read(check, offset, range.length, check->disk.why);
		return;
	}
	range.bytes = count_differing(check->page_in_cache, check->page_on_disk, range.length);
	range.nothing_yet = state == DISK_NOTHING_YET;
	if (!range.bytes && !range.nothing_yet) {
		check->settled++;
		return;
	}
	range.changing = memcmp(check->page_in_cache, cached, range.length) ||
			 memcmp(check->page_on_disk, stored, range.length);
	range.state = cache_state(&check->cache, offset);
	if (!range.state && !still_differs(check, offset, range.length)) {
		check->settled++;
		return;
	}
	add_range(&check->differing, &range);
}

/* Whether it must be looked at again. */
static bool differs(const struct check *check, off_t offset, off_t start)
{
	enum disk_state state = check->states[(offset - start) / check->cache.page];

	return state == DISK_NOTHING_YET ||
	       (state == DISK_DATA && memcmp(check->in_cache + (offset - start),
					     check->on_disk + (offset - start), used(check, offset)));
}

/* Pages of one chunk that are all cached, from offset to end. */
static void compare_run(struct check *check, off_t offset, off_t end)
{
	size_t page = check->cache.page;
	bool waited = false;
	off_t at;

	check->cached += (end - offset) / page;
	if (!cache_read(&check->cache, offset, check->in_cache, end - offset)) {
		not_read(check, offset, end - offset, "the file was cut meanwhile, or cannot be read");
		check->changed = true;
		return;
	}
	disk_read(&check->disk, offset, end - offset, check->on_disk, check->states);
	for (at = offset; at < end; at += page) {
		if (check->states[(at - offset) / page] == DISK_NOT_READ) {
			not_read(check, at, used(check, at), check->disk.why);
			continue;
		}
		if (!differs(check, at, offset))
			continue;
		/* Once a run is enough for a write that is under way to come through. */
		if (!waited)
			usleep(SECOND_LOOK_US);
		waited = true;
		look_again(check, at, check->in_cache + (at - offset),
			   check->on_disk + (at - offset));
	}
}

static void compare_chunk(struct check *check, off_t offset, off_t end)
{
	size_t page = check->cache.page;
	off_t from, to;

	for (from = offset; from < end; from = to) {
		to = from + page;
		if (!cache_has(&check->cache, from))
			continue;
		while (to < end && cache_has(&check->cache, to))
			to += page;
		compare_run(check, from, to);
	}
}

static void show_bar(const struct check *check)
{
	int filled = check->next * 40 / check->size, i;

	fputc('[', stderr);
	for (i = 0; i < 40; i++)
		fputc(i < filled ? '#' : ' ', stderr);
	fprintf(stderr, "] %3d%%  %zu differing ranges", (int)(check->next * 100 / check->size),
		check->differing.count);
}

/* Small files are done before a bar could be read; many of them are counted. */
static void show_progress(const struct check *check, bool done)
{
	static time_t shown;
	time_t now = time(NULL);
	bool is_small = check->size < (off_t)WINDOW;

	if ((is_small && run.files < 2) || !is_terminal(stderr) || (!done && now == shown))
		return;
	fputc('\r', stderr);
	if (!done) {
		shown = now;
		if (run.files > 1)
			fprintf(stderr, "%zu/%zu ", run.done, run.files);
		if (!is_small)
			show_bar(check);
	}
	fputs("\033[K", stderr);
	fflush(stderr);
}

/* 0, or -errno if it cannot be mapped. */
static int compare(struct check *check)
{
	size_t page = check->cache.page;
	off_t end = (check->size + page - 1) / page * page, window_end = 0;

	for (; check->next < check->size && !interrupted; check->next += CHUNK) {
		off_t chunk_end = check->next + CHUNK < end ? check->next + CHUNK : end;

		if (chunk_end > window_end) {
			int ret;

			window_end = check->next + WINDOW < end ? check->next + WINDOW : end;
			ret = cache_window(&check->cache, check->next, window_end - check->next);
			if (ret)
				return ret;
		}
		compare_chunk(check, check->next, chunk_end);
		show_progress(check, false);
	}
	show_progress(check, true);
	return 0;
}

static const char *state_words(const struct range *range)
{
	if (range->nothing_yet)
		return "not on the disk yet";
	if (range->state & CACHE_UNKNOWN)
		return "dirty or clean: only root can see";
	if (range->state & CACHE_WRITEBACK)
		return range->state & CACHE_DIRTY ? "being written back, and dirty again" :
						    "being written back";
	return range->state & CACHE_DIRTY ? "dirty" : "clean";
}

static struct json_object *range_json(const struct range *range)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "offset", json_object_new_int64(range->offset));
	json_object_object_add(object, "length", json_object_new_uint64(range->length));
	if (range->why) {
		json_object_object_add(object, "why", json_bytes(range->why));
		return object;
	}
	json_object_object_add(object, "bytes", json_object_new_uint64(range->bytes));
	if (range->state & CACHE_UNKNOWN) {
		json_object_object_add(object, "dirty", NULL);
		json_object_object_add(object, "writeback", NULL);
	} else {
		json_object_object_add(object, "dirty",
				       json_object_new_boolean(range->state & CACHE_DIRTY));
		json_object_object_add(object, "writeback",
				       json_object_new_boolean(range->state & CACHE_WRITEBACK));
	}
	json_object_object_add(object, "on_disk", json_object_new_boolean(!range->nothing_yet));
	json_object_object_add(object, "changing", json_object_new_boolean(range->changing));
	return object;
}

static struct json_object *ranges_json(const struct ranges *ranges)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < ranges->count; i++)
		json_object_array_add(array, range_json(&ranges->range[i]));
	return array;
}

/*
 * What is dirty, or has no place on the disk yet, is on its way there. What is neither is what readers get instead;
 * so may be that of which only root can see which it is, as a dirty page is not read without the device.
 */
static bool is_unwritten(const struct range *range)
{
	return range->nothing_yet || range->state & (CACHE_DIRTY | CACHE_WRITEBACK);
}

static uint64_t bytes_of(const struct ranges *ranges, bool unwritten)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (is_unwritten(&ranges->range[i]) == unwritten)
			sum += ranges->range[i].length;
	return sum;
}

/* Of one file. */
enum result { SAME, UNWRITTEN, STALE, UNKNOWN };

static enum result result_of(const struct check *check)
{
	if (bytes_of(&check->differing, false))
		return STALE;
	if (check->unread.count || check->next < check->size)
		return UNKNOWN;
	return check->differing.count ? UNWRITTEN : SAME;
}

static void print_object(const struct check *check, enum result result)
{
	static const char *const names[] = { "same", "unwritten", "differs", "unknown" };
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "file", json_bytes(check->name));
	json_object_object_add(object, "result", json_object_new_string(names[result]));
	json_object_object_add(object, "size", json_object_new_int64(check->size));
	json_object_object_add(object, "offset", json_object_new_int64(check->from));
	json_object_object_add(object, "pages_cached", json_object_new_uint64(check->cached));
	json_object_object_add(object, "pages_settled", json_object_new_uint64(check->settled));
	json_object_object_add(object, "changing", check->is_block && !check->changed ?
			       NULL : json_object_new_boolean(check->changed));
	json_object_object_add(object, "differing", ranges_json(&check->differing));
	json_object_object_add(object, "not_looked_at", ranges_json(&check->unread));
	json_object_object_add(object, "next_offset",
			       check->next < check->size ? json_object_new_int64(check->next) : NULL);
	print_json(object);
}

static void explain(const struct check *check)
{
	if (bytes_of(&check->differing, true))
		puts("  Not written back yet: that is normal after a buffered write or a store through mmap. After\n"
		     "  a late error it undoes the direct write when it is written back.");
	if (bytes_of(&check->differing, false))
		puts("  Clean, but other than the disk: buffered readers get old data.");
}

static void print_result(const struct check *check, enum result result)
{
	char *shown = printable(check->name, 0);
	size_t i;

	switch (result) {
	case STALE:
		printf("%s%s: differs%s in %" PRIu64 " of %jd bytes\n", colour(RED), shown, colour(PLAIN),
		       bytes_of(&check->differing, false), (intmax_t)check->size);
		break;
	case UNWRITTEN:
		printf("%s%s: not written back yet%s, %" PRIu64 " of %jd bytes\n",
		       colour(run.strict ? RED : GREEN), shown, colour(PLAIN),
		       bytes_of(&check->differing, true), (intmax_t)check->size);
		break;
	case SAME:
		printf("%s%s: same%s, %" PRIu64 " pages are cached\n", colour(GREEN), shown, colour(PLAIN),
		       check->cached);
		break;
	case UNKNOWN:
		printf("%s%s: cannot tell%s, %s\n", colour(MAGENTA), shown, colour(PLAIN),
		       check->next < check->size ? "stopped" : "not all could be looked at");
		break;
	}
	if (check->from)
		printf("  Looked at from %jd on.\n", (intmax_t)check->from);
	for (i = 0; i < check->differing.count; i++) {
		const struct range *range = &check->differing.range[i];

		printf("  %12jd  %10" PRIu64 " bytes, %" PRIu64 " of them differ  %s%s\n",
		       (intmax_t)range->offset, range->length, range->bytes, state_words(range),
		       range->changing ? ", changing" : "");
	}
	for (i = 0; i < check->unread.count; i++)
		printf("  %12jd  %10" PRIu64 " bytes not looked at: %s\n",
		       (intmax_t)check->unread.range[i].offset, check->unread.range[i].length,
		       check->unread.range[i].why);
	if (check->settled)
		printf("  %" PRIu64 " pages differed at the first look and not at the second.\n",
		       check->settled);
	if (check->changed)
		puts("  The file changed while it was compared.");
	explain(check);
	free(shown);
}

static bool has_changed(int file, const struct stat *before)
{
	struct stat now;

	return fstat(file, &now) || now.st_size != before->st_size ||
	       memcmp(&now.st_mtim, &before->st_mtim, sizeof(now.st_mtim)) ||
	       memcmp(&now.st_ctim, &before->st_ctim, sizeof(now.st_ctim));
}

static int verdict(const struct check *check, enum result result)
{
	if (result == STALE || (run.strict && check->differing.count))
		return FOUND;
	return result == UNKNOWN ? CANNOT_TELL : NOTHING_FOUND;
}

/* Reading must not write the time of access, either; only the owner and root may leave it alone. */
static int open_quietly(const char *name)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int file = open(name, flags | O_NOATIME);

	return file < 0 && errno == EPERM ? open(name, flags) : file;
}

/*
 * Where a file system keeps its metadata in the device's cache, a page there is clean and ahead of the disk as long as
 * it is in the journal alone: jbd2 takes the buffer's dirty bit for one of its own, which the page does not show
 * (__jbd2_journal_file_buffer(), fs/jbd2/transaction.c, 5.10 to 7.3). Others write past that cache and leave it
 * behind, as xfs does. Neither is a difference that anybody has to know of.
 */
static bool is_mounted(const struct check *check, const struct stat *st, const struct mounts *mounts)
{
	const struct mount *mount = block_mount(mounts, st->st_rdev);
	char *point = mount ? printable(mount->point, 0) : NULL;

	if (!mount && !block_has_file_system(st->st_rdev))
		return false;
	refuse_word(check->name, "has a file system that is mounted%s%s, whose metadata need not be the same in the "
		    "cache and on the disk; compare its files with -r, or unmount it first.", point ? " at " : "",
		    point ? point : "");
	free(point);
	return true;
}

/* False after a sentence. */
static bool open_disk(struct check *check, int file, const struct stat *st)
{
	struct mounts mounts = current_mounts();
	bool open = false;

	if (!S_ISBLK(st->st_mode) || !is_mounted(check, st, &mounts)) {
		open = disk_open(&check->disk, file, check->name, st,
				 mounts_options(&mounts, major(st->st_dev), minor(st->st_dev)));
		if (!open)
			refuse_word(check->name, "cannot be compared: %s.", check->disk.why);
	}
	mounts_free(&mounts);
	return open;
}

static int compare_file(struct check *check, int file, const struct stat *st)
{
	int ret = CANNOT_TELL, error;
	enum result result;

	if (!open_disk(check, file, st))
		goto out;
	error = cache_open(&check->cache, file);
	if (!error) {
		check->next -= check->next % check->cache.page;
		check->from = check->next;
		error = compare(check);
	}
	if (error) {
		refuse_word(check->name, "cannot be compared: its cache cannot be seen: %s.",
			    strerror(-error));
		goto out;
	}
	check->is_block = S_ISBLK(st->st_mode);
	check->changed |= !check->is_block && has_changed(file, st);
	result = result_of(check);
	ret = verdict(check, result);
	run.same |= result == SAME;
	if (run.json)
		print_object(check, result);
	else
		print_result(check, result);
	if (check->next < check->size)
		refuse_word(check->name, "was not compared to its end; go on with --offset %jd.",
			    (intmax_t)check->next);
out:
	cache_close(&check->cache);
	disk_close(&check->disk);
	return ret;
}

static int check_file(const char *name, off_t offset)
{
	struct check check = { .name = name, .next = offset,
			       .cache = { .memory = -1, .pagemap = -1, .flags = -1 },
			       .disk = { .direct = -1, .device = -1 } };
	char *buffers = NULL;
	size_t page = sysconf(_SC_PAGESIZE);
	int file = open_quietly(name), ret;
	struct stat st;

	if (file < 0 || fstat(file, &st)) {
		ret = refuse_word(name, "cannot be opened: %s; give a file that can be read.",
				  strerror(errno));
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		ret = refuse_word(name, "is a directory; give -r to compare the files below it.");
		goto out;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		ret = refuse_word(name, "is neither a regular file nor a block device, and only these are compared; "
				  "give one.");
		goto out;
	}
	check.size = st.st_size;
	if (S_ISBLK(st.st_mode) && !block_size(file, &check.size)) {
		ret = refuse_word(name, "cannot be compared: its size cannot be found out: %s.", strerror(errno));
		goto out;
	}
	if (offset && offset >= check.size) {
		ret = refuse_word(name, "has %jd bytes, so nothing is at --offset %jd; give a smaller "
				  "one.", (intmax_t)check.size, (intmax_t)offset);
		goto out;
	}
	if (posix_memalign((void **)&buffers, page, 2 * (CHUNK + page))) {
		ret = refuse("There is no memory left; try again.");
		goto out;
	}
	check.in_cache = buffers;
	check.on_disk = buffers + CHUNK;
	check.page_in_cache = buffers + 2 * CHUNK;
	check.page_on_disk = buffers + 2 * CHUNK + page;
	ret = compare_file(&check, file, &st);
out:
	free(check.differing.range);
	free(check.unread.range);
	free(buffers);
	if (file >= 0)
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
	/* What differs is known, whatever else is not. */
	return found ? FOUND : unknown || interrupted ? CANNOT_TELL : NOTHING_FOUND;
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
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESETHAND };
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
