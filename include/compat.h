/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels; no other file knows a version or a kernel's
 * configuration. What can be decided by symbol at load time is decided there, not here.
 */
#ifndef DIOLATE_COMPAT_H
#define DIOLATE_COMPAT_H

#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "diolate needs Linux 5.10 or later"
#endif

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

/* On a kernel without io_uring, io_write() is somebody else's. */
#define DIOLATE_HAS_IO_URING IS_ENABLED(CONFIG_IO_URING)

/* struct io_kiocb, the request of io_uring: in a header for all since 6.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0) && IS_ENABLED(CONFIG_IO_URING)
#define DIOLATE_IO_KIOCB
#include <linux/io_uring_types.h>

/*
 * The task that submitted a request. It moved in 6.13 (commit b6f58a3f4aa8, "io_uring: move struct
 * io_kiocb from task_struct to io_uring_task").
 */
static __always_inline struct task_struct *diolate_req_task(const struct io_kiocb *req)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return req->tctx->task;
#else
	return req->task;
#endif
}
#endif

/**
 * typedef diolate_complete_fn - the completion callback of a kiocb
 *
 * It lost its third argument, the second result of an io_event, which is 0 for every direct write,
 * in 5.16 (commit 6b19b766e8f0, "fs: get rid of the res2 iocb->ki_complete argument").
 *
 * DIOLATE_COMPLETION() defines a callback that does nothing but call another function.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret, long ret2);

#define DIOLATE_COMPLETION(callback, function, kind)			\
static void callback(struct kiocb *iocb, long ret, long ret2)		\
{									\
	function(kind, iocb, ret);					\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret, 0);
}
#else
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

#define DIOLATE_COMPLETION(callback, function, kind)			\
static void callback(struct kiocb *iocb, long ret)			\
{									\
	function(kind, iocb, ret);					\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret);
}
#endif

/** diolate_caller() - where a function returns to, at its first instruction */
static __always_inline unsigned long diolate_caller(struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	return procedure_link_pointer(regs);
#else
	return regs_get_kernel_stack_nth(regs, 0);
#endif
}

/*
 * Folios came in 5.16 (commit 7b230db3b8d3, "mm: Introduce struct folio"); before, what is in the
 * page cache of a file that may be written is single pages.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define folio page
#define folio_trylock trylock_page
#define folio_unlock unlock_page
#define folio_put put_page
#define folio_mapping page_mapping
#define folio_pos page_offset
#define folio_size thp_size
#define folio_maybe_dma_pinned page_maybe_dma_pinned
#define folio_test_dirty PageDirty
#define folio_test_writeback PageWriteback

static inline struct folio *diolate_get_folio(struct address_space *mapping, pgoff_t index)
{
	return find_get_page(mapping, index);
}
#else
static inline struct folio *diolate_get_folio(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	/* An error instead of NULL since 6.4 (commit 66dabbb65d67). */
	return IS_ERR(folio) ? NULL : folio;
}
#endif

/*
 * Drop a folio, locked and not under writeback, from the page cache with all that is dirty in it,
 * as truncation does. It took a page before 6.8 (commit af7628d6ec19, "fs: convert
 * error_remove_page to error_remove_folio").
 */
static inline int diolate_drop_folio(struct address_space *mapping, struct folio *folio)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
	return generic_error_remove_page(mapping, folio);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	return generic_error_remove_page(mapping, &folio->page);
#else
	return generic_error_remove_folio(mapping, folio);
#endif
}

/*
 * Following and replacing functions of the kernel as live patches do, by an ftrace_ops. What its
 * callback is given came wrapped in 5.11 (commit d19ad0775dcd, "ftrace: Have the callbacks receive
 * a struct ftrace_regs instead of pt_regs"), and could be asked for arguments in 6.2 (commit
 * 94d095ffa0e1, "ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses").
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_FTRACE_FLAGS FTRACE_OPS_FL_PERMANENT
#define diolate_ftrace_regs struct ftrace_regs
#define diolate_ftrace_argument(regs) ftrace_regs_get_argument(regs, 0)
#define diolate_ftrace_redirect ftrace_regs_set_instruction_pointer
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0) && defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_FTRACE_FLAGS (FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_SAVE_REGS)
#define diolate_ftrace_regs struct ftrace_regs
#define diolate_ftrace_argument(regs) regs_get_kernel_argument(ftrace_get_regs(regs), 0)
#define diolate_ftrace_redirect(regs, to) instruction_pointer_set(ftrace_get_regs(regs), to)
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_FTRACE_FLAGS \
	(FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION_SAFE)
#define diolate_ftrace_regs struct pt_regs
#define diolate_ftrace_argument(regs) regs_get_kernel_argument(regs, 0)
#define diolate_ftrace_redirect instruction_pointer_set
#else
#define DIOLATE_HAS_FTRACE 0
#endif

/*
 * exfat frees the blocks of a file that becomes shorter without waiting for direct writes in flight
 * (exfat_setattr(), fs/exfat/file.c, 5.10 to 6.12); it waits in 7.3.
 */
#define DIOLATE_EXFAT_WAITS (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0))

/*
 * f2fs counts the dirty pages of a file itself, and may count one twice that two make dirty at a
 * time (f2fs_set_data_page_dirty(), fs/f2fs/data.c, 5.10; mended in 5.18,
 * f2fs_dirty_data_folio()). Once in some 15 runs of random operations with discards the count was
 * wrong when a file was evicted, and the kernel warned (f2fs_evict_inode(), 5.10.262); what the
 * discards had to do with it was not found out.
 */
#define DIOLATE_F2FS_COUNTS (LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0))

/* Where the writeback of a folio starts and ends; of a page, before 5.16. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define DIOLATE_START_WRITEBACK "__test_set_page_writeback"
#define DIOLATE_END_WRITEBACK "test_clear_page_writeback"
#else
#define DIOLATE_START_WRITEBACK "__folio_start_writeback"
#define DIOLATE_END_WRITEBACK "__folio_end_writeback"
#endif

/*
 * How far before its work the kiocb pointer of a struct iomap_dio stands, in words. `done_before`
 * came between in 5.16 (commit 4fdccaa0d184, "iomap: Add done_before argument to iomap_dio_rw").
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define DIOLATE_FARTHEST_KIOCB 6
#else
#define DIOLATE_FARTHEST_KIOCB 8
#endif

/*
 * The kretprobe instances a task is inside of, innermost first. Since 5.18 a kretprobe may sit on a
 * rethook (commit 73f9b911faa7, "kprobes: Use rethook for kretprobe if possible"), whose nodes the
 * task lists; otherwise the task lists the instances themselves. Before 5.11 no task did (commit
 * d741bf41d7c7, "kprobes: Remove kretprobe hash"): they are in a hash of kernel/kprobes.c, out of
 * reach, and src/calls.c keeps a list of all.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define DIOLATE_UNLISTED_INSTANCES
#elif defined(CONFIG_KRETPROBE_ON_RETHOOK)
static __always_inline struct llist_node *diolate_first_instance(void)
{
	return READ_ONCE(current->rethooks.first);
}

static __always_inline struct kretprobe_instance *diolate_instance(struct llist_node *node)
{
	return container_of(node, struct kretprobe_instance, node.llist);
}

/* Compares pointers only: the node of a kretprobe that is being unregistered stays valid, what it
 * points to may not.
 */
static __always_inline bool diolate_instance_of(struct kretprobe_instance *ri,
						const struct kretprobe *rp)
{
	return READ_ONCE(ri->node.rethook) == rp->rh;
}
#else
static __always_inline struct llist_node *diolate_first_instance(void)
{
	return READ_ONCE(current->kretprobe_instances.first);
}

static __always_inline struct kretprobe_instance *diolate_instance(struct llist_node *node)
{
	return container_of(node, struct kretprobe_instance, llist);
}

static __always_inline bool diolate_instance_of(struct kretprobe_instance *ri,
						const struct kretprobe *rp)
{
	return READ_ONCE(ri->rph) == rp->rph;
}
#endif

#endif
