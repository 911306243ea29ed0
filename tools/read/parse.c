// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read/parse.h"

char *next_line(char **text)
{
	if (!*text || !**text)
		return NULL;
	return strsep(text, "\n");
}

bool parse_number(const char *text, uint64_t *number)
{
	char *rest;

	/* strtoull() would take a sign and blanks. */
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &rest, 10);
	return !errno && !*rest;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	char digits[24];
	size_t length = strspn(text, "0123456789");
	const char *unit = text[length] ? strchr(units, text[length]) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;

	if (!length || length >= sizeof(digits) || (text[length] && (!unit || text[length + 1])))
		return false;
	memcpy(digits, text, length);
	digits[length] = 0;
	if (!parse_number(digits, bytes) || *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

/* Copies the word at *text and moves on to the next; false if it is empty or does not fit. */
static bool take_word(const char **text, char *word, size_t size)
{
	size_t length = strcspn(*text, " ");

	if (!length || length >= size)
		return false;
	memcpy(word, *text, length);
	word[length] = 0;
	*text += length;
	*text += strspn(*text, " ");
	return true;
}

bool parse_counter(const char *line, struct counters *counters)
{
	struct counter *counter = &counters->counter[counters->count];

	if (counters->count == MAX_COUNTERS ||
	    !take_word(&line, counter->name, sizeof(counter->name)) ||
	    !parse_number(line, &counter->value))
		return false;
	counters->count++;
	return true;
}

bool parse_site(const char *line, struct sites *sites)
{
	struct site *site = &sites->site[sites->count];
	char missed[24];

	if (sites->count == MAX_SITES || !take_word(&line, site->symbol, sizeof(site->symbol)) ||
	    !take_word(&line, site->state, sizeof(site->state)) ||
	    !take_word(&line, missed, sizeof(missed)) || !parse_number(missed, &site->missed))
		return false;
	snprintf(site->purpose, sizeof(site->purpose), "%s", line);
	sites->count++;
	return true;
}

bool version_value(const char *text, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, length) && text[length] == ' ') {
			snprintf(value, size, "%.*s", (int)strcspn(text + length + 1, "\n"),
				 text + length + 1);
			return true;
		}
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return false;
}

bool parse_fields(char *line, struct fields *fields)
{
	char *pair;

	fields->count = 0;
	while ((pair = strsep(&line, " "))) {
		char *value = strchr(pair, '=');

		if (!value || value == pair || fields->count == MAX_FIELDS)
			return false;
		*value = 0;
		fields->field[fields->count].key = pair;
		fields->field[fields->count++].value = value + 1;
	}
	return fields->count > 0;
}

static const struct counter *find_counter(const struct counters *counters, const char *name)
{
	size_t i;

	for (i = 0; i < counters->count; i++)
		if (!strcmp(counters->counter[i].name, name))
			return &counters->counter[i];
	return NULL;
}

uint64_t counter_value(const struct counters *counters, const char *name)
{
	const struct counter *counter = find_counter(counters, name);

	return counter ? counter->value : 0;
}

bool counter_is_there(const struct counters *counters, const char *name)
{
	return find_counter(counters, name);
}

const char *field_value(const struct fields *fields, const char *key)
{
	size_t i;

	for (i = 0; i < fields->count; i++)
		if (!strcmp(fields->field[i].key, key))
			return strcmp(fields->field[i].value, "-") ? fields->field[i].value : NULL;
	return NULL;
}

bool field_number(const struct fields *fields, const char *key, uint64_t *number)
{
	const char *value = field_value(fields, key);

	return value && parse_number(value, number);
}

bool field_device(const struct fields *fields, unsigned int *major, unsigned int *minor)
{
	const char *value = field_value(fields, "dev");
	int end = 0;

	/* As wide as the kernel has them: 12 and 20 bits. */
	return value && sscanf(value, "%4u:%7u%n", major, minor, &end) == 2 && !value[end];
}

/* strptime() takes the 30th of February, and timegm() makes it one of March. */
static bool is_a_day(const struct tm *tm)
{
	struct tm day = *tm;

	return timegm(&day) >= 0 && day.tm_mday == tm->tm_mday;
}

bool parse_log_time(const char *text, struct timespec *time)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long scale = 100000000;

	if (!rest || !is_a_day(&tm))
		return false;
	time->tv_sec = timegm(&tm);
	time->tv_nsec = 0;
	if (*rest == '.')
		for (rest++; isdigit((unsigned char)*rest); rest++, scale /= 10)
			time->tv_nsec += (*rest - '0') * scale;
	return !strcmp(rest, "Z");
}

/* 90s, 10min, 2h, 1d */
static bool parse_ago(const char *text, time_t now, struct timespec *time)
{
	static const struct {
		const char *name;
		time_t seconds;
	} units[] = {
		{ "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	char *unit;
	unsigned long n;
	size_t i;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoul(text, &unit, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name))
			continue;
		if (errno || n > (unsigned long)now / units[i].seconds)
			return false;
		time->tv_sec = now - (time_t)n * units[i].seconds;
		time->tv_nsec = 0;
		return true;
	}
	return false;
}

bool parse_since(const char *text, time_t now, struct timespec *time)
{
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
		"%Y-%m-%d", "%H:%M:%S", "%H:%M",
	};
	bool is_utc = *text && text[strlen(text) - 1] == 'Z';
	size_t i;

	if (parse_log_time(text, time) || parse_ago(text, now, time))
		return true;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm;
		const char *rest;

		/* Which day it is depends on where. */
		if (is_utc)
			gmtime_r(&now, &tm);
		else
			localtime_r(&now, &tm);
		tm.tm_hour = 0;
		tm.tm_min = 0;
		tm.tm_sec = 0;
		rest = strptime(text, formats[i], &tm);
		if (!rest || (*rest && strcmp(rest, "Z")))
			continue;
		if (!is_a_day(&tm))
			return false;
		/* Whether summer time was in force then is for mktime() to know. */
		tm.tm_isdst = -1;
		time->tv_sec = is_utc ? timegm(&tm) : mktime(&tm);
		time->tv_nsec = 0;
		return true;
	}
	return false;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && is_octal(text[2]) &&
		    is_octal(text[3])) {
			char c = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');

			/* No name holds NUL, so this is not an escape. */
			if (c) {
				*to++ = c;
				text += 4;
				continue;
			}
		}
		*to++ = *text++;
	}
	*to = 0;
}
