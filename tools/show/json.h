/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON, from text that may hold any bytes. */
#ifndef DIOLATE_SHOW_JSON_H
#define DIOLATE_SHOW_JSON_H

#include <json-c/json.h>

/* Any bytes become valid UTF-8. */
struct json_object *json_bytes(const char *bytes);
/* A name, or NULL. It may hold bytes that JSON cannot: then it is there whole as well, escaped, as KEY_escaped. */
void json_add_name(struct json_object *object, const char *key, const char *bytes);
void print_json(struct json_object *object);

#endif
