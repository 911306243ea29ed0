/* SPDX-License-Identifier: GPL-2.0-only */
/* What the log says of the processes of a file. */
#ifndef DIOLATE_SHOW_NAMED_H
#define DIOLATE_SHOW_NAMED_H

#include "read/named.h"
#include "show/json.h"

/* What it says of a process that was met, each behind `sep`. */
void named_print(const struct named_list *list, int pid, const char *sep);
/* Those that were not met, a line each. */
void named_print_gone(const struct named_list *list);

/* The same; NULL where there is no log. */
struct json_object *named_json(const struct named_list *list, int pid);
struct json_object *named_gone_json(const struct named_list *list);

#endif
