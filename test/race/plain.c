// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain accesses, for schedule.c: one races with another, or with a marked one, if the barriers and locks of the
 * table do not say which of them comes first. That is reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "race.h"
#include "schedule.h"

/* Words that are accessed, and accesses of a word that are remembered. */
#define WORDS (1 << 17)
#define CELLS 4

/* A plain access, or a marked one beside plain ones. */
struct cell {
	uint32_t at;
	uint8_t by, mask;
	bool writes, marked;
	const void *code;
};

struct word {
	uintptr_t number;
	unsigned int round;
	uint8_t next, stored_by;
	uint32_t stored_after;
	struct cell cells[CELLS];
};

static struct word words[WORDS];

static struct word *plain_word(uintptr_t number)
{
	uintptr_t i, first = schedule_hash(number);

	for (i = 0; i < WORDS; i++) {
		struct word *w = &words[(first + i) % WORDS];

		if (w->round != schedule_round)
			*w = (struct word){ .number = number, .round = schedule_round };
		if (w->number == number)
			return w;
	}
	race_wrong("more words are accessed than WORDS");
}

static const char *plain_line(const void *code, char *text, size_t size)
{
	char command[128];
	FILE *f;

	snprintf(command, sizeof(command), "addr2line -fsp -e /proc/%d/exe %#lx", getpid(),
		 (unsigned long)code - 1);
	f = popen(command, "r");
	if (!f || !fgets(text, size, f))
		snprintf(text, size, "%p", code);
	if (f)
		pclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void plain_race(const struct cell *other, bool writes, const void *code)
{
	char a[256], b[256];

	race_wrong("no order between a %s in %s and a %s in %s", writes ? "store" : "load",
		   plain_line(code, a, sizeof(a)), other->writes ? "store" : "load",
		   plain_line(other->code, b, sizeof(b)));
}

static void plain_access_word(uintptr_t number, struct cell access)
{
	struct word *w = plain_word(number);
	struct cell *place = NULL;
	unsigned int i;

	for (i = 0; i < CELLS; i++) {
		struct cell *c = &w->cells[i];
		bool before = !c->by || schedule_self->knows.hb.of[c->by] >= c->at;

		if (!before && (c->mask & access.mask) && (c->writes || access.writes) &&
		    !(c->marked && access.marked))
			plain_race(c, access.writes, access.code);
		if (c->by == access.by && c->mask == access.mask && c->writes <= access.writes)
			place = c;
		else if (before && !place)
			place = c;
	}
	if (!place)
		place = &w->cells[w->next++ % CELLS];
	*place = access;
	if (access.writes) {
		w->stored_by = access.by;
		w->stored_after = schedule_self->releases;
	}
}

/*
 * What is loaded without an order, on purpose, was found: a read barrier that follows pairs with the last write
 * barrier before its store.
 */
static void plain_find_plain(uintptr_t first, uintptr_t last)
{
	for (; first <= last; first++) {
		const struct word *w = plain_word(first);

		if (w->stored_by)
			memory_join_earlier(w->stored_by, w->stored_after);
	}
}

/**
 * plain_access() - this task loads or stores
 * @p:      where
 * @size:   bytes
 * @writes: it stores
 * @marked: with a mark
 * @code:   who
 */
void plain_access(const void *p, size_t size, bool writes, bool marked, const void *code)
{
	uintptr_t at = (uintptr_t)p, end = at + size;
	struct cell access;

	if (!schedule_self)
		return;
	if (schedule_self->ignores && !writes) {
		plain_find_plain(at / 8, (end - 1) / 8);
		return;
	}
	access = (struct cell){ .at = memory_tick(), .by = race_self(), .writes = writes,
				.marked = marked, .code = code };
	while (at < end) {
		unsigned int first = at % 8, n = end - at < 8 - first ? end - at : 8 - first;

		access.mask = ((1u << n) - 1) << first;
		plain_access_word(at / 8, access);
		at += n;
	}
}

static void plain_point(const void *p, size_t size, bool writes, const void *code)
{
	if (!schedule_self || schedule_is_stack(p))
		return;
	race_point();
	plain_access(p, size, writes, false, code);
}

/* Memory is not used again in a round: what is freed and what is allocated then has no order here. */
static struct memory {
	struct memory *next;
	uint64_t bytes[];
} *allocated;

void *race_calloc(size_t n, size_t size)
{
	struct memory *m = calloc(1, sizeof(*m) + n * size);

	if (!m)
		return NULL;
	m->next = allocated;
	allocated = m;
	return m->bytes;
}

void race_free(void *p)
{
	(void)p;
}

/** plain_begin() - forget the last round */
void plain_begin(void)
{
	struct memory *m;

	while ((m = allocated)) {
		allocated = m->next;
		free(m);
	}
}

/** race_touch() - a user of the table loads or stores this, without marks */
void race_touch(const void *p, size_t size, bool writes)
{
	plain_point(p, size, writes, __builtin_return_address(0));
}

/* What the compiler calls. */

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

#define PLAIN(name, size, writes)						\
void __tsan_##name(void *p);							\
void __tsan_##name(void *p)							\
{										\
	plain_point(p, size, writes, __builtin_return_address(0));		\
}

PLAIN(read1, 1, false)
PLAIN(read2, 2, false)
PLAIN(read4, 4, false)
PLAIN(read8, 8, false)
PLAIN(read16, 16, false)
PLAIN(write1, 1, true)
PLAIN(write2, 2, true)
PLAIN(write4, 4, true)
PLAIN(write8, 8, true)
PLAIN(write16, 16, true)
PLAIN(unaligned_read2, 2, false)
PLAIN(unaligned_read4, 4, false)
PLAIN(unaligned_read8, 8, false)
PLAIN(unaligned_read16, 16, false)
PLAIN(unaligned_write2, 2, true)
PLAIN(unaligned_write4, 4, true)
PLAIN(unaligned_write8, 8, true)
PLAIN(unaligned_write16, 16, true)

/* Of a structure that is copied; race_copy() copies it, a word at a time. */
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);

void __tsan_read_range(void *p, size_t size)
{
	if (size <= 64)
		plain_point(p, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *p, size_t size)
{
	if (size <= 64)
		plain_point(p, size, true, __builtin_return_address(0));
}

/* memcpy() and memset() of the table (test/race/run). */
void *race_memcpy(void *to, const void *from, size_t size);
void *race_memset(void *to, int c, size_t size);

void *race_memcpy(void *to, const void *from, size_t size)
{
	size_t i, n;

	for (i = 0; i < size; i += n) {
		n = size - i < 64 ? size - i : 64;
		plain_point((const char *)from + i, n, false, __builtin_return_address(0));
		plain_point((char *)to + i, n, true, __builtin_return_address(0));
		memcpy((char *)to + i, (const char *)from + i, n);
	}
	return to;
}

void *race_memset(void *to, int c, size_t size)
{
	plain_point(to, size, true, __builtin_return_address(0));
	return memset(to, c, size);
}

