/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a report says of the machine: its kernel, its distribution, and what keeps a module or a probe from working.
 */
#ifndef DIOLATE_READ_MACHINE_H
#define DIOLATE_READ_MACHINE_H

#include <stddef.h>

/* A fact: text, or if that is empty, why it cannot be known. */
struct fact {
	const char *name;
	char text[256], why[256];
};

#define MACHINE_FACTS 7

/* All of them, in the order of a report. */
void machine_read(struct fact facts[MACHINE_FACTS]);

#endif
