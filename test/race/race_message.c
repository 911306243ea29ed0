// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers leave messages of a few files for a worker, in tasks and in interrupts. Each file is said once, by a
 * message that is made of one late error.
 * With src/report/message.c
 */
#include <linux/kernel.h>
#include <linux/timekeeping.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/params.h"
#include "race.h"
#include "report/message.h"
#include "report/record.h"
#include "works.h"

#define FILES 6

bool diolate_params_kernel_log = true;
unsigned long race_jiffies;

static unsigned int late_errors[FILES], said[FILES], calling;

u64 ktime_get_mono_fast_ns(void)
{
	return 1000 * NSEC_PER_SEC;
}

bool diolate_record_escapes(unsigned char c)
{
	return !c;
}

/* Of the sentence: which file, and that all numbers are of one late error. */
void race_printk(const char *format, ...)
{
	char sentence[1024], *p;
	unsigned long inode, id;
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	p = strstr(sentence, "inode ");
	if (!p || sscanf(p, "inode %lu): ", &inode) != 1 || !inode || inode > FILES)
		race_wrong("a message of no file: %s", sentence);
	p = strstr(sentence, "bytes at ");
	id = p ? strtoul(p + 9, NULL, 10) : 0;
	p = strstr(sentence, " by comm (");
	if (!id || !p || strtoul(p + 10, NULL, 10) != id || id % FILES != inode - 1 ||
	    strtoul(sentence, NULL, 10) != id)
		race_wrong("a message of two late errors: %s", sentence);
	if (said[inode - 1]++)
		race_wrong("a file is said twice: %s", sentence);
}

static void begin(void)
{
	memset(late_errors, 0, sizeof(late_errors));
	memset(said, 0, sizeof(said));
	calling = race_tasks();
	race_jiffies = 1000;
	works_begin();
}

static void late_error(void)
{
	unsigned int n = race_any(FILES), id = n + FILES * (1 + race_any(1 << 20));
	struct diolate_record r = { .kind = DIOLATE_STUCK, .pos = id, .length = id, .pid = id };

	strcpy(r.comm, "comm");
	r.file.ino = n + 1;
	snprintf(r.file.path, sizeof(r.file.path), "%u", id);
	race_handler(true);
	diolate_message_call(&r, DIOLATE_OBSERVED);
	race_handler(false);
	__atomic_add_fetch(&late_errors[n], 1, __ATOMIC_RELAXED);
}

static bool nobody_calls(void)
{
	return !__atomic_load_n(&calling, __ATOMIC_ACQUIRE);
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = race_turns(); i; i--) {
		late_error();
		if (!race_any(4))
			works_run();
	}
	__atomic_sub_fetch(&calling, 1, __ATOMIC_ACQ_REL);
	/* Who is last runs what is left. */
	if (nobody_calls())
		while (works_run())
			;
}

static void end(void)
{
	unsigned int i;

	while (works_run())
		;
	for (i = 0; i < FILES; i++)
		if (late_errors[i] && !said[i])
			race_wrong("a file with %u late errors is never said", late_errors[i]);
}

const struct race race_subject = {
	.name = "message", .most = 8, .crowd = 150, .begin = begin, .task = task, .irq = late_error,
	.end = end,
};
