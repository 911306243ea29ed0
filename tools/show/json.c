// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "show/json.h"
#include "show/text.h"

struct json_object *json_bytes(const char *bytes)
{
	bool lossy;
	char *text = valid_utf8(bytes, &lossy);
	struct json_object *string = text ? json_object_new_string(text) : NULL;

	free(text);
	return string;
}

void json_add_name(struct json_object *object, const char *key, const char *bytes)
{
	bool lossy = false;
	char *text = bytes ? valid_utf8(bytes, &lossy) : NULL, *other;

	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
	free(text);
	if (!lossy || asprintf(&other, "%s_escaped", key) < 0)
		return;
	text = escape(bytes);
	json_object_object_add(object, other, text ? json_object_new_string(text) : NULL);
	free(text);
	free(other);
}

/* Another number if a key goes or means another thing; one more key is no reason. */
#define SCHEMA 1

/* One object a line, so that whoever reads a stream of them can. */
void print_json(struct json_object *object)
{
	json_object_object_add(object, "schema", json_object_new_int(SCHEMA));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
