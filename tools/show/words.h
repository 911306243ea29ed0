/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of the module's files, and what they mean: for status and log in short, for explain and the man page
 * in full.
 */
#ifndef DIOLATE_SHOW_WORDS_H
#define DIOLATE_SHOW_WORDS_H

#include <stddef.h>

/* What a word is, one bit each: some are several. */
enum word_sort {
	WORD_COUNTER = 1 << 0,
	WORD_OUTCOME = 1 << 1,
	WORD_KIND = 1 << 2,
	WORD_REASON = 1 << 3,
	WORD_PAGE = 1 << 4,
	WORD_CONSUMER = 1 << 5,
	WORD_DIRTIED_BY = 1 << 6,
	WORD_STATE = 1 << 7,
	WORD_LAYOUT = 1 << 8,
	WORD_POLICY = 1 << 9,
};

#define WORD_SORTS 10

/* Those of the same sorts are beside each other. */
struct word {
	unsigned int sorts;
	const char *name;
	const char *in_short;
	const char *meaning;
};

extern const struct word words[];
extern const size_t words_count;

/* Where they stand: "counter", "outcome", ... */
extern const char *const word_sort_names[WORD_SORTS];

/* NULL if it is not known. */
const char *words_in_short(enum word_sort sort, const char *name);

#endif
