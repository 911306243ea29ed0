// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writeback is noted by several at once, and whoever has seen that it was noted finds the note, or a later one.
 * With src/flight/order.c
 */
#include <linux/types.h>

#include "flight/order.h"
#include "race.h"

/* So few that they share notes, and each of them is noted again and again. */
#define CHUNKS 3
/* Pages of a chunk, of src/flight/order.c. */
#define PAGES 4

static struct {
	s64 newest;
	struct race_order order;
} chunks[CHUNKS];

static const struct address_space *const mapping = (void *)0xffff888000002000;
static s64 last;

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < CHUNKS; i++) {
		chunks[i].newest = 0;
		chunks[i].order = (struct race_order){};
	}
	last = 1;
}

static void note(unsigned int first, unsigned int end)
{
	s64 number = diolate_order_note(mapping, first * PAGES, end * PAGES - 1);
	unsigned int i;

	if (diolate_order_now() < number)
		race_wrong("a number has gone back");
	race_model_lock();
	for (i = first; i < end; i++) {
		race_give(&chunks[i].order);
		if (chunks[i].newest < number)
			chunks[i].newest = number;
	}
	if (last < number)
		last = number;
	race_model_unlock();
}

static void find(unsigned int i)
{
	s64 newest;

	race_model_lock();
	race_take(&chunks[i].order);
	newest = chunks[i].newest;
	race_model_unlock();
	if (newest && !diolate_order_written_back(mapping, i * PAGES, i * PAGES, newest - 1))
		race_wrong("a note is not found");
}

static void task(unsigned int n)
{
	unsigned int i, first;

	(void)n;
	for (i = race_turns(); i; i--) {
		if (race_any(2)) {
			first = race_any(CHUNKS);
			note(first, first + 1 + race_any(CHUNKS - first));
		} else {
			find(race_any(CHUNKS));
		}
	}
}

/* And none is found that is newer than the last. */
static void end(void)
{
	if (diolate_order_written_back(mapping, 0, CHUNKS * PAGES - 1, last))
		race_wrong("a note is found that nobody has made");
}

const struct race race_subject = {
	.name = "order", .most = 8, .crowd = 200, .begin = begin, .task = task, .end = end,
};
