// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate version: of the command, and of the module if it is loaded.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "read/module.h"
#include "show/json.h"
#include "show/refuse.h"
#include "show/text.h"

static void add_line(struct json_object *object, const char *key, const char *text, const char *name)
{
	char value[64];

	json_object_object_add(object, key,
			       version_value(text, name, value, sizeof(value)) ? json_bytes(value) : NULL);
}

static void print_line(const char *text, const char *name)
{
	char value[64], *shown = NULL;

	if (version_value(text, name, value, sizeof(value)))
		shown = printable(value, 0);
	fputs(shown ? shown : "?", stdout);
	free(shown);
}

int version_command(int argc, char **argv)
{
	bool json = json_alone(argc, argv);
	char *text;

	no_arguments(argc, argv);
	text = read_debugfs("version");
	if (json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "command", json_object_new_string(DIOLATE_VERSION));
		json_object_object_add(object, "loaded", json_object_new_boolean(module_is_loaded()));
		add_line(object, "module", text, "version");
		add_line(object, "revision", text, "revision");
		print_json(object);
	} else {
		puts("diolate " DIOLATE_VERSION);
		if (text) {
			fputs("module ", stdout);
			print_line(text, "version");
			fputs(", revision ", stdout);
			print_line(text, "revision");
			putchar('\n');
		} else {
			puts(module_is_loaded() ? "module loaded, of a version that cannot be read" :
						  "module not loaded");
		}
	}
	free(text);
	return NOTHING_FOUND;
}
