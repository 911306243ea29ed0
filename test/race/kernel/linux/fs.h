/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/types.h>

/* What the tables use of a file and of its page cache. */
struct file_system_type {
	const char *name;
};

struct super_block {
	struct file_system_type *s_type;
	struct block_device *s_bdev;
};

typedef struct {
	u32 val;
} kuid_t;

struct inode {
	struct super_block *i_sb;
	kuid_t i_uid;
	struct rw_semaphore i_rwsem;
	atomic_t i_dio_count;
};

struct address_space {
	struct inode *host;
	int i_pages;
};

struct file {
	struct inode *f_inode;
	struct address_space *f_mapping;
	struct mutex f_pos_lock;
	loff_t f_pos;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	void (*ki_complete)(struct kiocb *iocb, long ret);
};

#define file_inode(file) ((file)->f_inode)
#define MAX_RW_COUNT 0x7ffff000ul
