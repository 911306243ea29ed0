/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors, in one sentence. */
#ifndef DIOLATE_SHOW_REFUSE_H
#define DIOLATE_SHOW_REFUSE_H


/* Exit statuses, the same of every command. */
enum { NOTHING_FOUND, FOUND, CANNOT_TELL };

/* One sentence to stderr: what was refused, why, what to do. Returns CANNOT_TELL. */
__attribute__((format(printf, 1, 2))) int refuse(const char *format, ...);
/* The same, and it begins with a word that others gave, printable. */
__attribute__((format(printf, 2, 3))) int refuse_word(const char *word, const char *format, ...);

#endif
