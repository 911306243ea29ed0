// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/read/mounts.c: the name of a file, by where its file system is mounted.
 * With tools/read/parse.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "read/mounts.h"

static struct mounts mounts;

static int setup(void **state)
{
	static const char *const lines[] = {
		"21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
		"30 21 0:5 / /proc rw - proc proc rw",
		"31 21 8:1 /sub /bind rw,relatime shared:2 master:1 - xfs /dev/sda1 rw,attr2",
		"32 21 8:1 / /mnt/longer\\040name rw - xfs /dev/sda1 rw,attr2",
		"33 21 8:1 / /mnt/a rw - xfs /dev/sda1 rw,attr2",
		"34 21 8:2 /only/this /only rw - ext4 /dev/sda2 rw,data=journal",
		/* None of these is a mount. */
		"35 21 8 / /x rw - ext4 x rw",
		"36 21 8:3",
		"",
	};
	char line[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strcpy(line, lines[i]);
		mounts_add(&mounts, line);
	}
	return mounts.count == 6 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	mounts_free(&mounts);
	return 0;
}

static void check_file(unsigned int major, unsigned int minor, const char *path, const char *expected)
{
	char *file = mounts_file(&mounts, major, minor, path);

	if (expected)
		assert_string_equal(file, expected);
	else
		assert_null(file);
	free(file);
}

static void test_whole_file_system(void **state)
{
	(void)state;
	check_file(254, 0, "/a/b", "/a/b");
	/* The shortest place that shows all of it, before a part of it. */
	check_file(8, 1, "/a/b", "/mnt/a/a/b");
	check_file(8, 1, "/sub/b", "/mnt/a/sub/b");
}

static void test_part_of_it(void **state)
{
	(void)state;
	check_file(8, 2, "/only/this/file", "/only/file");
	check_file(8, 2, "/only/this", "/only");
	check_file(8, 2, "/only/thisnot", NULL);
	check_file(8, 2, "/other", NULL);
}

static void test_words(void **state)
{
	(void)state;
	/* With tags before them, and without. */
	assert_string_equal(mounts.mount[0].type, "ext4");
	assert_string_equal(mounts.mount[0].source, "/dev/vda");
	assert_string_equal(mounts.mount[2].type, "xfs");
	assert_string_equal(mounts.mount[2].options, "rw,attr2");
	assert_string_equal(mounts.mount[1].type, "proc");
	assert_string_equal(mounts.mount[1].source, "proc");
}

static void test_unknown(void **state)
{
	(void)state;
	check_file(9, 9, "/a", NULL);
	check_file(8, 1, ".../cut", NULL);
	check_file(8, 1, "", NULL);
}

static void test_options(void **state)
{
	(void)state;
	assert_string_equal(mounts_options(&mounts, 8, 2), "rw,data=journal");
	assert_string_equal(mounts_options(&mounts, 9, 9), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_file_system),
		cmocka_unit_test(test_part_of_it),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("mounts", tests, setup, teardown);
}
