/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files in which the kernel offers its BTF.
 */
#ifndef DIOLATE_KERNEL_BTF_FILE_H
#define DIOLATE_KERNEL_BTF_FILE_H

#include <linux/types.h>

void *diolate_btf_file_read(const char *name, size_t *size);
void diolate_btf_file_free(void *data);

#endif
