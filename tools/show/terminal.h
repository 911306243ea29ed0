/* SPDX-License-Identifier: GPL-2.0-only */
/* What a terminal can do. */
#ifndef DIOLATE_SHOW_TERMINAL_H
#define DIOLATE_SHOW_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Colours: none unless stdout is a terminal that knows them and NO_COLOR is not set. */
enum colour { PLAIN, BOLD, RED, GREEN, MAGENTA };
const char *colour(enum colour colour);
bool is_terminal(FILE *file);
void terminal_size(int *rows, int *columns);
/*
 * Indented, on a terminal in lines that fit it, else in one: a name in one piece, if it is not NULL, and words.
 * All of it has to be printable.
 */
void print_filled(const char *name, const char *text);
/* How many lines that takes, of a name that is no wider than one. */
int filled_lines(const char *name, const char *text);

#endif
