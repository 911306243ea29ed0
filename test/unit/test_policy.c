// SPDX-License-Identifier: GPL-2.0-only
/* src/policy.c in user space: every late error there can be, against the contract's order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy.h"

/*
 * Each row names what it needs; ANY stands for every value. The first row that fits a late error is
 * its outcome, as in the contract.
 */
#define ANY -1

static const struct {
	int repeat, consumer, way, policy;
	enum diolate_outcome outcome;
} contract[] = {
	{ true, ANY, ANY, ANY, DIOLATE_REPEAT },
	{ ANY, DIOLATE_SYNC, ANY, ANY, DIOLATE_WAS_SYNC },
	{ ANY, DIOLATE_KERNEL, ANY, ANY, DIOLATE_KERNEL_OWNED },
	{ ANY, ANY, ANY, DIOLATE_OBSERVE, DIOLATE_OBSERVED },
	{ ANY, ANY, DIOLATE_WAY_UNPROVEN, DIOLATE_PROPAGATE, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, DIOLATE_WAY_MISSED, DIOLATE_PROPAGATE, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, DIOLATE_WAY_WATCHED, DIOLATE_PROPAGATE, DIOLATE_PENDING },
	{ ANY, ANY, DIOLATE_WAY_WAITED_FOR, DIOLATE_PROPAGATE, DIOLATE_PENDING },
};

static int fits(int wanted, int value)
{
	return wanted == ANY || wanted == value;
}

static enum diolate_outcome expected(const struct diolate_late *late)
{
	size_t i;

	for (i = 0; i < sizeof(contract) / sizeof(contract[0]); i++)
		if (fits(contract[i].repeat, late->repeat) &&
		    fits(contract[i].consumer, late->consumer) &&
		    fits(contract[i].way, late->way) && fits(contract[i].policy, late->policy))
			return contract[i].outcome;
	fail_msg("the contract has no row for consumer %d, way %d, policy %d", late->consumer,
		 late->way, late->policy);
	return DIOLATE_REPEAT;
}

static void test_every_late_error(void **state)
{
	int repeat, consumer, way, policy;

	(void)state;
	for (repeat = 0; repeat <= 1; repeat++)
		for (consumer = DIOLATE_SYNC; consumer <= DIOLATE_KERNEL; consumer++)
			for (way = DIOLATE_WAY_UNPROVEN; way <= DIOLATE_WAY_WAITED_FOR; way++)
				for (policy = DIOLATE_PROPAGATE; policy <= DIOLATE_OBSERVE;
				     policy++) {
					struct diolate_late late = {
						.consumer = consumer,
						.way = way,
						.policy = policy,
						.repeat = repeat,
					};

					assert_int_equal(diolate_decide(&late),
							 expected(&late));
				}
}

static void test_success_becomes_eio(void **state)
{
	long results[] = { 0, 1, 65536, 0x7fffffffL << 12 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		assert_int_equal(diolate_settle(&results[i]), DIOLATE_DELIVERED);
		assert_int_equal(results[i], -EIO);
	}
}

static void test_an_error_stays_what_it_is(void **state)
{
	long errors[] = { -EIO, -ENOSPC, -EAGAIN, -529, -1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		long ret = errors[i];

		assert_int_equal(diolate_settle(&ret), DIOLATE_ALREADY_FAILED);
		assert_int_equal(ret, errors[i]);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(diolate_policy_names[DIOLATE_PROPAGATE], "propagate");
	assert_string_equal(diolate_policy_names[DIOLATE_OBSERVE], "observe");
	assert_string_equal(diolate_policy_names[DIOLATE_REPAIR], "repair");
}

/* Only what is undeliverable has a reason, and it has one. */
static void test_reasons(void **state)
{
	int outcome, way;

	(void)state;
	for (outcome = 0; outcome < DIOLATE_OUTCOMES; outcome++)
		for (way = DIOLATE_WAY_UNPROVEN; way <= DIOLATE_WAY_WAITED_FOR; way++)
			assert_int_equal(diolate_reason(way, outcome) != DIOLATE_NO_REASON,
					 outcome == DIOLATE_UNDELIVERABLE);
	assert_int_equal(diolate_reason(DIOLATE_WAY_UNPROVEN, DIOLATE_UNDELIVERABLE),
			 DIOLATE_UNPROVEN);
	assert_int_equal(diolate_reason(DIOLATE_WAY_MISSED, DIOLATE_UNDELIVERABLE),
			 DIOLATE_NOT_WATCHED);
	assert_int_equal(diolate_reason(DIOLATE_WAY_WATCHED, DIOLATE_UNDELIVERABLE),
			 DIOLATE_SHORT_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_late_error),
		cmocka_unit_test(test_success_becomes_eio),
		cmocka_unit_test(test_an_error_stays_what_it_is),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
