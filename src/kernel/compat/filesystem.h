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
 * A private mapping of exfat that could be written, which a reader may make, dirtied the end of the
 * file with zeros (exfat_file_mmap(), fs/exfat/file.c, 6.8 to 6.11; commit 6630ea49103c, "exfat:
 * move extend valid_size into ->page_mkwrite()"). No test can tell: no header has anything of that.
 */
#define DIOLATE_EXFAT_READERS_DIRTY						\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0) &&			\
	 LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0))

/*
 * f2fs, when it shortens a file, waits for direct writes in flight since 6.12 (f2fs_setattr(),
 * fs/f2fs/file.c; commit 96cfeb038953, "f2fs: fix to wait dio completion"). Stable series have it
 * from some release on; 6.1.192 was looked at. Before 5.18 f2fs also miscounted its dirty pages.
 * No test can tell: no header has anything of that.
 */
#define DIOLATE_F2FS_WAITS							\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) ||			\
	 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 192) &&			\
	  LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)))

#endif
