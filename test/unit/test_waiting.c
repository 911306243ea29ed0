// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/write/waiting.c in user space, with threads for processors; what has no order is found whether it
 * happens at once or not.
 * Sanitized for thread
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/atomic.h>
#include <linux/hash.h>
#include "write/waiting.h"

__thread const struct task_struct *current;

/* Places in a bucket, and buckets: src/write/waiting.c says why. */
#define SIZE 8
#define BITS 9

/* The nth address whose kiocb belongs into the first bucket. */
static struct kiocb *in_first(unsigned int nth)
{
	uintptr_t address = 0xffff888000000000;

	for (;; address += 64)
		if (!hash_ptr(address, BITS) && !nth--)
			return (struct kiocb *)address;
}

static void end(struct diolate_waiting *w)
{
	diolate_waiting_end(w);
	diolate_waiting_put();
}

static void test_found_until_it_ends(void **state)
{
	struct kiocb *iocb = in_first(0), *other = in_first(1);
	struct diolate_waiting *w;

	(void)state;
	assert_true(diolate_waiting_none());
	assert_null(diolate_waiting_find(iocb));
	w = diolate_waiting_begin(iocb);
	assert_non_null(w);
	assert_false(diolate_waiting_none());
	assert_ptr_equal(diolate_waiting_find(iocb), w);
	assert_null(diolate_waiting_find(other));
	diolate_waiting_end(w);
	assert_null(diolate_waiting_find(iocb));
	/* Who has ended it is yet to leave. */
	assert_false(diolate_waiting_none());
	diolate_waiting_put();
	assert_true(diolate_waiting_none());
}

/* Another write may have the kiocb of one that waits, if that was answered where nobody sees it. */
static void test_another_has_its_kiocb(void **state)
{
	struct diolate_waiting *w = diolate_waiting_begin(in_first(0));
	const struct file *file = (void *)&w, *other = (void *)&file;

	(void)state;
	w->file = file;
	w->start = 4096;
	assert_true(diolate_waiting_is_of(w, file, 4096));
	assert_false(diolate_waiting_is_of(w, file, 0));
	assert_false(diolate_waiting_is_of(w, other, 4096));
	/* What has failed has not got anywhere. */
	assert_true(diolate_waiting_is_of(w, file, -1));
	assert_false(diolate_waiting_is_of(w, other, -1));
	end(w);
}

static void test_nothing_is_left_of_the_one_before(void **state)
{
	struct diolate_waiting *w = diolate_waiting_begin(in_first(0));

	(void)state;
	current = (void *)&state;
	w->sync = (void *)w;
	w->task = current;
	assert_ptr_equal(diolate_waiting_of_task(), w);
	end(w);
	assert_null(diolate_waiting_of_task());
	assert_ptr_equal(diolate_waiting_begin(in_first(1)), w);
	assert_null(w->sync);
	end(w);
}

static void test_full(void **state)
{
	struct diolate_waiting *w[SIZE];
	unsigned int i;

	(void)state;
	for (i = 0; i < SIZE; i++) {
		w[i] = diolate_waiting_begin(in_first(i));
		assert_non_null(w[i]);
	}
	assert_null(diolate_waiting_begin(in_first(SIZE)));
	assert_null(diolate_waiting_find(in_first(SIZE)));
	end(w[3]);
	w[3] = diolate_waiting_begin(in_first(SIZE));
	assert_non_null(w[3]);
	for (i = 0; i < SIZE; i++)
		end(w[i]);
	assert_true(diolate_waiting_none());
}

#define THREADS 4
#define TURNS 100000

static pthread_barrier_t all_there;

/* More of them than places, so that some find none. */
static void *write_late(void *arg)
{
	unsigned int i, *missed = arg;
	struct kiocb *mine[4];

	for (i = 0; i < 4; i++)
		mine[i] = in_first(*missed * 4 + i);
	*missed = 0;
	pthread_barrier_wait(&all_there);
	for (i = 0; i < TURNS; i++) {
		struct diolate_waiting *w[4];
		unsigned int n;

		for (n = 0; n < 4; n++) {
			w[n] = diolate_waiting_begin(mine[n]);
			if (w[n])
				w[n]->sync = (void *)w[n];
			else
				++*missed;
		}
		for (n = 0; n < 4; n++) {
			if (diolate_waiting_find(mine[n]) != w[n])
				return "one is not found";
			if (w[n])
				end(w[n]);
			if (diolate_waiting_find(mine[n]))
				return "one is found that has ended";
		}
	}
	return NULL;
}

static void test_side_by_side(void **state)
{
	unsigned int i, missed[THREADS], sum = 0;
	pthread_t threads[THREADS];
	void *wrong;

	(void)state;
	pthread_barrier_init(&all_there, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		missed[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_late, &missed[i]), 0);
	}
	/* As unloading does, though here others may begin afterwards. */
	diolate_waiting_wait();
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_ptr_equal(wrong, NULL);
		sum += missed[i];
	}
	diolate_waiting_wait();
	assert_true(diolate_waiting_none());
	assert_in_range(sum, 0, THREADS * 4 * TURNS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_until_it_ends),
		cmocka_unit_test(test_another_has_its_kiocb),
		cmocka_unit_test(test_nothing_is_left_of_the_one_before),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_side_by_side),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
