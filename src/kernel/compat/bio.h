/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bios, and the tracepoint block_bio_queue.
 */
#ifndef DIOLATE_KERNEL_COMPAT_BIO_H
#define DIOLATE_KERNEL_COMPAT_BIO_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/build_bug.h>
#include <trace/events/block.h>

#include "kernel/compat/version.h"

/*
 * Whether the pages of a bio are pinned pages of a program; known since 6.6 (commit a7e689dd1c06,
 * "block: Convert bio_iov_iter_get_pages to use iov_iter_extract_pages").
 */
static inline bool diolate_bio_is_direct(struct bio *bio)
{
#if defined(DIOLATE_HAS_BIO_PAGE_PINNED)
	return bio_flagged(bio, BIO_PAGE_PINNED);
#elif defined(DIOLATE_HAS_BIO_PAGE_REF)
	return false;
#else
#error "diolate does not know this kernel's BIO_PAGE_PINNED (linux/blk_types.h)"
#endif
}

/*
 * Whether a bio has passed the limits of a cgroup, which may have held it back before it was sent
 * (block/blk-throttle.c, 5.10 and 7.3). The flag has another name since 6.1 (commit 320fb0f91e55,
 * "blk-throttle: fix that io throttle can only work for single bio").
 */
static inline bool diolate_bio_was_held_back(struct bio *bio)
{
#if defined(DIOLATE_HAS_BIO_BPS_THROTTLED)
	return bio_flagged(bio, BIO_BPS_THROTTLED);
#elif defined(DIOLATE_HAS_BIO_THROTTLED)
	return bio_flagged(bio, BIO_THROTTLED);
#else
#error "diolate does not know this kernel's BIO_BPS_THROTTLED (linux/blk_types.h)"
#endif
}

/*
 * Whether a bio that was held back so hits block_bio_queue. blk_throtl_dispatch_work_fn() sends it
 * by submit_bio_noacct_nocheck() since 5.18, which hits the tracepoint since 6.3 (commit
 * 0f7c8f0f7934, "block: Fix io statistics for cgroup in throttle path"; 6.1.16, and perhaps
 * releases of 6.2). If there is no function of that name, an older one is called, which does.
 * No test can tell: no header has anything of that.
 */
#define DIOLATE_BIO_HELD_BACK_IS_SEEN						\
	(!IS_ENABLED(CONFIG_BLK_DEV_THROTTLING) ||				\
	 LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0) ||			\
	 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 16) &&			\
	  LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)))
#define DIOLATE_BIO_HELD_BACK_BY "submit_bio_noacct_nocheck"

static inline struct gendisk *diolate_bio_disk(const struct bio *bio)
{
#if defined(DIOLATE_HAS_BI_BDEV)
	return bio->bi_bdev->bd_disk;
#elif defined(DIOLATE_HAS_BI_DISK)
	return bio->bi_disk;
#else
#error "diolate does not know this kernel's bi_bdev (struct bio, linux/blk_types.h)"
#endif
}

/*
 * The probe of the tracepoint block_bio_queue gets the request queue, too, on 5.10. Both probes are
 * written down. What calls them has the arguments of one (__traceiter_block_bio_queue(), which
 * linux/tracepoint.h declares, 5.10 to 7.3), so its type says which is meant.
 */
#ifdef CONFIG_TRACEPOINTS
#define DIOLATE_BIO_QUEUED_IS(type) \
	__builtin_types_compatible_p(typeof(__traceiter_block_bio_queue), type)
#define DIOLATE_BIO_ALONE int (void *, struct bio *)
#define DIOLATE_BIO_AND_QUEUE int (void *, struct request_queue *, struct bio *)

static_assert(DIOLATE_BIO_QUEUED_IS(DIOLATE_BIO_ALONE) ||
	      DIOLATE_BIO_QUEUED_IS(DIOLATE_BIO_AND_QUEUE),
	      "diolate does not know this kernel's block_bio_queue (trace/events/block.h)");
#endif

#define DIOLATE_BIO_QUEUED(probe, function)						\
static void __maybe_unused probe##_bio(void *data, struct bio *bio)			\
{											\
	function(bio);									\
}											\
											\
static void __maybe_unused probe##_queue(void *data, struct request_queue *queue,	\
					 struct bio *bio)				\
{											\
	probe##_bio(data, bio);								\
}											\
											\
static void *const probe = __builtin_choose_expr(					\
	DIOLATE_BIO_QUEUED_IS(DIOLATE_BIO_ALONE), (void *)probe##_bio, (void *)probe##_queue)

#endif
