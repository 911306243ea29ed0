// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "show/text.h"

char *escape(const char *bytes)
{
	char *text = malloc(4 * strlen(bytes) + 1), *to = text;

	if (!text)
		return NULL;
	for (; *bytes; bytes++) {
		if (*bytes > ' ' && *bytes < 0x7f && *bytes != '\\')
			*to++ = *bytes;
		else
			to += sprintf(to, "\\%03o", (unsigned char)*bytes);
	}
	*to = 0;
	return text;
}

/* Bytes of the UTF-8 character that s begins with; 0 if it begins with none (RFC 3629, table 3-7). */
static size_t utf8_length(const unsigned char *s)
{
	size_t length, i;
	unsigned char least = 0x80, most = 0xbf;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	/* Overlong forms, surrogates, and beyond U+10FFFF. */
	if (s[0] == 0xe0)
		least = 0xa0;
	else if (s[0] == 0xed)
		most = 0x9f;
	else if (s[0] == 0xf0)
		least = 0x90;
	else if (s[0] == 0xf4)
		most = 0x8f;
	if (s[1] < least || s[1] > most)
		return 0;
	for (i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

char *valid_utf8(const char *bytes, bool *lossy)
{
	static const char replacement[] = "\xef\xbf\xbd";
	/* Each byte becomes three at most. */
	char *text = malloc(3 * strlen(bytes) + 1), *to = text;

	*lossy = false;
	if (!text)
		return NULL;
	while (*bytes) {
		size_t length = utf8_length((const unsigned char *)bytes);

		if (length) {
			to = mempcpy(to, bytes, length);
			bytes += length;
		} else {
			to = mempcpy(to, replacement, 3);
			bytes++;
			*lossy = true;
		}
	}
	*to = 0;
	return text;
}

/* Directions of writing: with them a name could pass for another. */
static bool turns_text(wchar_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Bytes of the character that s begins with if it can be printed, else 0; how wide it is. */
static size_t printable_length(const char *s, size_t *width)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t length = mbrtowc(&c, s, strlen(s), &state);
	int columns;

	if (length == 0 || length > strlen(s) || !iswprint(c) || turns_text(c))
		return 0;
	columns = wcwidth(c);
	if (columns < 0)
		return 0;
	*width = columns;
	return length;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		size_t columns = 1, length = printable_length(text, &columns);

		width += columns;
		text += length ? length : 1;
	}
	return width;
}

/* The longest end of it that has at most `columns` columns. */
static const char *end_of(const char *text, size_t columns)
{
	size_t width = text_width(text);

	while (width > columns) {
		size_t one = 1, length = printable_length(text, &one);

		width -= one;
		text += length ? length : 1;
	}
	return text;
}

char *printable(const char *bytes, size_t columns)
{
	char *text = malloc(4 * strlen(bytes) + 1), *to = text, *shorter;

	if (!text)
		return NULL;
	while (*bytes) {
		size_t width, length = printable_length(bytes, &width);

		if (length) {
			to = mempcpy(to, bytes, length);
			bytes += length;
		} else {
			to += sprintf(to, "\\%03o", (unsigned char)*bytes++);
		}
	}
	*to = 0;
	if (!columns || text_width(text) <= columns)
		return text;
	if (asprintf(&shorter, "%s%s", columns > 3 ? "..." : "",
		     end_of(text, columns > 3 ? columns - 3 : columns)) < 0)
		shorter = NULL;
	free(text);
	return shorter;
}
