// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "show/differences.h"
#include "show/json.h"
#include "show/terminal.h"
#include "show/text.h"

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

void differences_print_json(const struct compare *compare)
{
	static const char *const names[] = { "same", "unwritten", "differs", "unknown" };
	struct json_object *object = json_object_new_object();

	json_add_name(object, "file", compare->name);
	json_object_object_add(object, "result", json_object_new_string(names[compare_result(compare)]));
	json_object_object_add(object, "size", json_object_new_int64(compare->size));
	json_object_object_add(object, "offset", json_object_new_int64(compare->from));
	json_object_object_add(object, "pages_cached", json_object_new_uint64(compare->cached));
	json_object_object_add(object, "pages_settled", json_object_new_uint64(compare->settled));
	json_object_object_add(object, "changing", compare->disk.is_block && !compare->changed ?
			       NULL : json_object_new_boolean(compare->changed));
	json_object_object_add(object, "differing", ranges_json(&compare->differing));
	json_object_object_add(object, "not_looked_at", ranges_json(&compare->unread));
	json_object_object_add(object, "next_offset",
			       compare->next < compare->size ? json_object_new_int64(compare->next) : NULL);
	print_json(object);
}

static void explain(const struct compare *compare)
{
	if (compare_bytes(&compare->differing, true))
		puts("  Not written back yet: that is normal after a buffered write or a store through mmap. After\n"
		     "  a late error it undoes the direct write when it is written back.");
	if (compare_bytes(&compare->differing, false))
		puts("  Clean, but other than the disk: buffered readers get old data.");
}

void differences_print(const struct compare *compare, bool strict)
{
	char *shown = printable(compare->name, 0);
	size_t i;

	switch (compare_result(compare)) {
	case COMPARE_STALE:
		printf("%s%s: differs%s in %" PRIu64 " of %jd bytes\n", colour(RED), shown, colour(PLAIN),
		       compare_bytes(&compare->differing, false), (intmax_t)compare->size);
		break;
	case COMPARE_UNWRITTEN:
		printf("%s%s: not written back yet%s, %" PRIu64 " of %jd bytes\n",
		       colour(strict ? RED : GREEN), shown, colour(PLAIN),
		       compare_bytes(&compare->differing, true), (intmax_t)compare->size);
		break;
	case COMPARE_SAME:
		printf("%s%s: same%s, %" PRIu64 " pages are cached\n", colour(GREEN), shown, colour(PLAIN),
		       compare->cached);
		break;
	case COMPARE_UNKNOWN:
		printf("%s%s: cannot tell%s, %s\n", colour(MAGENTA), shown, colour(PLAIN),
		       compare->next < compare->size ? "stopped" : "not all could be looked at");
		break;
	}
	if (compare->from)
		printf("  Looked at from %jd on.\n", (intmax_t)compare->from);
	for (i = 0; i < compare->differing.count; i++) {
		const struct range *range = &compare->differing.range[i];

		printf("  %12jd  %10" PRIu64 " bytes, %" PRIu64 " of them differ  %s%s\n",
		       (intmax_t)range->offset, range->length, range->bytes, state_words(range),
		       range->changing ? ", changing" : "");
	}
	for (i = 0; i < compare->unread.count; i++)
		printf("  %12jd  %10" PRIu64 " bytes not looked at: %s\n",
		       (intmax_t)compare->unread.range[i].offset, compare->unread.range[i].length,
		       compare->unread.range[i].why);
	if (compare->settled)
		printf("  %" PRIu64 " pages differed at the first look and not at the second.\n",
		       compare->settled);
	if (compare->changed)
		puts("  The file changed while it was compared.");
	explain(compare);
	free(shown);
}

static void show_bar(const struct compare *compare)
{
	int filled = compare->next * 40 / compare->size, i;

	fputc('[', stderr);
	for (i = 0; i < 40; i++)
		fputc(i < filled ? '#' : ' ', stderr);
	fprintf(stderr, "] %3d%%  %zu differing ranges", (int)(compare->next * 100 / compare->size),
		compare->differing.count);
}

/* Small files are done before a bar could be read; many of them are counted. */
void differences_progress(const struct compare *compare, bool done, size_t file, size_t files)
{
	static time_t shown;
	time_t now = time(NULL);
	bool is_small = compare->size < COMPARE_WINDOW;

	if ((is_small && files < 2) || !is_terminal(stderr) || (!done && now == shown))
		return;
	fputc('\r', stderr);
	if (!done) {
		shown = now;
		if (files > 1)
			fprintf(stderr, "%zu/%zu ", file, files);
		if (!is_small)
			show_bar(compare);
	}
	fputs("\033[K", stderr);
	fflush(stderr);
}
