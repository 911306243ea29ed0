/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel calls, among those that end a direct write, that a task is inside of.
 */
#ifndef DIOLATE_WRITE_INSIDE_H
#define DIOLATE_WRITE_INSIDE_H

#include "kernel/calls.h"
#include "write/invalidation.h"

struct file;

/**
 * struct diolate_dio_complete - one call of dio_complete()
 * @dio: the struct dio that the call got
 * @inv: the direct write found in @dio
 *
 * Lives in a kretprobe instance: only the task that makes the call uses it.
 */
struct diolate_dio_complete {
	const unsigned long *dio;
	struct diolate_invalidation inv;
};

/**
 * struct diolate_direct_write - one call of generic_file_direct_write()
 * @inv:      what the call may invalidate
 * @reported: a late error of this call was counted
 * @judged:   whether the write was overtaken has been judged
 *
 * Lives in a kretprobe instance: only the task that makes the call uses it.
 */
struct diolate_direct_write {
	struct diolate_invalidation inv;
	bool reported;
	bool judged;
};

extern struct diolate_calls diolate_inside_dio_complete;
extern struct diolate_calls diolate_inside_direct_write;

void diolate_inside_all_noted(bool noted);
struct diolate_invalidation *diolate_inside_invalidation(struct file *file);
struct diolate_direct_write *diolate_inside_direct_write_of(struct kiocb *iocb);
struct diolate_direct_write *diolate_inside_write_with(void *wb_err);
bool diolate_inside_was_reported(struct kiocb *iocb);
bool diolate_inside_was_judged(struct kiocb *iocb);
struct kiocb *diolate_inside_submitter(const struct diolate_invalidation *inv);

#endif
