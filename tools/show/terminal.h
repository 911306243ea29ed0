/* SPDX-License-Identifier: GPL-2.0-only */
/* What a terminal can do. */
#ifndef DIOLATE_SHOW_TERMINAL_H
#define DIOLATE_SHOW_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Colours: none unless stdout is a terminal that knows them and NO_COLOR is not set. */
enum colour { PLAIN, BOLD, RED, GREEN, YELLOW };
const char *colour(enum colour colour);
bool is_terminal(FILE *file);
void terminal_size(int *rows, int *columns);

#endif
