// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel calls, among those that end a direct write, that the current task is inside of: calls
 * of two functions, each with a kretprobe that src/entry/sites.c arms, and the invalidation that
 * the task began last (src/write/task.c).
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/uaccess.h>

#include "kernel/compat/context.h"
#include "write/identify.h"
#include "write/inside.h"
#include "write/iomap_dio.h"
#include "write/task.h"

struct diolate_calls diolate_inside_dio_complete = {
	.rp.kp.symbol_name = "dio_complete",
	.rp.data_size = sizeof(struct diolate_dio_complete),
};

struct diolate_calls diolate_inside_direct_write = {
	.rp.kp.symbol_name = "generic_file_direct_write",
	.rp.data_size = sizeof(struct diolate_direct_write),
};

/* Every invalidation that a task begins is noted in src/write/task.c. */
static bool all_noted;

/**
 * diolate_inside_all_noted() - say whether every invalidation that a task begins is noted
 * @noted: true if the entry of kiocb_invalidate_post_direct_write() is followed
 *
 * Context: process.
 */
void diolate_inside_all_noted(bool noted)
{
	WRITE_ONCE(all_noted, noted);
}

static bool inside_completes(void *data, void *file)
{
	struct diolate_dio_complete *complete = data;

	return diolate_identify_dio(&complete->inv, complete->dio, file);
}
NOKPROBE_SYMBOL(inside_completes);

static bool inside_writes_to(void *data, void *file)
{
	const struct diolate_direct_write *write = data;

	return write->inv.iocb->ki_filp == file;
}
NOKPROBE_SYMBOL(inside_writes_to);

/*
 * The invalidation that this task began last, if it can have failed for this file. Its kiocb is
 * read with care: on an unknown path the noted call is over.
 */
static struct diolate_invalidation *inside_begun_last(void *file)
{
	struct diolate_invalidation *inv = diolate_task_hold();
	struct file *filp;

	if (!inv || !inv->iocb)
		return NULL;
	if (inv->dio) {
		if (!diolate_iomap_dio_measure(inv))
			return NULL;
		inv->dio = NULL;
	}
	if (get_kernel_nofault(filp, &inv->iocb->ki_filp) || filp != file)
		return NULL;
	return inv;
}
NOKPROBE_SYMBOL(inside_begun_last);

/**
 * diolate_inside_invalidation() - the call that has just failed to invalidate the cache of a file
 * @file: the file
 *
 * The innermost call has failed, because an invalidating function calls dio_warn_stale_pagecache()
 * itself.
 *
 * Context: any, also inside a probe handler; with preemption off. diolate_task_release() has to
 *          follow.
 * Return: the call; NULL if it is not known.
 */
struct diolate_invalidation *diolate_inside_invalidation(struct file *file)
{
	struct diolate_dio_complete *complete;
	struct diolate_invalidation *inv;
	struct diolate_direct_write *write;

	if (READ_ONCE(all_noted)) {
		inv = inside_begun_last(file);
		write = diolate_calls_innermost(&diolate_inside_direct_write, inside_writes_to,
						file);
		/* Another write is noted if the compiler inlined the invalidation in that call. */
		return inv && write && write->inv.iocb != inv->iocb ? NULL : inv;
	}
	complete = diolate_calls_innermost(&diolate_inside_dio_complete, inside_completes, file);
	if (complete)
		return &complete->inv;
	write = diolate_calls_innermost(&diolate_inside_direct_write, inside_writes_to, file);
	if (write)
		return &write->inv;
	return inside_begun_last(file);
}
NOKPROBE_SYMBOL(diolate_inside_invalidation);

static bool inside_writes(void *data, void *iocb)
{
	const struct diolate_direct_write *write = data;

	return !iocb || write->inv.iocb == iocb;
}
NOKPROBE_SYMBOL(inside_writes);

/**
 * diolate_inside_direct_write_of() - the call of generic_file_direct_write() for a write
 * @iocb: the kiocb of the write; NULL for any write
 *
 * Context: any, also inside a probe handler; only calls of the current task are found.
 * Return: the innermost call, valid until it returns; NULL if this task is inside of none.
 */
struct diolate_direct_write *diolate_inside_direct_write_of(struct kiocb *iocb)
{
	/* An interrupt deals with a write of another task. */
	return diolate_in_task() ?
		       diolate_calls_innermost(&diolate_inside_direct_write, inside_writes, iocb) :
		       NULL;
}
NOKPROBE_SYMBOL(diolate_inside_direct_write_of);

static bool inside_writes_with_errors_in(void *data, void *wb_err)
{
	const struct diolate_direct_write *write = data;

	return &file_inode(write->inv.iocb->ki_filp)->i_mapping->wb_err == wb_err;
}
NOKPROBE_SYMBOL(inside_writes_with_errors_in);

/**
 * diolate_inside_write_with() - the call of generic_file_direct_write() for a file with this wb_err
 * @wb_err: address of the wb_err of the file's mapping; only compared
 *
 * Context: any, also inside a probe handler; with preemption off.
 * Return: the innermost call, valid until it returns; NULL if this task is inside of none.
 */
struct diolate_direct_write *diolate_inside_write_with(void *wb_err)
{
	return diolate_calls_innermost(&diolate_inside_direct_write, inside_writes_with_errors_in,
				       wb_err);
}
NOKPROBE_SYMBOL(diolate_inside_write_with);

/**
 * diolate_inside_was_reported() - whether a write was reported before; marks it as reported
 * @iocb: the kiocb of the write
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_inside_was_reported(struct kiocb *iocb)
{
	struct diolate_direct_write *write = diolate_inside_direct_write_of(iocb);
	bool before;

	if (!write)
		return false;
	before = write->reported;
	write->reported = true;
	return before;
}
NOKPROBE_SYMBOL(diolate_inside_was_reported);

/**
 * diolate_inside_was_judged() - whether a write, which may invalidate twice, was judged before;
 *                               marks it as judged
 * @iocb: the kiocb of the write
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_inside_was_judged(struct kiocb *iocb)
{
	struct diolate_direct_write *write = diolate_inside_direct_write_of(iocb);
	bool before;

	if (!write)
		return false;
	before = write->judged;
	write->judged = true;
	return before;
}
NOKPROBE_SYMBOL(diolate_inside_was_judged);

/**
 * diolate_inside_submitter() - the write of user space that an invalidation is for
 * @inv: the invalidation
 *
 * Context: any, also inside a probe handler.
 * Return: the kiocb of that write; the kiocb of @inv if there is none.
 */
struct kiocb *diolate_inside_submitter(const struct diolate_invalidation *inv)
{
	return diolate_identify_submitter_slow(inv->iocb) ?: inv->iocb;
}
NOKPROBE_SYMBOL(diolate_inside_submitter);
