/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels for which this module can be built. Only the headers of src/kernel/compat know the
 * configuration of the kernel, what its own headers have (headers.mk beside this file, the types in
 * them, and their macros), and, where no test can tell, its version. What a symbol can decide is
 * decided at load time.
 */
#ifndef DIOLATE_KERNEL_COMPAT_VERSION_H
#define DIOLATE_KERNEL_COMPAT_VERSION_H

#include <linux/version.h>

/* No test can tell: on older kernels the module was never tried. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "diolate needs Linux 5.10 or later"
#endif

/* No test can tell: nobody has missed these two, which had folios in part. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0) && LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#error "diolate is not for Linux 5.16 and 5.17; it needs an older or a later one"
#endif

/* No test can tell: whether every case of test/ is run on the stock kernel of this series. */
#define DIOLATE_IS(major, minor) (LINUX_VERSION_CODE >> 8 == KERNEL_VERSION(major, minor, 0) >> 8)
#define DIOLATE_IS_TESTED (DIOLATE_IS(5, 10) || DIOLATE_IS(6, 1) || DIOLATE_IS(6, 12) || \
			   DIOLATE_IS(7, 2) || DIOLATE_IS(7, 3))

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

#endif
