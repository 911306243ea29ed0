// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/flight/dirtied.c in user space, with threads for processors: a name is right, or there is none.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/atomic.h>
#include "flight/dirtied.h"

unsigned long jiffies;

/* Notes in a ring, and rings: src/flight/dirtied.c says why. */
#define NOTES 256
#define RINGS_BITS 4

/* The nth file of the first ring. */
static struct address_space *file(unsigned int nth)
{
	uintptr_t address = 0xffff888000000000;

	for (;; address += 64)
		if (!hash_ptr(address, RINGS_BITS) && !nth--)
			return (struct address_space *)address;
}

static void note_in(const struct address_space *mapping, pgoff_t first, pgoff_t last, int pid,
		    bool writeback)
{
	struct diolate_dirtier who = { .by = pid ? DIOLATE_BY_MMAP : DIOLATE_BY_NOBODY, .pid = pid };

	if (pid)
		strcpy(who.comm, "dirtier");
	diolate_dirtied_watch(mapping);
	diolate_dirtied_note(mapping, first, last, writeback, &who);
}

static void note(const struct address_space *mapping, pgoff_t first, pgoff_t last, int pid)
{
	note_in(mapping, first, last, pid, false);
}

/* The process of a note; 0 for none. It is named, or not found. */
static int process_of(u64 handle)
{
	struct diolate_dirtier who;

	return !diolate_dirtied_who(handle, &who) ? 0 :
	       who.by == DIOLATE_BY_MMAP && !strcmp(who.comm, "dirtier") ? who.pid : -2;
}

/* The process that is found for a dirty page. */
static int found(const struct address_space *mapping, pgoff_t index)
{
	return process_of(diolate_dirtied_find(mapping, index, false, NULL));
}

/* The process that is found for a page under writeback. */
static int sent(const struct address_space *mapping, pgoff_t index)
{
	return process_of(diolate_dirtied_find(mapping, index, true, NULL));
}

static int begin(void **state)
{
	(void)state;
	/* What an earlier test has noted is out of date. */
	jiffies += 2 * DIOLATE_WATCH;
	diolate_dirtied_init();
	return 0;
}

static void test_each_page_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(found(file(0), 1), 0);
	note(file(0), 1, 1, 11);
	note(file(0), 2, 5, 12);
	note(file(1), 1, 1, 13);
	assert_int_equal(found(file(0), 0), 0);
	assert_int_equal(found(file(0), 1), 11);
	assert_int_equal(found(file(0), 2), 12);
	assert_int_equal(found(file(0), 5), 12);
	assert_int_equal(found(file(0), 6), 0);
	assert_int_equal(found(file(1), 1), 13);
	assert_int_equal(found(file(2), 1), 0);
}

static void test_the_newest_counts(void **state)
{
	(void)state;
	note(file(0), 1, 1, 11);
	note(file(0), 0, 3, 12);
	assert_int_equal(found(file(0), 1), 12);
	/* It became dirty once more, and nobody knows by whom. */
	note(file(0), 1, 1, 0);
	assert_int_equal(found(file(0), 1), 0);
	assert_int_equal(found(file(0), 2), 12);
}

static void test_not_believed_when_the_file_is_not_watched_any_more(void **state)
{
	struct diolate_dirtier who = { .by = DIOLATE_BY_MMAP, .pid = 12 };

	(void)state;
	assert_false(diolate_dirtied_is_watched(file(0)));
	note(file(0), 1, 1, 11);
	jiffies += DIOLATE_WATCH - 1;
	assert_true(diolate_dirtied_is_watched(file(0)));
	assert_int_equal(found(file(0), 1), 11);
	/* No direct I/O is in flight: the file is not watched for longer. */
	diolate_dirtied_note(file(0), 2, 2, false, &who);
	jiffies++;
	assert_false(diolate_dirtied_is_watched(file(0)));
	assert_int_equal(found(file(0), 1), 0);
	assert_int_equal(found(file(0), 2), 0);
	/* A new watch does not make them true. */
	diolate_dirtied_watch(file(0));
	assert_int_equal(found(file(0), 1), 0);
}

static void test_overwritten_ones_are_gone(void **state)
{
	pgoff_t i;

	(void)state;
	note(file(0), 1, 1, 11);
	for (i = 0; i < NOTES - 1; i++)
		note(file(1), i, i, 12);
	assert_int_equal(found(file(0), 1), 11);
	note(file(1), i, i, 12);
	assert_int_equal(found(file(0), 1), 0);
	assert_int_equal(found(file(1), 1), 12);
}

static void test_what_became_dirty_under_writeback_is_not_what_is_written(void **state)
{
	(void)state;
	note(file(0), 1, 2, 11);
	assert_int_equal(sent(file(0), 1), 11);
	note_in(file(0), 1, 1, 12, true);
	assert_int_equal(sent(file(0), 1), 0);
	assert_int_equal(found(file(0), 1), 12);
	assert_int_equal(sent(file(0), 2), 11);
}

static void test_what_became_dirty_since_was_not_there(void **state)
{
	u32 before, now;

	(void)state;
	before = diolate_dirtied_now(file(0));
	note(file(0), 1, 1, 11);
	now = diolate_dirtied_now(file(0));
	note(file(0), 2, 2, 12);
	note(file(1), 1, 1, 13);
	assert_int_equal(process_of(diolate_dirtied_find(file(0), 1, false, &before)), 0);
	assert_int_equal(process_of(diolate_dirtied_find(file(0), 1, false, &now)), 11);
	assert_int_equal(process_of(diolate_dirtied_find(file(0), 2, false, &now)), 0);
	/* The newer one is not the one that is asked for, and hides the one that is. */
	note(file(0), 1, 1, 14);
	assert_int_equal(process_of(diolate_dirtied_find(file(0), 1, false, &now)), 0);
}

static void test_a_note_is_kept_until_overwritten(void **state)
{
	u64 handle;
	pgoff_t i;

	(void)state;
	note(file(0), 1, 1, 11);
	handle = diolate_dirtied_find(file(0), 1, false, NULL);
	assert_int_not_equal(handle, 0);
	/* Whatever became of the folio since. */
	note(file(0), 1, 1, 12);
	jiffies += 2 * DIOLATE_WATCH;
	for (i = 0; i < NOTES - 2; i++)
		note(file(1), i, i, 13);
	assert_int_equal(process_of(handle), 11);
	note(file(1), i, i, 13);
	assert_int_equal(process_of(handle), 0);
	assert_int_equal(process_of(0), 0);
}

/* A processor: makes folios of its own file dirty, and asks after each. */
static void *processor(void *arg)
{
	unsigned long number = (uintptr_t)arg, right = 0;
	const struct address_space *mapping = file(number);
	unsigned int i;

	for (i = 1; i < 200000; i++) {
		pgoff_t page = i % 7;
		int pid = i % 5 ? (int)(number << 24 | i) : 0, who;

		note(mapping, page, page + i % 3, pid);
		who = found(mapping, page);
		if (who && who != pid)
			return (void *)-1;
		right += who != 0;
	}
	return (void *)right;
}

static void test_right_whoever_writes_beside(void **state)
{
	pthread_t threads[4];
	uintptr_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, processor, (void *)(i + 1)), 0);
	for (i = 0; i < 4; i++) {
		void *right;

		assert_int_equal(pthread_join(threads[i], &right), 0);
		assert_int_not_equal((intptr_t)right, -1);
		assert_int_not_equal((intptr_t)right, 0);
	}
}

/* Who writes notes whose page and process say the same: if they do not, it was torn. */
#define FOREIGN_PAGES 64
static bool over;

static void *writer(void *arg)
{
	const struct address_space *mapping = file((uintptr_t)arg);
	unsigned int i;

	for (i = 1; !READ_ONCE(over); i = i % 1000000 + 1)
		note(mapping, i % FOREIGN_PAGES, i % FOREIGN_PAGES, i);
	return NULL;
}

/* Who asks after pages of others, until enough are found. */
static void *asker(void *arg)
{
	const struct address_space *mapping = file((uintptr_t)arg);
	unsigned int right = 0;

	while (right < 200000) {
		u32 latest = diolate_dirtied_now(mapping);
		pgoff_t page;

		for (page = 0; page < FOREIGN_PAGES; page++) {
			int who = process_of(diolate_dirtied_find(mapping, page, false, &latest));

			if (who < 0 || (who && who % FOREIGN_PAGES != (int)page))
				return (void *)-1;
			right += who > 0;
		}
	}
	return NULL;
}

static void test_right_whoever_asks(void **state)
{
	pthread_t writers[2], askers[2];
	uintptr_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&writers[i], NULL, writer, (void *)(i + 1)), 0);
		assert_int_equal(pthread_create(&askers[i], NULL, asker, (void *)(i + 1)), 0);
	}
	for (i = 0; i < 2; i++) {
		void *wrong;

		assert_int_equal(pthread_join(askers[i], &wrong), 0);
		assert_null(wrong);
	}
	WRITE_ONCE(over, true);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_join(writers[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_page_has_its_own, begin),
		cmocka_unit_test_setup(test_the_newest_counts, begin),
		cmocka_unit_test_setup(test_not_believed_when_the_file_is_not_watched_any_more, begin),
		cmocka_unit_test_setup(test_overwritten_ones_are_gone, begin),
		cmocka_unit_test_setup(
			test_what_became_dirty_under_writeback_is_not_what_is_written, begin),
		cmocka_unit_test_setup(test_what_became_dirty_since_was_not_there, begin),
		cmocka_unit_test_setup(test_a_note_is_kept_until_overwritten, begin),
		cmocka_unit_test_setup(test_right_whoever_writes_beside, begin),
		cmocka_unit_test_setup(test_right_whoever_asks, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
