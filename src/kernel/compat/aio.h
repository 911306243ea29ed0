/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures that are private to fs/aio.c, and what struct mm_struct has for them.
 */
#ifndef DIOLATE_KERNEL_COMPAT_AIO_H
#define DIOLATE_KERNEL_COMPAT_AIO_H

#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/sched/coredump.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/*
 * The request of libaio (struct aio_kiocb, fs/aio.c, 5.10 to 7.3), as far as its context. Of what
 * it may be, a request to poll is the longest, and that has a length of its own in a kernel with
 * lockdep.
 */
struct diolate_aio_kiocb {
	union {
		struct kiocb rw;
		struct {
			struct file *file;
			struct wait_queue_head *head;
			__poll_t events;
			bool cancelled, work_scheduled, work_need_resched;
			struct wait_queue_entry wait;
			struct work_struct work;
		} poll;
	};
	void *ki_ctx;
};

/* The contexts of an mm (struct kioctx_table, fs/aio.c, 5.10 to 7.3). */
struct diolate_kioctx_table {
	struct rcu_head rcu;
	unsigned int nr;
	void *table[];
};

#ifndef CONFIG_AIO
#error "diolate needs a kernel with CONFIG_AIO"
#endif

/* Where an mm has the pointer to its table. */
static __always_inline const void *const *diolate_mm_contexts(const struct mm_struct *mm)
{
	return (const void *const __force *)&mm->ioctx_table;
}

#ifndef MMF_MULTIPROCESS
#error "diolate does not know how this kernel says that processes share an mm (linux/mm_types.h)"
#endif

/*
 * Where an mm has the word of its flags that MMF_MULTIPROCESS is in. The flags are a word, and a
 * bitmap since 6.18 (mm_flags_t, linux/mm_types.h); the word is the first of that.
 */
static __always_inline const unsigned long *diolate_mm_flags(const struct mm_struct *mm)
{
	BUILD_BUG_ON(MMF_MULTIPROCESS >= BITS_PER_LONG);
	return (const unsigned long __force *)&mm->flags;
}

#endif
