/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/bio.h, which has what kernels differ in. */
#pragma once
#include <linux/bio.h>

#define diolate_bio_was_held_back(bio) ((void)(bio), false)
#define diolate_bio_disk(bio) ((void)(bio), (struct gendisk *)NULL)
