/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files and parameters of the module, and other files of the system.
 */
#ifndef DIOLATE_READ_MODULE_H
#define DIOLATE_READ_MODULE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "read/parse.h"

/*
 * The text of a file of the module, to be freed; NULL if it cannot be read, and then one sentence is
 * in why(), which names the remedy.
 */
char *read_debugfs(const char *name);
char *read_parameter(const char *name);
const char *why(void);

/* Whether /sys/module/diolate is there; and its number there, another each time it is loaded: 0 if it is not. */
bool module_is_loaded(void);
uint64_t module_number(void);

/* Writes a parameter; 0 or -errno. */
int write_parameter(const char *name, const char *value);

/* Both parse a file and say, as parse.h does, how many there were. */
bool read_counters(struct counters *counters);
bool read_sites(struct sites *sites);

/* A path of the system; below $DIOLATE_TEST_ROOT in a build for tests. To be freed. */
char *system_path(const char *path);
FILE *open_system_file(const char *path);

#endif
