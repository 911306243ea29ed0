// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "read/history.h"

bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

void format_time(const struct timespec *time, char *text, size_t size)
{
	struct tm tm;

	if (!gmtime_r(&time->tv_sec, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*text = 0;
}

/* Records are numbered from 1 on, in the order of time. What is not there was before the next one that is. */
void history_of(const char *log, uint64_t late_errors, const struct timespec *since, struct history *history)
{
	char *copy = strdup(log), *rest = copy, *line;
	uint64_t newest = 0;

	*history = (struct history){ .lacks = !copy };
	while ((line = next_line(&rest))) {
		struct fields fields;
		const char *time;
		uint64_t seq;

		if (!parse_fields(line, &fields) || !field_number(&fields, "seq", &seq))
			continue;
		time = field_value(&fields, "time");
		history->is_dated = time && parse_log_time(time, &history->last);
		if (!history->is_dated) {
			history->lacks = true;
		} else if (!is_before(&history->last, since)) {
			history->since++;
			history->lacks |= seq != newest + 1;
		}
		newest = seq;
	}
	history->lacks |= newest < late_errors;
	free(copy);
}
