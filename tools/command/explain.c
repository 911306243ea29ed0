// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate explain: what the words mean that the other commands print.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "show/json.h"
#include "show/refuse.h"
#include "show/terminal.h"
#include "show/words.h"

/* "counter, outcome" */
static void print_sorts(unsigned int sorts)
{
	const char *between = "";
	unsigned int i;

	for (i = 0; i < WORD_SORTS; i++) {
		if (!(sorts & 1U << i))
			continue;
		printf("%s%s", between, word_sort_names[i]);
		between = ", ";
	}
}

static void print_word(const struct word *word)
{
	printf("%s%s%s (", colour(BOLD), word->name, colour(PLAIN));
	print_sorts(word->sorts);
	puts(")");
	print_filled(NULL, word->meaning);
}

static struct json_object *word_json(const struct word *word)
{
	struct json_object *object = json_object_new_object(), *sorts = json_object_new_array();
	unsigned int i;

	for (i = 0; i < WORD_SORTS; i++)
		if (word->sorts & 1U << i)
			json_object_array_add(sorts, json_object_new_string(word_sort_names[i]));
	json_object_object_add(object, "word", json_object_new_string(word->name));
	json_object_object_add(object, "sorts", sorts);
	json_object_object_add(object, "in_short", json_object_new_string(word->in_short));
	json_object_object_add(object, "meaning", json_object_new_string(word->meaning));
	return object;
}

/* All of them, those of the same sorts below a line of these. */
static void print_list(void)
{
	size_t i;

	for (i = 0; i < words_count; i++) {
		if (!i || words[i].sorts != words[i - 1].sorts) {
			fputs(colour(BOLD), stdout);
			print_sorts(words[i].sorts);
			printf("%s\n", colour(PLAIN));
		}
		printf("  %-20s  %s\n", words[i].name, words[i].in_short);
	}
}

int explain_command(int argc, char **argv)
{
	const char *name;
	bool json = json_alone(argc, argv), found = false;
	size_t i;

	name = argv[optind];
	optind += !!name;
	no_arguments(argc, argv);
	if (!name && !json) {
		print_list();
		return NOTHING_FOUND;
	}
	for (i = 0; i < words_count; i++) {
		if (name && strcmp(words[i].name, name))
			continue;
		if (json)
			print_json(word_json(&words[i]));
		else
			print_word(&words[i]);
		found = true;
	}
	if (!found)
		return refuse_word(name, "is no word of diolate; diolate explain lists them all.");
	return NOTHING_FOUND;
}
