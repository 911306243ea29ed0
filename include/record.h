/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is remembered of a late error: the log, the table of files and the tracepoint show it.
 */
#ifndef DIOLATE_RECORD_H
#define DIOLATE_RECORD_H

#include <linux/sched.h>
#include <linux/types.h>

#include "policy.h"

/* A name of 255 bytes fits even if each is escaped; of a path that does not, the end is kept. */
#define DIOLATE_PATH 1088

/**
 * struct diolate_file - the file of a direct write, as its submitter knows it
 * @dev:    of the file system
 * @ino:    inode number
 * @gen:    inode generation; with @dev and @ino it is this file, and no later one
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
	DIOLATE_PAGE_PRIVATE,	/* a page that is neither of the two below */
	DIOLATE_PAGE_WRITEBACK,
	DIOLATE_PAGE_DIRTY,
};

extern const char *const diolate_page_names[];

/**
 * struct diolate_record - one late error
 * @kind:     of which
 * @time:     when it was seen, ns since the epoch
 * @file:     whose cache
 * @pos:      where the direct write begins, bytes
 * @length:   bytes of it
 * @pages:    how many folios in its range are dirty or under writeback
 * @more:     there may be more of them
 * @page:     the state of the first
 * @consumer: who waits for it
 * @uid:      who opened the file, in the initial user namespace
 * @pid:      the submitting process, in the initial pid namespace; 0 if unknown
 * @comm:     its name
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
	struct diolate_file file;
};

#endif
