// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read/compare.h"

#define CHUNK (1 << 20)
/* Between the first and the second look at what differs. */
#define SECOND_LOOK_US 20000

bool compare_init(struct compare *compare, const char *name, off_t size, off_t from)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *buffers = NULL;

	*compare = (struct compare){
		.name = name,
		.size = size,
		.from = from - from % (off_t)page,
		.next = from - from % (off_t)page,
		.cache = { .memory = -1, .pagemap = -1, .flags = -1 },
		.disk = { .direct = -1, .device = -1 },
		.states = calloc(CHUNK / page, sizeof(*compare->states)),
	};
	if (!compare->states || posix_memalign((void **)&buffers, page, 2 * (CHUNK + page))) {
		compare_free(compare);
		return false;
	}
	compare->in_cache = buffers;
	compare->on_disk = buffers + CHUNK;
	compare->page_in_cache = buffers + 2 * CHUNK;
	compare->page_on_disk = buffers + 2 * CHUNK + page;
	return true;
}

void compare_free(struct compare *compare)
{
	free(compare->differing.range);
	free(compare->unread.range);
	free(compare->states);
	free(compare->in_cache);
}

static void add_range(struct compare *compare, struct ranges *ranges, const struct range *new)
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
		compare->no_memory = true;
		return;
	}
	ranges->range = more;
	more[ranges->count++] = *new;
}

/* What of the page at this offset is within the file. */
static size_t used(const struct compare *compare, off_t offset)
{
	off_t rest = compare->size - offset;

	return rest < (off_t)compare->cache.page ? (size_t)rest : compare->cache.page;
}

static uint64_t count_differing(const char *a, const char *b, size_t length)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < length; i++)
		n += a[i] != b[i];
	return n;
}

static void not_read(struct compare *compare, off_t offset, size_t length, const char *why)
{
	struct range range = { .offset = offset, .length = length, .why = why };

	add_range(compare, &compare->unread, &range);
}

/* A page that is clean by now may have been written back just before that was asked. */
static bool still_differs(struct compare *compare, off_t offset, size_t length)
{
	enum disk_state state;

	if (!cache_still_has(&compare->cache, offset) ||
	    !cache_read(&compare->cache, offset, compare->page_in_cache, compare->cache.page))
		return false;
	disk_read(&compare->disk, offset, compare->cache.page, compare->page_on_disk, &state);
	return state == DISK_NOTHING_YET ||
	       count_differing(compare->page_in_cache, compare->page_on_disk, length);
}

/*
 * A page that differed: both sides once more, since one may have been taken before and the other after
 * a write. Only what differs again is told.
 */
static void look_again(struct compare *compare, off_t offset, const char *cached, const char *stored)
{
	struct range range = { .offset = offset, .length = used(compare, offset) };
	enum disk_state state;

	if (!cache_still_has(&compare->cache, offset) ||
	    !cache_read(&compare->cache, offset, compare->page_in_cache, compare->cache.page)) {
		compare->settled++;
		return;
	}
	disk_read(&compare->disk, offset, compare->cache.page, compare->page_on_disk, &state);
	if (state == DISK_NOT_READ) {
		not_read(compare, offset, range.length, compare->disk.why);
		return;
	}
	range.bytes = count_differing(compare->page_in_cache, compare->page_on_disk, range.length);
	range.nothing_yet = state == DISK_NOTHING_YET;
	if (!range.bytes && !range.nothing_yet) {
		compare->settled++;
		return;
	}
	range.changing = memcmp(compare->page_in_cache, cached, range.length) ||
			 memcmp(compare->page_on_disk, stored, range.length);
	range.state = cache_state(&compare->cache, offset);
	if (!range.state && !still_differs(compare, offset, range.length)) {
		compare->settled++;
		return;
	}
	add_range(compare, &compare->differing, &range);
}

/* Whether it must be looked at again. */
static bool differs(const struct compare *compare, off_t offset, off_t start)
{
	enum disk_state state = compare->states[(offset - start) / compare->cache.page];

	return state == DISK_NOTHING_YET ||
	       (state == DISK_DATA && memcmp(compare->in_cache + (offset - start),
					     compare->on_disk + (offset - start), used(compare, offset)));
}

/* Pages of one chunk that are all cached, from offset to end. */
static void compare_run(struct compare *compare, off_t offset, off_t end)
{
	size_t page = compare->cache.page;
	bool waited = false;
	off_t at;

	compare->cached += (end - offset) / page;
	if (!cache_read(&compare->cache, offset, compare->in_cache, end - offset)) {
		not_read(compare, offset, end - offset, "the file was cut meanwhile, or cannot be read");
		compare->changed = true;
		return;
	}
	disk_read(&compare->disk, offset, end - offset, compare->on_disk, compare->states);
	for (at = offset; at < end; at += page) {
		if (compare->states[(at - offset) / page] == DISK_NOT_READ) {
			not_read(compare, at, used(compare, at), compare->disk.why);
			continue;
		}
		if (!differs(compare, at, offset))
			continue;
		/* Once a run is enough for a write that is under way to come through. */
		if (!waited)
			usleep(SECOND_LOOK_US);
		waited = true;
		look_again(compare, at, compare->in_cache + (at - offset),
			   compare->on_disk + (at - offset));
	}
}

static void compare_chunk(struct compare *compare, off_t offset, off_t end)
{
	size_t page = compare->cache.page;
	off_t from, to;

	for (from = offset; from < end; from = to) {
		to = from + page;
		if (!cache_has(&compare->cache, from))
			continue;
		while (to < end && cache_has(&compare->cache, to))
			to += page;
		compare_run(compare, from, to);
	}
}

int compare_file(struct compare *compare, int file, bool (*go_on)(const struct compare *compare, bool done))
{
	int ret = cache_open(&compare->cache, file);
	off_t page = compare->cache.page, end, window_end = 0;
	bool more = true;

	if (ret)
		return ret;
	end = (compare->size + page - 1) / page * page;
	while (more && compare->next < compare->size) {
		off_t chunk_end = compare->next + CHUNK < end ? compare->next + CHUNK : end;

		if (chunk_end > window_end) {
			window_end = compare->next + COMPARE_WINDOW < end ? compare->next + COMPARE_WINDOW : end;
			ret = cache_window(&compare->cache, compare->next, window_end - compare->next);
			if (ret)
				return ret;
		}
		compare_chunk(compare, compare->next, chunk_end);
		if (compare->no_memory)
			return -ENOMEM;
		more = go_on(compare, false);
		compare->next += CHUNK;
	}
	go_on(compare, true);
	return 0;
}

/*
 * What is dirty, or has no place on the disk yet, is on its way there. What is neither is what readers get instead;
 * so may be that of which only root can see which it is, as a dirty page is not read without the device.
 */
bool compare_is_unwritten(const struct range *range)
{
	return range->nothing_yet || range->state & (CACHE_DIRTY | CACHE_WRITEBACK);
}

uint64_t compare_bytes(const struct ranges *ranges, bool unwritten)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (compare_is_unwritten(&ranges->range[i]) == unwritten)
			sum += ranges->range[i].length;
	return sum;
}

enum compare_result compare_result(const struct compare *compare)
{
	if (compare_bytes(&compare->differing, false))
		return COMPARE_STALE;
	if (compare->unread.count || compare->next < compare->size)
		return COMPARE_UNKNOWN;
	return compare->differing.count ? COMPARE_UNWRITTEN : COMPARE_SAME;
}
