/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Behaviour of file systems that depends on the kernel's version.
 */
#ifndef DIOLATE_KERNEL_COMPAT_FILESYSTEM_H
#define DIOLATE_KERNEL_COMPAT_FILESYSTEM_H

#include "kernel/compat/version.h"

/*
 * exfat, when it shortens a file, frees blocks without waiting for direct writes in flight
 * (exfat_setattr(), fs/exfat/file.c, 5.10 to 6.12). On 7.2 and 7.3 it waits, and uses iomap.
 * No test can tell: no header has anything of exfat.
 */
#define DIOLATE_EXFAT_WAITS (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0))

/*
 * f2fs counts the dirty pages of a file itself. It may count a page twice that two tasks make dirty
 * at the same time (f2fs_set_data_page_dirty(), fs/f2fs/data.c, 5.10; fixed in 5.18,
 * f2fs_dirty_data_folio()). The count was then wrong when the file was evicted, and the kernel
 * warned (f2fs_evict_inode(), 5.10.262), also where no folio had been discarded.
 * No test can tell: no header has anything of that.
 */
#define DIOLATE_F2FS_COUNTS (LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0))

#endif
