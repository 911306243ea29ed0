/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels; no other file knows a version or a kernel's
 * configuration. What can be decided by symbol at load time is decided there, not here.
 */
#ifndef DIOLATE_COMPAT_H
#define DIOLATE_COMPAT_H

#include <linux/bio.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "diolate needs Linux 5.10 or later"
#endif

#ifndef CONFIG_KRETPROBES
#error "diolate needs a kernel with kretprobes: CONFIG_KRETPROBES=y"
#endif

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

#define DIOLATE_COMPLETION(callback, function)				\
static void callback(struct kiocb *iocb, long ret, long ret2)		\
{									\
	function(iocb, ret);						\
}

static inline void diolate_call(diolate_complete_fn complete, struct kiocb *iocb, long ret)
{
	complete(iocb, ret, 0);
}
#else
typedef void (*diolate_complete_fn)(struct kiocb *iocb, long ret);

#define DIOLATE_COMPLETION(callback, function)				\
static void callback(struct kiocb *iocb, long ret)			\
{									\
	function(iocb, ret);						\
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
#define folio_get get_page
#define folio_put put_page
#define folio_mapping page_mapping
#define folio_pos page_offset
#define folio_size thp_size
#define folio_maybe_dma_pinned page_maybe_dma_pinned
#define folio_test_dirty PageDirty
#define folio_test_writeback PageWriteback
#define folio_test_uptodate PageUptodate
#define folio_test_locked PageLocked

static inline struct folio *diolate_get_folio(struct address_space *mapping, pgoff_t index)
{
	return find_get_page(mapping, index);
}

static inline struct folio *diolate_folio_of(struct page *p)
{
	return p;
}

static inline size_t diolate_page_offset(struct folio *folio, struct page *p)
{
	return 0;
}
#else
static inline struct folio *diolate_folio_of(struct page *p)
{
	return page_folio(p);
}

/* Where in its folio a page is, bytes. */
static inline size_t diolate_page_offset(struct folio *folio, struct page *p)
{
	return (size_t)folio_page_idx(folio, p) << PAGE_SHIFT;
}

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

/* The address that a pointer leads to: on arm64 its top byte may be a tag of the memory there. */
static __always_inline unsigned long diolate_untagged(unsigned long word)
{
	return IS_ENABLED(CONFIG_ARM64) ? sign_extend64(word, 55) : word;
}

/**
 * diolate_in_task() - whether a handler runs on behalf of a task, and not of an interrupt
 *
 * A kprobe that is an int3 is entered like an NMI (x86; exc_int3(), arch/x86/kernel/traps.c, 5.10
 * to 7.3); what it interrupted counts. In a real NMI nobody does direct I/O.
 */
static __always_inline bool diolate_in_task(void)
{
	return likely(in_task()) ||
	       ((preempt_count() & (NMI_MASK | HARDIRQ_MASK)) == NMI_OFFSET + HARDIRQ_OFFSET &&
		!in_serving_softirq());
}

/*
 * Following the entry of functions of the kernel, and replacing them as live patches do, by an
 * ftrace_ops. What its callback is given came wrapped in 5.11 (commit d19ad0775dcd, "ftrace: Have
 * the callbacks receive a struct ftrace_regs instead of pt_regs"), and could be asked for arguments
 * in 6.2 (commit 94d095ffa0e1, "ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses"); on x86 the
 * arguments were there, and the instruction pointer, from 5.11 on (commit 02a474ca266a,
 * "ftrace/x86: Allow for arguments to be passed in to ftrace_regs by default"). To save all
 * registers takes about as many instructions again as to save those.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define diolate_ftrace_regs ftrace_regs
#define DIOLATE_NOT_RECURSIVE 0
#else
#define diolate_ftrace_regs pt_regs
#define DIOLATE_NOT_RECURSIVE FTRACE_OPS_FL_RECURSION_SAFE
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define DIOLATE_HAS_FTRACE 1
#define DIOLATE_SAVE 0
#define diolate_ftrace_argument ftrace_regs_get_argument
#define diolate_ftrace_redirect ftrace_regs_set_instruction_pointer
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define DIOLATE_HAS_FTRACE 1
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0) && defined(CONFIG_X86_64) && \
	defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define DIOLATE_SAVE 0
#else
#define DIOLATE_SAVE FTRACE_OPS_FL_SAVE_REGS
#endif

#define DIOLATE_SAVED_REGS

static __always_inline struct pt_regs *diolate_saved_regs(struct diolate_ftrace_regs *regs)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
	return regs;
#elif defined(CONFIG_X86_64)
	/* Of which ftrace_get_regs() gives nothing if only the arguments were saved. */
	return &regs->regs;
#else
	return ftrace_get_regs(regs);
#endif
}

static __always_inline unsigned long diolate_ftrace_argument(struct diolate_ftrace_regs *regs,
							     unsigned int n)
{
	return regs_get_kernel_argument(diolate_saved_regs(regs), n);
}

static __always_inline void diolate_ftrace_redirect(struct diolate_ftrace_regs *regs,
						    unsigned long to)
{
	instruction_pointer_set(diolate_saved_regs(regs), to);
}
#else
#define DIOLATE_HAS_FTRACE 0
#endif

/*
 * All of ours are PERMANENT: as long as they are there nobody can switch ftrace off
 * (kernel/trace/ftrace.c, ftrace_enable_sysctl(), 5.10 to 6.12; nobody ever can on 7.3). A late
 * error that is seen while the beginning of its invalidation was not would be taken for another's.
 */
#define DIOLATE_FOLLOW_FLAGS \
	(FTRACE_OPS_FL_PERMANENT | DIOLATE_NOT_RECURSIVE | DIOLATE_SAVE)
#define DIOLATE_REPLACE_FLAGS (DIOLATE_FOLLOW_FLAGS | FTRACE_OPS_FL_IPMODIFY)

/*
 * Changing the second argument of a function at its entry: the trampoline of ftrace saves the
 * arguments and restores them from there, whether it saves the other registers or not
 * (arch/x86/kernel/ftrace_64.S, restore_mcount_regs; arch/arm64/kernel/entry-ftrace.S; 5.10 to
 * 7.3). From 6.13 on they are reached by arch_ftrace_regs().
 */
#if DIOLATE_HAS_FTRACE && (defined(CONFIG_X86_64) || defined(CONFIG_ARM64))
#define DIOLATE_CHANGES_ARGUMENT 1

static __always_inline void diolate_ftrace_change(struct diolate_ftrace_regs *regs,
						  unsigned long value)
{
#if defined(arch_ftrace_regs) && defined(CONFIG_X86_64)
	arch_ftrace_regs(regs)->regs.si = value;
#elif defined(arch_ftrace_regs)
	arch_ftrace_regs(regs)->regs[1] = value;
#elif defined(DIOLATE_SAVED_REGS) && defined(CONFIG_X86_64)
	diolate_saved_regs(regs)->si = value;
#elif defined(DIOLATE_SAVED_REGS)
	diolate_saved_regs(regs)->regs[1] = value;
#elif defined(CONFIG_X86_64)
	regs->regs.si = value;
#else
	regs->regs[1] = value;
#endif
}
#else
#define DIOLATE_CHANGES_ARGUMENT 0
#endif

/**
 * struct diolate_hook - a function of the kernel whose entry is followed, see src/hook.c
 * @symbol:   its name
 * @ops:      how, by ftrace
 * @kp:       how, where there is no ftrace
 * @function: what is called with its first two arguments, there
 * @armed:    whether it is, and is to be let go
 *
 * DIOLATE_HOOK() initializes one. DIOLATE_HOOKED() defines its handler, which does nothing but call
 * another function with the first two arguments of the one that is followed. That function runs in
 * whatever context that one is called in, with preemption as it is there; it must not sleep.
 */
#if DIOLATE_HAS_FTRACE
struct diolate_hook {
	const char *symbol;
	struct ftrace_ops ops;
	bool armed;
};

#define DIOLATE_HOOK(name, handler) {			\
	.symbol = name,					\
	.ops.func = handler,				\
	.ops.flags = DIOLATE_FOLLOW_FLAGS,		\
}

#define DIOLATE_HOOKED(handler, inner)						\
void notrace handler(unsigned long ip, unsigned long parent_ip,			\
		     struct ftrace_ops *ops, struct diolate_ftrace_regs *regs)	\
{										\
	inner(diolate_ftrace_argument(regs, 0), diolate_ftrace_argument(regs, 1)); \
}

#define DIOLATE_DECLARE_HOOKED(handler)						\
void handler(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,	\
	     struct diolate_ftrace_regs *regs)
#else
struct diolate_hook {
	const char *symbol;
	struct kprobe kp;
	void (*function)(unsigned long first, unsigned long second);
	bool armed;
};

#define DIOLATE_HOOK(name, handler) {			\
	.symbol = name,					\
	.function = handler,				\
}

#define DIOLATE_HOOKED(handler, inner)						\
void handler(unsigned long first, unsigned long second)				\
{										\
	inner(first, second);							\
}

#define DIOLATE_DECLARE_HOOKED(handler)						\
void handler(unsigned long first, unsigned long second)
#endif

#if DIOLATE_HAS_FTRACE
/*
 * Have an ftrace_ops follow the function at an address and no other of its name, as a module may
 * have one; beside those it follows already, or alone. Before 5.18 the address has to be that of
 * the call of ftrace in it, which only x86 has at the very beginning (commit aebfd12521d9,
 * "x86/ibt,ftrace: Search for __fentry__ location").
 */
static inline int diolate_ftrace_filter(struct ftrace_ops *ops, const char *symbol,
					unsigned long address, bool alone)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0) || defined(CONFIG_X86_64)
	return ftrace_set_filter_ip(ops, address, 0, alone);
#else
	return ftrace_set_filter(ops, (char *)symbol, strlen(symbol), alone);
#endif
}
#endif

/*
 * exfat frees the blocks of a file that becomes shorter without waiting for direct writes in flight
 * (exfat_setattr(), fs/exfat/file.c, 5.10 to 6.12); it waits, and is of iomap, in 7.2 and 7.3.
 */
#define DIOLATE_EXFAT_WAITS (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0))

/*
 * f2fs counts the dirty pages of a file itself, and may count one twice that two make dirty at a
 * time (f2fs_set_data_page_dirty(), fs/f2fs/data.c, 5.10; mended in 5.18,
 * f2fs_dirty_data_folio()). Once in some 15 runs of random operations the count was wrong when
 * a file was evicted, and the kernel warned (f2fs_evict_inode(), 5.10.262): with discards, and once
 * without any.
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

/* Folios of iomap are known by this; before 5.19 it took a page. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define DIOLATE_IOMAP_RELEASE "iomap_releasepage"
#define diolate_release_folio(a_ops) ((unsigned long)(a_ops)->releasepage)
#else
#define DIOLATE_IOMAP_RELEASE "iomap_release_folio"
#define diolate_release_folio(a_ops) ((unsigned long)(a_ops)->release_folio)
#endif

/*
 * What iomap knows of the blocks of a folio, a structure private to it: since 6.6 which are dirty
 * (commit 4ce02c679722, "iomap: Add per-block dirty state tracking to improve performance"), in the
 * upper half of its bitmap (struct iomap_folio_state, fs/iomap/buffered-io.c, 6.12 and 7.3).
 */
#define DIOLATE_IOMAP_KEEPS_DIRTY (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0))
#define DIOLATE_IOMAP_IS_KNOWN (LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0))

static inline const unsigned long *diolate_iomap_state(struct folio *folio)
{
	const struct {
		spinlock_t state_lock; /* never taken here */
		unsigned int read_bytes_pending;
		atomic_t write_bytes_pending;
		unsigned long state[];
	} *ifs = (const void *)folio->private;

	return ifs ? ifs->state : NULL;
}

/* In the flags of a struct iomap_dio: it writes (fs/iomap/direct-io.c, 5.4 to 7.3). */
#define DIOLATE_IOMAP_DIO_WRITE BIT(30)

/*
 * A write may be completed without invalidating the page cache, where nothing is cached of its file
 * (IOMAP_DIO_NO_INVALIDATE, fs/iomap/direct-io.c; from 6.15 on for zoned xfs, from 6.19 on for
 * all).
 */
#define DIOLATE_IOMAP_MAY_NOT_INVALIDATE (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0))

/*
 * Whether a bio of a direct write may end as an ioend (IOMAP_IOEND_DIRECT, linux/iomap.h, since
 * 6.15).
 */
#define DIOLATE_IOMAP_ENDS_DIRECT (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0))

/*
 * Whether the pages of a bio are those of a program, pinned; told since 6.6 (commit a7e689dd1c06,
 * "block: Convert bio_iov_iter_get_pages to use iov_iter_extract_pages").
 */
static inline bool diolate_bio_is_direct(struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return bio_flagged(bio, BIO_PAGE_PINNED);
#else
	return false;
#endif
}

/*
 * Whether a cgroup's limits may have held back a bio before it was sent: it has come by them
 * (block/blk-throttle.c, 5.10 and 7.3). The flag has another name since 6.1 (commit 320fb0f91e55,
 * "blk-throttle: fix that io throttle can only work for single bio").
 */
static inline bool diolate_bio_was_held_back(struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	return bio_flagged(bio, BIO_BPS_THROTTLED);
#else
	return bio_flagged(bio, BIO_THROTTLED);
#endif
}

static inline struct gendisk *diolate_bio_disk(const struct bio *bio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
	return bio->bi_bdev->bd_disk;
#else
	return bio->bi_disk;
#endif
}

/* The tracepoint block_bio_queue: it was given the queue as well before 5.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
#define DIOLATE_BIO_QUEUED(probe, function)					\
static void probe(void *data, struct request_queue *queue, struct bio *bio)	\
{										\
	function(bio);								\
}
#else
#define DIOLATE_BIO_QUEUED(probe, function)					\
static void probe(void *data, struct bio *bio)					\
{										\
	function(bio);								\
}
#endif

/* The first buffer of a folio, NULL if it has none. */
static inline struct buffer_head *diolate_buffers(struct folio *folio)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
	return page_has_buffers(folio) ? page_buffers(folio) : NULL;
#else
	return folio_buffers(folio);
#endif
}

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
