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

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

#endif
