// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table counts late errors by file since load, also those that the log has lost. The table
 * has a fixed size and no lock, and keeps every entry; if full, it counts further files together.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/kprobes.h>

#include "report/files.h"
#include "report/record.h"

#define FILES_BITS 10
#define FILES BIT(FILES_BITS)

/**
 * struct entry - a file; two entries, if two CPUs added its first late errors at once
 * @version:     0 if free, odd while @file is written; what identifies @file is written at 1 only
 * @late_errors: how many
 * @first:       time of the first, ns since the epoch
 * @last:        time of the last, likewise
 * @file:        the file, with its path at the last late error
 */
struct entry {
	unsigned long version;
	atomic64_t late_errors;
	u64 first, last;
	struct diolate_file file;
};

static struct entry *entries;
static atomic64_t others;

static bool files_same(const struct diolate_file *a, const struct diolate_file *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->gen == b->gen;
}
NOKPROBE_SYMBOL(files_same);

/* Whether the caller may write the file of this entry. */
static bool files_claim(struct entry *e, unsigned long version)
{
	return !(version & 1) && cmpxchg(&e->version, version, version + 1) == version;
}
NOKPROBE_SYMBOL(files_claim);

/* @version: of files_claim() */
static void files_release(struct entry *e, unsigned long version)
{
	/* Paired with the loads of @version: a CPU that finds it even finds @file whole. */
	smp_store_release(&e->version, version + 2);
}
NOKPROBE_SYMBOL(files_release);

/**
 * diolate_files_add() - count a late error of a file
 * @r: the late error
 *
 * Context: any, also inside a probe handler.
 */
void diolate_files_add(const struct diolate_record *r)
{
	const struct diolate_file *file = &r->file;
	u32 hash = hash_64(file->ino ^ (u64)file->dev << 32, FILES_BITS), i;

	for (i = 0; i < FILES; i++) {
		struct entry *e = &entries[(hash + i) % FILES];
		/* Paired with files_release(). */
		unsigned long version = smp_load_acquire(&e->version);

		if (!version && files_claim(e, 0)) {
			e->first = r->time;
			e->last = r->time;
			e->file = *file;
			files_release(e, 0);
		} else if (version <= 1 || !files_same(&e->file, file)) {
			continue;
		} else if (files_claim(e, version)) {
			/* The file may have been renamed or removed. */
			memcpy(e->file.path, file->path, sizeof(file->path));
			files_release(e, version);
		}
		WRITE_ONCE(e->last, r->time);
		atomic64_inc(&e->late_errors);
		return;
	}
	atomic64_inc(&others);
}
NOKPROBE_SYMBOL(diolate_files_add);

/** struct line - a line of the file `files` */
struct line {
	const struct entry *entry;
	u64 late_errors, first, last;
};

static int files_by_number(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->late_errors > y->late_errors ? -1 : x->late_errors < y->late_errors;
}

/* Loop while a handler writes the file; a handler does not pause. */
static void files_copy_file(struct diolate_file *file, const struct entry *e)
{
	unsigned long version;

	do {
		/* Paired with files_release(). */
		version = smp_load_acquire(&e->version);
		/* The path may change meanwhile, which the version tells. */
		data_race(memcpy(file, &e->file, sizeof(*file)));
		/* Load @file before @version: paired with the cmpxchg() of files_claim(). */
		smp_rmb();
	} while (version & 1 || READ_ONCE(e->version) != version);
}

/* Add an entry to the @n lines; return how many lines there are now. */
static unsigned int files_add_line(struct line *lines, unsigned int n, const struct entry *e)
{
	struct line line = {
		.entry = e,
		.late_errors = atomic64_read(&e->late_errors),
		.first = e->first,
		.last = READ_ONCE(e->last),
	};
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!files_same(&lines[i].entry->file, &e->file))
			continue;
		lines[i].late_errors += line.late_errors;
		lines[i].first = min(lines[i].first, line.first);
		lines[i].last = max(lines[i].last, line.last);
		return n;
	}
	lines[n] = line;
	return n + 1;
}

/**
 * diolate_files_show() - print the file `files`
 * @m: gets a line for each file, the one with most late errors first
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int diolate_files_show(struct seq_file *m)
{
	struct diolate_file file;
	struct line *lines = kvcalloc(FILES, sizeof(*lines), GFP_KERNEL);
	unsigned int n = 0, i;

	if (!lines)
		return -ENOMEM;
	for (i = 0; i < FILES; i++) {
		/* Paired with files_release(). */
		if (smp_load_acquire(&entries[i].version) > 1)
			n = files_add_line(lines, n, &entries[i]);
	}
	sort(lines, n, sizeof(*lines), files_by_number, NULL);
	for (i = 0; i < n; i++) {
		seq_printf(m, "late_errors=%llu first=", lines[i].late_errors);
		diolate_record_show_time(m, lines[i].first);
		seq_puts(m, " last=");
		diolate_record_show_time(m, lines[i].last);
		seq_putc(m, ' ');
		files_copy_file(&file, lines[i].entry);
		diolate_record_show_file(m, &file);
		seq_putc(m, '\n');
	}
	if (atomic64_read(&others))
		seq_printf(m, "late_errors=%lld first=- last=- dev=- ino=- gen=- fstype=- path=-\n",
			   atomic64_read(&others));
	kvfree(lines);
	return 0;
}

/**
 * diolate_files_init() - allocate the table
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or -ENOMEM after one sentence in the kernel log.
 */
int diolate_files_init(void)
{
	entries = kvcalloc(FILES, sizeof(*entries), GFP_KERNEL);
	if (entries)
		return 0;
	pr_err("not loaded: no memory for the table of files\n");
	return -ENOMEM;
}

/**
 * diolate_files_exit() - free the table
 *
 * Context: process, sleeps; when no probe of diolate can run any more.
 */
void diolate_files_exit(void)
{
	kvfree(entries);
}
