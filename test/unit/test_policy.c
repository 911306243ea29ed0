// SPDX-License-Identifier: GPL-2.0-only
/* src/model/policy.c in user space: every late error there can be, against the contract's order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/policy.h"

/*
 * Each row names what it needs; ANY stands for every value. The first row that fits a late error is
 * its outcome, as in the contract.
 */
#define ANY -1

static const struct {
	int repeat, consumer, follows, policy, whole, repair, proven, unclear, way;
	enum diolate_outcome outcome;
} contract[] = {
	{ true, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_REPEAT },
	{ ANY, DIOLATE_SYNC, false, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAS_SYNC },
	{ ANY, DIOLATE_SYNC, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_OTHER, DIOLATE_WAS_SYNC },
	{ ANY, DIOLATE_KERNEL, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_KERNEL_OWNED },
	{ ANY, ANY, ANY, DIOLATE_OBSERVE, ANY, ANY, ANY, ANY, ANY, DIOLATE_OBSERVED },
	{ ANY, ANY, ANY, ANY, true, ANY, ANY, ANY, ANY, DIOLATE_SPARED },
	{ ANY, ANY, ANY, DIOLATE_REPAIR, ANY, true, ANY, ANY, ANY, DIOLATE_PENDING },
	{ ANY, ANY, ANY, ANY, ANY, ANY, false, ANY, ANY, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, true, ANY, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_MISSED, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_FULL, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_SHORT, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_OTHER, DIOLATE_UNDELIVERABLE },
	{ ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, DIOLATE_WAY_CONSUMER, DIOLATE_PENDING },
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
		    fits(contract[i].follows, late->follows) &&
		    fits(contract[i].policy, late->policy) &&
		    fits(contract[i].whole, late->whole) &&
		    fits(contract[i].repair, late->repair) &&
		    fits(contract[i].proven, late->proven) &&
		    fits(contract[i].unclear, late->unclear) && fits(contract[i].way, late->way))
			return contract[i].outcome;
	fail_msg("the contract has no row for consumer %d, way %d, policy %d", late->consumer,
		 late->way, late->policy);
	return DIOLATE_REPEAT;
}

static void test_every_late_error(void **state)
{
	int consumer, way, policy, flags;

	(void)state;
	for (consumer = DIOLATE_SYNC; consumer < DIOLATE_CONSUMERS; consumer++)
		for (way = DIOLATE_WAY_MISSED; way <= DIOLATE_WAY_CONSUMER; way++)
			for (policy = DIOLATE_PROPAGATE; policy < DIOLATE_POLICIES; policy++)
				for (flags = 0; flags < 64; flags++) {
					struct diolate_late late = {
						.consumer = consumer,
						.way = way,
						.policy = policy,
						.repeat = flags & 1,
						.proven = flags & 2,
						.unclear = flags & 8,
						.follows = flags & 16,
						.whole = flags & 32,
						/* Only that policy begins a repair. */
						.repair = policy == DIOLATE_REPAIR && flags & 4,
					};

					assert_int_equal(diolate_policy_decide(&late),
							 expected(&late));
				}
}

static void test_success_becomes_eio(void **state)
{
	long results[] = { 0, 1, 65536, 0x7fffffffL << 12 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		assert_int_equal(diolate_policy_settle(&results[i]), DIOLATE_DELIVERED);
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

		assert_int_equal(diolate_policy_settle(&ret), DIOLATE_ALREADY_FAILED);
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

/* What is undeliverable has a reason, and what is not going to be repaired keeps its own. */
static void test_reasons(void **state)
{
	struct diolate_late late = { .way = DIOLATE_WAY_MISSED, .unrepaired = DIOLATE_FILESYSTEM };
	int outcome;

	(void)state;
	for (outcome = 0; outcome < DIOLATE_OUTCOMES; outcome++)
		if (outcome != DIOLATE_UNDELIVERABLE && outcome != DIOLATE_PENDING)
			assert_int_equal(diolate_policy_reason(&late, outcome), DIOLATE_NO_REASON);
	late.follows = true;
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_WAS_SYNC), DIOLATE_OTHER_CALL);
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_PENDING), DIOLATE_FILESYSTEM);
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_UNDELIVERABLE), DIOLATE_UNPROVEN);
	late.proven = true;
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_UNDELIVERABLE), DIOLATE_NOT_WATCHED);
	late.unclear = true;
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_UNDELIVERABLE), DIOLATE_PARTIAL);
	late.unclear = false;
	late.way = DIOLATE_WAY_FULL;
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_UNDELIVERABLE), DIOLATE_TOO_MANY);
	late.way = DIOLATE_WAY_SHORT;
	assert_int_equal(diolate_policy_reason(&late, DIOLATE_UNDELIVERABLE), DIOLATE_SHORT_WRITE);
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
