/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of a late error, which the log, the table of files and the tracepoint show.
 */
#ifndef DIOLATE_REPORT_RECORD_H
#define DIOLATE_REPORT_RECORD_H

#include <linux/sched.h>
#include <linux/types.h>

#include "flight/dirtied.h"
#include "model/policy.h"

/* A name of 255 escaped bytes fits. Of a path that does not fit, the end is kept. */
#define DIOLATE_PATH 1088

/**
 * struct diolate_file - the file of a direct write, as the submitter knows it
 * @dev:    of the file system
 * @ino:    inode number
 * @gen:    inode generation; with @dev and @ino it identifies this file, and no later one
 * @fstype: name of the file system type
 * @path:   from the root of the file system, escaped as in /proc/self/mountinfo
 */
struct diolate_file {
	dev_t dev;
	u64 ino;
	u32 gen;
	char fstype[16];
	char path[DIOLATE_PATH];
};

/** enum diolate_page - what was in the way */
enum diolate_page {
	DIOLATE_PAGE_GONE,	/* nothing any more */
	DIOLATE_PAGE_PRIVATE,	/* a page neither dirty nor under writeback */
	DIOLATE_PAGE_WRITEBACK,
	DIOLATE_PAGE_DIRTY,
};

extern const char *const diolate_page_names[];
extern const char *const diolate_by_names[];

/**
 * struct diolate_record - one late error
 * @kind:     stuck or overtaken
 * @time:     when the late error was seen, ns since the epoch
 * @pos:      where the direct write begins, bytes
 * @length:   of the direct write, bytes; 0 if unknown
 * @pages:    how many folios in the range are dirty or under writeback
 * @more:     more may be
 * @page:     the state of the first such folio, else of any folio there
 * @consumer: who receives the result
 * @uid:      who opened the file, in the initial user namespace
 * @pid:      the submitting process, in the initial pid namespace; 0 if unknown
 * @comm:     name of that process
 * @dirtier:  who made the folio of @page dirty; if overtaken, one that was written back over the
 *            write
 * @file:     the file of the write
 */
struct diolate_record {
	enum diolate_kind kind;
	u64 time;
	loff_t pos;
	u64 length;
	unsigned int pages;
	bool more;
	enum diolate_page page;
	enum diolate_consumer consumer;
	uid_t uid;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	struct diolate_dirtier dirtier;
	struct diolate_file file;
};

struct diolate_invalidation;
struct kiocb;
struct seq_file;

bool diolate_record_escapes(unsigned char c);
void diolate_record_take(struct diolate_record *r, const struct diolate_invalidation *inv,
			 struct kiocb *iocb, const struct diolate_late *late);
void diolate_record_show_time(struct seq_file *m, u64 time);
void diolate_record_show_file(struct seq_file *m, const struct diolate_file *file);

#endif
