/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/fs.h>
#include <linux/kernel.h>

/* What src/entry/direct_bios.c uses of a bio. */
struct bio_vec {
	unsigned int bv_len;
};

struct bio {
	struct {
		unsigned int bi_size;
	} bi_iter;
	void *bi_private;
	unsigned int bi_vcnt;
	struct bio_vec *bi_io_vec;
};

#define BIO_CLONED 0
#define bio_flagged(bio, flag) ((void)(bio), false)

struct gendisk;

struct block_device {
	struct gendisk *bd_disk;
};
