/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of the module's files, taken apart. Pure: no files, no allocation; any bytes are safe.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* More than the module has, so that a later one's are carried along. */
#define MAX_COUNTERS 64
#define MAX_SITES 64
#define MAX_FIELDS 32

struct counters {
	size_t count;
	struct counter {
		char name[32];
		uint64_t value;
	} counter[MAX_COUNTERS];
};

struct sites {
	size_t count;
	struct site {
		char symbol[128];
		char state[16];
		uint64_t missed;
		char purpose[128];
	} site[MAX_SITES];
};

/* The fields of one line, in its order; they point into the line, which is cut up. */
struct fields {
	size_t count;
	struct field {
		const char *key;
		const char *value;
	} field[MAX_FIELDS];
};

/* Takes the next line off *text and ends it with NUL; NULL when there is none. */
char *next_line(char **text);

/* `name value`, `symbol state missed purpose`; false if it is no such line or one too many. */
bool parse_counter(const char *line, struct counters *counters);
bool parse_site(const char *line, struct sites *sites);

/* `key=value key=value ...`; false if anything in it is not of that form. */
bool parse_fields(char *line, struct fields *fields);

/* The value of a line `name value` of the file version, cut if it is too long; false if there is no such line. */
bool version_value(const char *text, const char *name, char *value, size_t size);

/* 0 if there is no such counter: an older module does not have all. */
uint64_t counter_value(const struct counters *counters, const char *name);
bool counter_is_there(const struct counters *counters, const char *name);

/* NULL if there is none; "-" counts as none. */
const char *field_value(const struct fields *fields, const char *key);
bool field_number(const struct fields *fields, const char *key, uint64_t *number);
/* `major:minor` */
bool field_device(const struct fields *fields, unsigned int *major, unsigned int *minor);

/* The whole of text is one decimal number; with its sign if *negative may be set. */
bool parse_number(const char *text, uint64_t *number);

/* The same, or with K, M, G or T behind it: as many KiB, MiB, GiB or TiB. */
bool parse_size(const char *text, uint64_t *bytes);

/* 2026-11-24T04:10:05.123456789Z, UTC. */
bool parse_log_time(const char *text, struct timespec *time);

/*
 * What a person gives as --since: such a time; the same with a space, without seconds or without the
 * time, local unless it ends with Z; 10:30, of today; or how long ago: 90s, 10min, 2h, 1d.
 */
bool parse_since(const char *text, time_t now, struct timespec *time);

/* Undoes the \ooo of the kernel; what is no such escape stays as it is. In place. */
void unescape(char *text);

#endif
