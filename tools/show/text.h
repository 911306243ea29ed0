/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of files may hold any byte but NUL and '/'. What becomes of them on a terminal and in JSON.
 * Pure; what is returned is to be freed, and NULL only when there is no memory.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All that is not printable ASCII, and the backslash, as \ooo: unescape() gives the same bytes. */
char *escape(const char *bytes);

/* Valid UTF-8: what is not becomes U+FFFD, and *lossy true. */
char *valid_utf8(const char *bytes, bool *lossy);

/*
 * For a terminal: whatever the locale cannot print, control characters above all, as \ooo. With more
 * than `columns` columns it keeps its end behind "..."; 0 is no limit.
 */
char *printable(const char *bytes, size_t columns);

/* Columns that printable text takes. */
size_t text_width(const char *text);

#endif
