/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DIOLATE_WRITE_INVALIDATION_H
#define DIOLATE_WRITE_INVALIDATION_H

#include <linux/types.h>

struct kiocb;

/**
 * struct diolate_invalidation - one call that ends a direct write by invalidating the page cache
 * @iocb:    the direct write; alive as long as the call lasts
 * @dio:     the struct iomap_dio to read @length from; NULL if there is none
 * @start:   where the write begins: the ki_pos of @iocb when the call begins. Before 6.5, and on
 *           stable kernels without "iomap: update ki_pos a little later in iomap_dio_complete",
 *           that function advances ki_pos before it invalidates (fs/iomap/direct-io.c)
 * @length:  bytes of the write, at most MAX_RW_COUNT; 0 if not known
 * @seen:    the late error of the call was seen
 * @counted: the write was counted as overtaken
 * @whole:   the late error of the call is of no write: what is in the way came after it
 * @again:   the task has invalidated for @iocb just before, in the same write, without a late error
 * @judged:  the write was judged, and the call is yet to begin
 * @during:  in which time that direct writes were followed; see diolate_task_judged()
 * @fresh:   @ended was noted since the last call began
 * @ended:   the write of which ->end_io() has succeeded in this task; compared with @iocb
 * @epoch:   when; see diolate_task_has_ended()
 * @dated:   @dirtied is set
 * @dirtied: diolate_dirtied_now() of its file when the call began: what became dirty since was not
 *           in the way
 *
 * Only the task that makes the call uses it. With the rest of a place of src/write/task.c it fills
 * a cache line.
 */
struct diolate_invalidation {
	struct kiocb *iocb;
	const unsigned long *dio;
	loff_t start;
	unsigned int length;
	bool seen : 1;
	bool counted : 1;
	bool whole : 1;
	bool again : 1;
	bool judged : 1;
	bool dated : 1;
	bool fresh : 1;
	u8 during;
	unsigned int epoch;
	u32 dirtied;
	const struct kiocb *ended;
};

#endif
