/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of `diolate` share. The data's way: module.c reads a file of the module, parse.c
 * takes its lines apart, mounts.c finds where a file is, record.c shows a late error, and each command
 * is a file of its name.
 */
#ifndef TOOL_H
#define TOOL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mounts.h"
#include "parse.h"
#include "text.h"

/* Exit statuses, the same of every command. */
enum { NOTHING_FOUND, FOUND, CANNOT_TELL };

/* main.c: the commands; each gets its own name as argv[0]. */
int status_command(int argc, char **argv);
int log_command(int argc, char **argv);
int top_command(int argc, char **argv);
int who_command(int argc, char **argv);
int check_command(int argc, char **argv);
int policy_command(int argc, char **argv);
int metrics_command(int argc, char **argv);

/* One sentence to stderr: what was refused, why, what to do. Returns CANNOT_TELL. */
__attribute__((format(printf, 1, 2))) int refuse(const char *format, ...);
/* The same, and it begins with a word that others gave, printable. */
__attribute__((format(printf, 2, 3))) int refuse_word(const char *word, const char *format, ...);

/* Options that every command has; they belong into its table and its switch. */
#define HELP_OPTION { "help", no_argument, NULL, 'h' }
#define JSON_OPTION { "json", no_argument, NULL, 'j' }

/* What getopt_long() answers with '?' or ':', and 'h'. Does not return. */
__attribute__((noreturn)) void option_refused(char **argv, int answer);

/* No further arguments are left, or it ends with a sentence. */
void no_arguments(int argc, char **argv);

/* module.c */

/*
 * The text of a file of the module, to be freed; NULL if it cannot be read, and then one sentence is
 * in why(), which names the remedy.
 */
char *read_debugfs(const char *name);
char *read_parameter(const char *name);
const char *why(void);

/* Whether /sys/module/diolate is there. */
bool module_is_loaded(void);

/* Writes a parameter; 0 or -errno. */
int write_parameter(const char *name, const char *value);

/* Both parse a file and say, as parse.h does, how many there were. */
bool read_counters(struct counters *counters);
bool read_sites(struct sites *sites);

/* A path of the system; below $DIOLATE_TEST_ROOT in a build for tests. To be freed. */
char *system_path(const char *path);
FILE *open_system_file(const char *path);

/* terminal.c */

/* Colours: none unless stdout is a terminal that knows them and NO_COLOR is not set. */
enum colour { PLAIN, BOLD, RED, GREEN, YELLOW };
const char *colour(enum colour colour);
bool is_terminal(FILE *file);
void terminal_size(int *rows, int *columns);

/* json.c: text that may hold any bytes becomes valid UTF-8. */
struct json_object *json_bytes(const char *bytes);
void print_json(struct json_object *object);

/* record.c: a line of `log` or `files`. */

/* An object with the names of the log, and `file`, the path with its mount point, or null. */
struct json_object *record_json(const struct fields *fields, const struct mounts *mounts);
/* A name for people: with the mount point if there is one, printable. To be freed. */
char *record_file(const struct fields *fields, const struct mounts *mounts);
/* One line for people about one late error. */
void record_print(const struct fields *fields, const struct mounts *mounts);

/* The mounts of now; never fails, but may be empty. */
struct mounts current_mounts(void);

#endif
