// SPDX-License-Identifier: GPL-2.0-only
/* tools/read/parse.c: the lines of the module's files, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "read/parse.h"

static void test_counters(void **state)
{
	struct counters counters = { 0 };
	int i;

	(void)state;
	assert_true(parse_counter("late_errors 18446744073709551615", &counters));
	assert_true(parse_counter("of_a_later_version 7", &counters));
	assert_int_equal(counters.count, 2);
	assert_true(counter_value(&counters, "late_errors") == UINT64_MAX);
	assert_int_equal(counter_value(&counters, "of_a_later_version"), 7);
	assert_int_equal(counter_value(&counters, "absent"), 0);
	assert_false(counter_is_there(&counters, "absent"));

	assert_false(parse_counter("", &counters));
	assert_false(parse_counter("stuck", &counters));
	assert_false(parse_counter("stuck ", &counters));
	assert_false(parse_counter("stuck -1", &counters));
	assert_false(parse_counter("stuck 1x", &counters));
	assert_false(parse_counter("stuck 18446744073709551616", &counters));
	assert_false(parse_counter("a_name_that_is_longer_than_any_counter_has 1", &counters));
	assert_int_equal(counters.count, 2);
	for (i = 2; i < MAX_COUNTERS; i++)
		assert_true(parse_counter("more 1", &counters));
	assert_false(parse_counter("one_too_many 1", &counters));
}

static void test_sites(void **state)
{
	struct sites sites = { 0 };

	(void)state;
	assert_true(parse_site("dio_complete armed 3 the end of a direct write", &sites));
	assert_string_equal(sites.site[0].symbol, "dio_complete");
	assert_string_equal(sites.site[0].state, "armed");
	assert_int_equal(sites.site[0].missed, 3);
	assert_string_equal(sites.site[0].purpose, "the end of a direct write");
	assert_true(parse_site("x absent 0", &sites));
	assert_string_equal(sites.site[1].purpose, "");
	assert_false(parse_site("x absent", &sites));
	assert_false(parse_site("x absent many", &sites));
	assert_false(parse_site("", &sites));
}

static void test_fields(void **state)
{
	char line[] = "seq=17 dev=253:0 path=/a=b\\040c pid=- comm=";
	char no_pair[] = "seq=17 nothing";
	char no_key[] = "=17";
	char empty[] = "";
	struct fields fields;
	unsigned int major, minor;
	uint64_t n;

	(void)state;
	assert_true(parse_fields(line, &fields));
	assert_int_equal(fields.count, 5);
	assert_true(field_number(&fields, "seq", &n));
	assert_int_equal(n, 17);
	assert_true(field_device(&fields, &major, &minor));
	assert_int_equal(major, 253);
	assert_int_equal(minor, 0);
	assert_string_equal(field_value(&fields, "path"), "/a=b\\040c");
	assert_null(field_value(&fields, "pid"));
	assert_string_equal(field_value(&fields, "comm"), "");
	assert_null(field_value(&fields, "absent"));
	assert_false(parse_fields(no_pair, &fields));
	assert_false(parse_fields(no_key, &fields));
	assert_false(parse_fields(empty, &fields));
}

static void test_bad_devices(void **state)
{
	static const char *const bad[] = { "dev=8", "dev=8:", "dev=:1", "dev=8:1x", "dev=-" };
	struct fields fields;
	unsigned int major, minor;
	char line[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(line, bad[i]);
		assert_true(parse_fields(line, &fields));
		assert_false(field_device(&fields, &major, &minor));
	}
}

static void test_lines(void **state)
{
	char text[] = "one\n\ntwo";
	char *rest = text;

	(void)state;
	assert_string_equal(next_line(&rest), "one");
	assert_string_equal(next_line(&rest), "");
	assert_string_equal(next_line(&rest), "two");
	assert_null(next_line(&rest));
}

static void test_log_time(void **state)
{
	struct timespec time;

	(void)state;
	assert_true(parse_log_time("2026-11-24T04:10:05.123456789Z", &time));
	assert_int_equal(time.tv_sec, 1795493405);
	assert_int_equal(time.tv_nsec, 123456789);
	assert_true(parse_log_time("1970-01-01T00:00:01.5Z", &time));
	assert_int_equal(time.tv_sec, 1);
	assert_int_equal(time.tv_nsec, 500000000);
	assert_false(parse_log_time("2026-11-24T04:10:05.123456789", &time));
	assert_false(parse_log_time("yesterday", &time));
	/* No year has the first, only some have the second. */
	assert_false(parse_log_time("2026-02-30T10:00:00Z", &time));
	assert_false(parse_log_time("2026-02-29T10:00:00Z", &time));
	assert_true(parse_log_time("2028-02-29T10:00:00Z", &time));
	assert_true(parse_log_time("2026-12-31T23:59:59Z", &time));
}

static void test_since(void **state)
{
	static const char *const bad[] = { "", "x", "10", "10 min", "-5min", "5min ago",
					   "99999999999999999999s", "2026-13-01", "25:00", "04:10x", "Z",
					   "2026-02-30T10:00:00Z", "2026-02-30 10:00Z" };
	/* 2026-11-24 04:10:05 UTC; the runner's time zone is set below. */
	const time_t now = 1795493405, evening = now + 19 * 3600 + 20 * 60;
	struct timespec time;
	size_t i;

	(void)state;
	setenv("TZ", "UTC-2", 1);
	tzset();
	assert_true(parse_since("90s", now, &time));
	assert_int_equal(time.tv_sec, now - 90);
	assert_true(parse_since("10min", now, &time));
	assert_int_equal(time.tv_sec, now - 600);
	assert_true(parse_since("2h", now, &time));
	assert_int_equal(time.tv_sec, now - 7200);
	assert_true(parse_since("1d", now, &time));
	assert_int_equal(time.tv_sec, now - 86400);
	assert_true(parse_since("2026-11-24 04:10:05Z", now, &time));
	assert_int_equal(time.tv_sec, now);
	assert_true(parse_since("2026-11-24 06:10:05", now, &time));
	assert_int_equal(time.tv_sec, now);
	assert_true(parse_since("06:10", now, &time));
	assert_int_equal(time.tv_sec, now - 5);
	assert_true(parse_since("2026-11-24", now, &time));
	assert_int_equal(time.tv_sec, now - 5 - 10 * 60 - 6 * 3600);
	assert_true(parse_since("04:10Z", now, &time));
	assert_int_equal(time.tv_sec, now - 5);
	/* 23:30 UTC, when the day is the next one here already; the day that Z speaks of is that of UTC. */
	assert_true(parse_since("23:10:05Z", evening, &time));
	assert_int_equal(time.tv_sec, evening - 20 * 60);
	assert_true(parse_since("01:10", evening, &time));
	assert_int_equal(time.tv_sec, evening - 20 * 60 - 5);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_since(bad[i], now, &time))
			fail_msg("\"%s\" was taken for a time", bad[i]);
}

static void test_size(void **state)
{
	static const char *const bad[] = { "", "K", "1k", "1KB", "1 K", "-1", "+1", "1.5M", "16777216T",
					   "18446744073709551616", "000000000000000000000000001" };
	uint64_t bytes;
	size_t i;

	(void)state;
	assert_true(parse_size("0", &bytes));
	assert_true(bytes == 0);
	assert_true(parse_size("4095", &bytes));
	assert_true(bytes == 4095);
	assert_true(parse_size("1M", &bytes));
	assert_true(bytes == 1048576);
	assert_true(parse_size("3K", &bytes) && bytes == 3072);
	assert_true(parse_size("2G", &bytes) && bytes == 2147483648ULL);
	assert_true(parse_size("16777215T", &bytes) && bytes == 16777215ULL << 40);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse_size(bad[i], &bytes));
}

static void test_version(void **state)
{
	const char *text = "version 1\nlayouts x\nlayout btf\nlonger 123456789";
	char value[8];

	(void)state;
	assert_true(version_value(text, "layout", value, sizeof(value)));
	assert_string_equal(value, "btf");
	assert_true(version_value(text, "longer", value, sizeof(value)));
	assert_string_equal(value, "1234567");
	assert_false(version_value(text, "ersion", value, sizeof(value)));
	assert_false(version_value(NULL, "version", value, sizeof(value)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bad_devices),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_log_time),
		cmocka_unit_test(test_since),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
