/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands, a file each, and what their options share. */
#ifndef DIOLATE_COMMAND_COMMAND_H
#define DIOLATE_COMMAND_COMMAND_H

#include <stdbool.h>
#include <time.h>

/* Each gets its own name as argv[0]. */
int status_command(int argc, char **argv);
int log_command(int argc, char **argv);
int top_command(int argc, char **argv);
int who_command(int argc, char **argv);
int check_command(int argc, char **argv);
int policy_command(int argc, char **argv);
int selftest_command(int argc, char **argv);
int metrics_command(int argc, char **argv);
int explain_command(int argc, char **argv);
int report_command(int argc, char **argv);
int version_command(int argc, char **argv);

/* Options that every command has; they belong into its table and its switch. */
#define HELP_OPTION { "help", no_argument, NULL, 'h' }
#define JSON_OPTION { "json", no_argument, NULL, 'j' }

/* Of a command, or if it is NULL of all; false if there is no such command. */
bool print_help(const char *command);

/* What getopt_long() answers with '?' or ':', and 'h'. Does not return. */
__attribute__((noreturn)) void option_refused(char **argv, int answer);

/* A time that a person gives, as parse_since() takes it, and a time in the past; false after a sentence. */
bool is_a_time(const char *text, struct timespec *time);
bool is_a_past_time(const char *text, struct timespec *time);

/* No further arguments are left, or it ends with a sentence. */
void no_arguments(int argc, char **argv);

/* Whether --json is given to a command that has no other option; the arguments are at optind then. */
bool json_alone(int argc, char **argv);

#endif
