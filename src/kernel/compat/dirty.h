/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoint that a folio hits as it becomes dirty, and who is about to do that.
 */
#ifndef DIOLATE_KERNEL_COMPAT_DIRTY_H
#define DIOLATE_KERNEL_COMPAT_DIRTY_H

#include <linux/build_bug.h>
#include <linux/rwsem.h>
#include <trace/events/writeback.h>

#include "kernel/compat/folio.h"
#include "kernel/compat/syscall.h"
#include "kernel/compat/version.h"

/*
 * Each folio of a file hits the tracepoint when it was clean, with the lock of its page cache held
 * and before it is tagged there (mm/page-writeback.c, folio_account_dirtied(), 6.1 to 7.3;
 * account_page_dirtied(), 5.10). On 5.10 it is of pages, and has another name.
 */
#if defined(DIOLATE_HAS_DIRTY_FOLIO)
#define DIOLATE_DIRTY_FOLIO "writeback_dirty_folio"
#define diolate_traceiter_dirty __traceiter_writeback_dirty_folio
#elif defined(DIOLATE_HAS_DIRTY_PAGE)
#define DIOLATE_DIRTY_FOLIO "writeback_dirty_page"
#define diolate_traceiter_dirty __traceiter_writeback_dirty_page
#else
#error "diolate does not know this kernel's writeback_dirty_folio (trace/events/writeback.h)"
#endif

#ifdef CONFIG_TRACEPOINTS
static_assert(__builtin_types_compatible_p(typeof(diolate_traceiter_dirty),
					   int (void *, struct folio *, struct address_space *)),
	      "diolate does not know this kernel's writeback_dirty_folio (trace/events/writeback.h)");
#endif

/*
 * Whether the current task holds an inode's lock to write to the inode. Who holds it is in the lock
 * (kernel/locking/rwsem.c, rwsem_set_owner(), 5.10 to 7.3), with flags in the low bits. Bit 0 says
 * that it is or was a reader, who stays there when the lock is released; a writer does not. On
 * PREEMPT_RT a writer holds the rt_mutex in the lock, whose owner has flags in bit 0, and a reader
 * no longer than it takes to lock (kernel/locking/rwbase_rt.c, rwbase_write_lock(), 6.1 to 7.3).
 */
#if !defined(CONFIG_PREEMPT_RT) || defined(DIOLATE_HAS_RWBASE)
#define DIOLATE_KNOWS_WHO_LOCKED true
#else
#define DIOLATE_KNOWS_WHO_LOCKED false
#endif

static inline bool diolate_inode_is_locked_by_me(const struct inode *inode)
{
#ifndef CONFIG_PREEMPT_RT
	return (atomic_long_read(&inode->i_rwsem.owner) & ~6L) == (long)current;
#elif defined(DIOLATE_HAS_RWBASE)
	return ((long)READ_ONCE(inode->i_rwsem.rwbase.rtmutex.owner) & ~1L) == (long)current;
#else
	return false;
#endif
}

/* Whether the current task, one of a program, is in no system call: it came here by a fault. */
static inline bool diolate_is_in_fault(void)
{
	return syscall_get_nr(current, task_pt_regs(current)) == -1;
}

/*
 * Whether the current task is in a system call that may store into mapped memory, and writes to no
 * file. The number of a call says which it is, if the program is native.
 */
static inline bool diolate_is_in_read(void)
{
	if (!diolate_is_native())
		return false;
	switch (syscall_get_nr(current, task_pt_regs(current))) {
	case __NR_read:
	case __NR_pread64:
	case __NR_readv:
	case __NR_preadv:
	case __NR_preadv2:
	case __NR_process_vm_writev:
	case __NR_recvfrom:
	case __NR_recvmsg:
		return true;
	}
	return false;
}

/*
 * Whether the current task, which does not hold the lock of the file, is in a call that may read
 * into mapped memory as well as write to the file.
 */
static inline bool diolate_is_in_submission(void)
{
	if (!diolate_is_native() || !DIOLATE_KNOWS_WHO_LOCKED)
		return false;
	switch (syscall_get_nr(current, task_pt_regs(current))) {
	case __NR_io_submit:
	case __NR_io_uring_enter:
		return true;
	}
	return false;
}

#endif
