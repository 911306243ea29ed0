/* SPDX-License-Identifier: GPL-2.0-only */
/* The culprits of late errors, a row each. */
#ifndef DIOLATE_SHOW_CULPRITS_H
#define DIOLATE_SHOW_CULPRITS_H

#include "read/culprits.h"
#include "show/json.h"

/* Rates are of those later than the number asked for, in so many seconds; of none there is no rate. */
void culprits_print(const struct culprits *culprits, double seconds, bool live);
struct json_object *culprits_json(const struct culprits *culprits, double seconds);

#endif
