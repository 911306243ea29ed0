/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bios, and the tracepoint block_bio_queue.
 */
#ifndef DIOLATE_KERNEL_COMPAT_BIO_H
#define DIOLATE_KERNEL_COMPAT_BIO_H

#include <linux/bio.h>
#include <linux/blkdev.h>

#include "kernel/compat/version.h"

/*
 * Whether the pages of a bio are pinned pages of a program; known since 6.6 (commit a7e689dd1c06,
 * "block: Convert bio_iov_iter_get_pages to use iov_iter_extract_pages").
 */
static inline bool diolate_bio_is_direct(struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return bio_flagged(bio, BIO_PAGE_PINNED);
#else
	return false;
#endif
}

/*
 * Whether a bio has passed the limits of a cgroup, which may have held it back before it was sent
 * (block/blk-throttle.c, 5.10 and 7.3). The flag has another name since 6.1 (commit 320fb0f91e55,
 * "blk-throttle: fix that io throttle can only work for single bio").
 */
static inline bool diolate_bio_was_held_back(struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	return bio_flagged(bio, BIO_BPS_THROTTLED);
#else
	return bio_flagged(bio, BIO_THROTTLED);
#endif
}

static inline struct gendisk *diolate_bio_disk(const struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
	return bio->bi_bdev->bd_disk;
#else
	return bio->bi_disk;
#endif
}

/* The probe of the tracepoint block_bio_queue gets the request queue, too, before 5.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
#define DIOLATE_BIO_QUEUED(probe, function)					\
static void probe(void *data, struct request_queue *queue, struct bio *bio)	\
{										\
	function(bio);								\
}
#else
#define DIOLATE_BIO_QUEUED(probe, function)					\
static void probe(void *data, struct bio *bio)					\
{										\
	function(bio);								\
}
#endif

#endif
