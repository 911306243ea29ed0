// SPDX-License-Identifier: GPL-2.0-only
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
