/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures, flags and functions that are private to iomap.
 */
#ifndef DIOLATE_KERNEL_COMPAT_IOMAP_H
#define DIOLATE_KERNEL_COMPAT_IOMAP_H

#include <linux/fs.h>
#include <linux/iomap.h>

#include "kernel/compat/folio.h"

/* The function by which a mapping of iomap is recognized; it takes a page before 5.19. */
#if defined(DIOLATE_HAS_RELEASE_FOLIO)
#define DIOLATE_IOMAP_RELEASE "iomap_release_folio"
#define diolate_release_folio(a_ops) ((unsigned long)(a_ops)->release_folio)
#elif defined(DIOLATE_HAS_RELEASEPAGE)
#define DIOLATE_IOMAP_RELEASE "iomap_releasepage"
#define diolate_release_folio(a_ops) ((unsigned long)(a_ops)->releasepage)
#else
#error "diolate does not know this kernel's release_folio() (linux/fs.h)"
#endif

/*
 * iomap keeps the state of the blocks of a folio in a private structure. Since 6.6 the upper half
 * of its bitmap says which blocks are dirty (commit 4ce02c679722, "iomap: Add per-block dirty state
 * tracking to improve performance"; struct iomap_folio_state, fs/iomap/buffered-io.c, 6.12 and
 * 7.3). No test can tell: the structure is in no header.
 */
#define DIOLATE_IOMAP_KEEPS_DIRTY (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0))
#define DIOLATE_IOMAP_IS_KNOWN (LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0))

struct diolate_iomap_folio_state {
	spinlock_t state_lock; /* never taken here */
	unsigned int read_bytes_pending;
	atomic_t write_bytes_pending;
	unsigned long state[];
};

/* Where the bitmap is in that structure, if the kernel does not say. */
#define DIOLATE_IOMAP_STATE offsetof(struct diolate_iomap_folio_state, state)

/* The flag by which a struct iomap_dio is of a write (fs/iomap/direct-io.c, 5.4 to 7.3). */
#define DIOLATE_IOMAP_DIO_WRITE BIT(30)

/*
 * Whether iomap may complete a write without invalidating the page cache, if nothing of the file is
 * cached (IOMAP_DIO_NO_INVALIDATE, fs/iomap/direct-io.c; since 6.15 for zoned xfs, since 6.19 for
 * all). No test can tell: the flag is in no header.
 */
#define DIOLATE_IOMAP_MAY_NOT_INVALIDATE (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0))

/*
 * Whether a bio of a direct write may end as an ioend (IOMAP_IOEND_DIRECT, linux/iomap.h, since
 * 6.15).
 */
#ifdef IOMAP_IOEND_DIRECT
#define DIOLATE_IOMAP_ENDS_DIRECT 1
#else
#define DIOLATE_IOMAP_ENDS_DIRECT 0
#endif

#endif
