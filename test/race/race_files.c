// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late errors of a few files are counted by file, in tasks and in interrupts, while the files are renamed, and
 * others read the table. Each late error is counted for its file, once; a line is of one file.
 * With src/report/files.c
 */
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "race.h"
#include "report/files.h"
#include "report/record.h"

#define FILES 6

static unsigned int late_errors[FILES];
static unsigned long now;
static struct task_struct nobody;

struct task_struct *race_current(void)
{
	return &nobody;
}

void race_printk(const char *format, ...)
{
	(void)format;
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	m->count += vsnprintf(m->buffer + m->count, sizeof(m->buffer) - m->count, format, args);
	va_end(args);
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_printf(m, "%s", s);
}

void seq_putc(struct seq_file *m, char c)
{
	seq_printf(m, "%c", c);
}

void diolate_record_show_time(struct seq_file *m, u64 time)
{
	seq_printf(m, "%llu", (unsigned long long)time);
}

void diolate_record_show_file(struct seq_file *m, const struct diolate_file *file)
{
	unsigned int n = file->ino - 1, i;

	if (file->ino < 1 || n >= FILES || file->dev != n || file->gen != n)
		race_wrong("a line of no file: ino %llu, dev %u, gen %u",
			   (unsigned long long)file->ino, (unsigned int)file->dev, file->gen);
	/* Each path is of one letter, and of as many of them as fit. */
	for (i = 1; i < sizeof(file->path) - 1; i++)
		if (file->path[i] != file->path[0])
			race_wrong("a path is made of two");
	seq_printf(m, "file=%u", n);
}

static void begin(void)
{
	memset(late_errors, 0, sizeof(late_errors));
	now = 1;
	if (diolate_files_init())
		race_wrong("no table");
}

static void late_error(void)
{
	struct diolate_record r = {};
	unsigned int n = race_any(FILES);

	r.time = __atomic_add_fetch(&now, 1, __ATOMIC_RELAXED);
	r.file.ino = n + 1;
	r.file.dev = n;
	r.file.gen = n;
	/* It is renamed from time to time. */
	memset(r.file.path, 'a' + race_any(26), sizeof(r.file.path) - 1);
	race_handler(true);
	diolate_files_add(&r);
	race_handler(false);
	__atomic_add_fetch(&late_errors[n], 1, __ATOMIC_RELAXED);
}

/* Read the table, and look at each line; in the end, at the numbers as well. */
static void read_table(bool last)
{
	unsigned long number;
	unsigned int n, seen = 0;
	struct seq_file m;
	char *line;

	m.count = 0;
	/* It is looked at afterwards whether the path has changed while it was read. */
	race_ignore(true);
	diolate_files_show(&m);
	race_ignore(false);
	m.buffer[m.count] = '\0';
	for (line = m.buffer; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "late_errors=%lu first=%*u last=%*u file=%u", &number, &n) != 2 ||
		    n >= FILES)
			race_wrong("a line of no file");
		if (seen & 1 << n)
			race_wrong("a file has two lines");
		seen |= 1 << n;
		if (last && number != late_errors[n])
			race_wrong("file %u has %lu late errors, and not %u", n, number, late_errors[n]);
	}
	for (n = 0; last && n < FILES; n++)
		if (late_errors[n] && !(seen & 1 << n))
			race_wrong("file %u has no line", n);
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = race_turns(); i; i--) {
		if (race_any(8))
			late_error();
		else
			read_table(false);
	}
}

static void end(void)
{
	read_table(true);
	diolate_files_exit();
}

const struct race race_subject = {
	.name = "files", .most = 6, .crowd = 100, .begin = begin, .task = task, .irq = late_error,
	.end = end,
};
