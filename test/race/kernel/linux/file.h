/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/fs.h>

struct file *fget(unsigned int fd);
void fput(struct file *file);
