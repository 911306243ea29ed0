// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/show/text.c: names with any bytes, for a terminal and for JSON.
 * With tools/read/parse.c
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "read/parse.h"
#include "show/text.h"

static void test_unescape(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "/na\\040me", "/na me" },
		{ "\\134\\012\\377", "\\\n\xff" },
		/* None of these is what the kernel writes. */
		{ "\\000x", "\\000x" },
		{ "\\400", "\\400" },
		{ "\\04", "\\04" },
		{ "\\089", "\\089" },
		{ "\\", "\\" },
		{ "", "" },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(text, rows[i].from);
		unescape(text);
		assert_string_equal(text, rows[i].to);
	}
}

static void test_escape_is_undone(void **state)
{
	char bytes[256], *text;
	int i;

	(void)state;
	for (i = 0; i < 255; i++)
		bytes[i] = i + 1;
	bytes[255] = 0;
	text = escape(bytes);
	assert_null(strpbrk(text, " \n\t\x7f"));
	unescape(text);
	assert_string_equal(text, bytes);
	free(text);
}

static void check_utf8(const char *from, const char *to)
{
	bool lossy;
	char *text = valid_utf8(from, &lossy);

	assert_string_equal(text, to);
	assert_int_equal(lossy, !!strcmp(from, to));
	free(text);
}

#define BAD "\xef\xbf\xbd"

static void test_utf8(void **state)
{
	(void)state;
	check_utf8("plain", "plain");
	check_utf8("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	check_utf8("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
	check_utf8("a\xff" "b", "a" BAD "b");
	/* Cut short, overlong, a surrogate, beyond the last. */
	check_utf8("\xe2\x82", BAD BAD);
	check_utf8("\xc0\xaf", BAD BAD);
	check_utf8("\xe0\x80\xaf", BAD BAD BAD);
	check_utf8("\xed\xa0\x80", BAD BAD BAD);
	check_utf8("\xf4\x90\x80\x80", BAD BAD BAD BAD);
}

static void check_printable(const char *from, size_t columns, const char *to)
{
	char *text = printable(from, columns);

	assert_string_equal(text, to);
	free(text);
}

static void test_printable(void **state)
{
	(void)state;
	check_printable("/a b", 0, "/a b");
	check_printable("\033[2J\r\n\177", 0, "\\033[2J\\015\\012\\177");
	check_printable("\xff\xc3\xa4", 0, "\\377\xc3\xa4");
	/* C1 as UTF-8; a right-to-left override. */
	check_printable("\xc2\x9b" "2J", 0, "\\302\\2332J");
	check_printable("\xe2\x80\xae" "txt", 0, "\\342\\200\\256txt");
}

static void test_columns(void **state)
{
	(void)state;
	check_printable("/dir/file", 9, "/dir/file");
	check_printable("/dir/file", 8, "...\x2f" "file");
	check_printable("/dir/file", 3, "ile");
	/* Two columns each. */
	check_printable("\xe6\x96\x87\xe4\xbb\xb6\xe5\x90\x8d", 6,
			"\xe6\x96\x87\xe4\xbb\xb6\xe5\x90\x8d");
	check_printable("\xe6\x96\x87\xe4\xbb\xb6\xe5\x90\x8d", 5, "...\xe5\x90\x8d");
	assert_int_equal(text_width("\xe6\x96\x87" "a"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_escape_is_undone),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_columns),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
