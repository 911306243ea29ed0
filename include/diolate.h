/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's own interfaces, in the order in which a late error passes them:
 * invalidation entered -> scope -> late error -> policy -> consumer -> account.
 */
#ifndef DIOLATE_H
#define DIOLATE_H

#include <linux/fs.h>
#include <linux/kprobes.h>

#include "compat.h"
#include "flight.h"
#include "policy.h"
#include "record.h"
#include "waiting.h"

struct iomap_dio_ops;
struct seq_file;
struct seq_operations;

/* main.c: the parameters */
extern enum diolate_policy diolate_policy;
extern unsigned int diolate_maxactive;
extern unsigned int diolate_log_size;
extern unsigned int diolate_repair_ms;

/** enum diolate_tracks - who wants direct writes to be followed; bits */
enum diolate_tracks {
	DIOLATE_TRACKS_WRITEBACK = BIT(0),	/* something was written back */
	DIOLATE_TRACKS_REPAIR = BIT(1),		/* the policy */
	DIOLATE_TRACKS_ALWAYS = BIT(2),		/* the parameter track */
};

int diolate_track(enum diolate_tracks who, bool wants);

/* calls.c: the calls of a function that a task is inside of */

/**
 * struct diolate_calls - the calls of a function of the kernel that are followed
 * @rp:        a kretprobe; the first word of its data tells a call from none: its entry handler
 *             sets it if it takes the call, to something that is not 0
 * @instances: all of @rp, where no task lists its own; owned by calls.c
 * @handler:   the return handler that @rp came with, there
 */
struct diolate_calls {
	struct kretprobe rp;
#ifdef DIOLATE_UNLISTED_INSTANCES
	struct kretprobe_instance **instances;
	kretprobe_handler_t handler;
#endif
};

int diolate_calls_arm(struct diolate_calls *calls);
void diolate_calls_disarm(struct diolate_calls *calls);
void *diolate_calls_innermost(const struct diolate_calls *calls,
			      bool (*match)(void *data, void *arg), void *arg);

/* scope.c: which write this task is completing now */

/**
 * struct diolate_invalidation - one call that ends a direct write by invalidating the page cache
 * @iocb:   the direct write; alive as long as the call lasts
 * @dio:    instead of it, the struct iomap_dio it is to be found in
 * @length: bytes of it; 0 if not known
 * @seen:   its late error was
 * @counted: it was, as overtaken
 *
 * Used by its own task only.
 */
struct diolate_invalidation {
	struct kiocb *iocb;
	const unsigned long *dio;
	size_t length;
	bool seen;
	bool counted;
};

/**
 * struct diolate_dio_complete - one call of dio_complete()
 * @dio: its struct dio
 * @inv: what was found out of it
 *
 * Lives in a kretprobe instance: used by its own task only.
 */
struct diolate_dio_complete {
	const unsigned long *dio;
	struct diolate_invalidation inv;
};

/**
 * struct diolate_direct_write - one call of generic_file_direct_write()
 * @inv:      what it may invalidate
 * @reported: a late error of this call was counted
 * @judged:   it was asked whether it was overtaken
 *
 * Lives in a kretprobe instance: used by its own task only.
 */
struct diolate_direct_write {
	struct diolate_invalidation inv;
	bool reported;
	bool judged;
};

bool diolate_scope_of_dio(struct diolate_invalidation *inv, const unsigned long *dio,
			  const struct file *file);
bool diolate_scope_is_read(const struct kiocb *iocb);
bool diolate_scope_of_iomap_dio(struct diolate_invalidation *inv, const unsigned long *dio);
size_t diolate_scope_iomap_written(const unsigned long *dio);
bool diolate_scope_iomap_is_late(const unsigned long *dio);
struct kiocb *diolate_scope_submitter(struct kiocb *iocb);
struct kiocb *diolate_scope_submitter_of(struct kiocb *iocb);
int diolate_scope_recognises(diolate_complete_fn complete);

/* current.c: the last invalidation a task has begun */
int diolate_current_init(void);
void diolate_current_exit(void);
void diolate_current_begins(struct kiocb *iocb, const unsigned long *dio, size_t length);
struct diolate_invalidation *diolate_current_hold(void);
void diolate_current_release(void);
unsigned long diolate_current_missed(void);

/* filesystem.c: what is known of file systems */
bool diolate_only_a_writer_is_in_the_way(const struct inode *inode);
bool diolate_discard_is_proven(const struct inode *inode);
bool diolate_has_buffers(const struct inode *inode);
bool diolate_may_be_overtaken(const struct inode *inode);
bool diolate_maps_late(const struct inode *inode);
bool diolate_maps_elsewhere(const struct inode *inode);

/* consumer.c: where the consumer of a write receives its result */
int diolate_consumers_init(void);
void diolate_consumers_exit(void);
enum diolate_consumer diolate_consumer_of(diolate_complete_fn complete);
bool diolate_consumers_armed(void);
bool diolate_consumers_answered(unsigned long ip, struct diolate_ftrace_regs *regs);
int diolate_consumers_add(struct diolate_hook *hook);
bool diolate_consumers_tell_waited_for(void);
void diolate_consumers_call(void);
bool diolate_consumers_wait(void);
void diolate_consumers_give_up(struct diolate_waiting *w);
int diolate_consumers_hold(bool hold);
int diolate_consumers_repair(bool repair);
bool diolate_consumers_repairs(void);
void diolate_consumers_show(struct seq_file *m);

/* writeback.c: what was written back while direct writes were in flight */
extern atomic64_t diolate_writeback_number;

/**
 * diolate_writeback_now() - a point in the order of what is written back
 *
 * Context: any, also inside a probe handler.
 * Return: it, for diolate_written_back().
 */
static __always_inline s64 diolate_writeback_now(void)
{
	return atomic64_read(&diolate_writeback_number);
}

s64 diolate_writeback_next(void);
void diolate_note_writeback(struct folio *folio, bool starts);
bool diolate_written_back(const struct address_space *mapping, pgoff_t first, pgoff_t last,
			  s64 since);

/* part.c: which part of a folio is written back */

/** enum diolate_written_kind - what is known of what is written back of a folio */
enum diolate_written_kind {
	DIOLATE_WRITTEN,	/* it is a block, or the blocks that somebody has dirtied */
	DIOLATE_WRITTEN_WHOLE,	/* all blocks are, whichever somebody has dirtied */
	DIOLATE_WRITTEN_PERHAPS,	/* some of it may not be */
};

/* In so many units a folio is divided. */
#define DIOLATE_WRITTEN_UNITS 512

/**
 * struct diolate_written - what is written back of a folio
 * @part:      of its file: all of the folio that lies in that
 * @kind:      what is known of it
 * @blocks:    so many of its blocks are; 0 if that is not known, or all
 * @unit_bits: the size of a unit: of a block, unless there are too many
 * @units:     those with blocks that are, if @blocks are
 */
struct diolate_written {
	struct diolate_part part;
	enum diolate_written_kind kind;
	unsigned int blocks;
	unsigned int unit_bits;
	DECLARE_BITMAP(units, DIOLATE_WRITTEN_UNITS);
};

/** enum diolate_dirt - whether something of a part of a file is dirty in a folio */
enum diolate_dirt {
	DIOLATE_CLEAN,
	DIOLATE_DIRTY_PERHAPS,
	DIOLATE_DIRTY,
};

/* The byte behind a folio; the last page of the longest file ends where no offset is left. */
static inline loff_t diolate_end_of(struct folio *folio)
{
	loff_t last = folio_pos(folio) + (folio_size(folio) - 1);

	return last == LLONG_MAX ? last : last + 1;
}

enum diolate_dirt diolate_part_dirty(struct folio *folio, const struct diolate_part *part);
void diolate_part_written(struct folio *folio, struct diolate_written *w);
bool diolate_part_meets(const struct diolate_written *w, const struct diolate_part *part);
void diolate_part_init(void);

/* sentinel.c: what was written back before direct writes were followed */
void diolate_sentinel_note(struct folio *folio, const struct address_space *mapping, s64 number);
enum diolate_verdict diolate_sentinel_judge(const struct address_space *mapping,
					    const struct diolate_part *part, s64 before);
bool diolate_sentinel_release(bool all);
void diolate_sentinel_begin(void);

/* follow.c: direct writes and writeback on their way to the device */
bool diolate_follow_is_armed(void);
bool diolate_follow_sees_answers(void);
bool diolate_follow_is_live(unsigned long ago);
unsigned long diolate_follow_met(void);
void diolate_follow_begins(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops);
void diolate_follow_init(void);
int diolate_follow_arm(void);
void diolate_follow_disarm(void);
void diolate_follow_show(struct seq_file *m);

/* track.c: when direct writes are followed */
bool diolate_track_suspects(void);
void diolate_track_call(void);
void diolate_track_written(void);
void diolate_track_hold(void);
void diolate_track_start(void);
void diolate_track_stop(void);

/* spared.c: whether a write has lost nothing, though the cache could not be invalidated */
bool diolate_spared_is_open(struct address_space *mapping, const struct diolate_part *part);
bool diolate_lock_until(struct folio *folio, ktime_t deadline);
enum diolate_outcome diolate_spared(const struct kiocb *iocb, struct address_space *mapping,
				    const struct diolate_part *part, enum diolate_reason *reason);

/* repair.c: putting the page cache right */
enum diolate_reason diolate_repair_begin(struct diolate_repair *r,
					 const struct diolate_invalidation *inv,
					 const struct kiocb *iocb, bool proven);
enum diolate_outcome diolate_repair(const struct diolate_waiting *w, long *ret,
				    enum diolate_reason *reason);
void diolate_repair_wait(void);
void diolate_repair_record(struct inode *inode, const char *why);

/* hook.c: following the entry of a function */
int diolate_hook_add(struct diolate_hook *hook, const char *symbol, unsigned long address,
		     bool alone);
void diolate_hook_clear(struct diolate_hook *hook);
int diolate_hook_register(struct diolate_hook *hook);
int diolate_hook_arm(struct diolate_hook *hook);
void diolate_hook_disarm(struct diolate_hook *hook);
unsigned long diolate_hook_missed(const struct diolate_hook *hook);

/* ftrace.c: writeback, and the kernel's own record of a late error */
void diolate_ftrace_follow(void);
void diolate_ftrace_follow_no_more(void);
void diolate_ftrace_await(void);
void diolate_ftrace_await_no_more(void);
bool diolate_ftrace_awaits(void);
bool diolate_ftrace_follows(void);
int diolate_ftrace_arm(void);
void diolate_ftrace_disarm(void);
void diolate_ftrace_show(struct seq_file *m);

/* uring.c: what an io_uring request knows */
struct task_struct *diolate_uring_task(struct kiocb *iocb);
void diolate_uring_fail(struct kiocb *iocb);
bool diolate_uring_is_short(const struct kiocb *iocb, size_t length);

/* late.c: what the probes see of a late error */

/** enum diolate_met - where a late error is met */
enum diolate_met {
	DIOLATE_MET_IN_PASSING,
	DIOLATE_MET_AWAITABLE,	/* where what tells it can be waited for, if it is not armed */
};

/** enum diolate_record_of_kernel - what becomes of the kernel's own record of a late error */
enum diolate_record_of_kernel {
	DIOLATE_RECORD_MADE,		/* the kernel makes it */
	DIOLATE_RECORD_HELD_BACK,	/* nobody does, for now */
	DIOLATE_RECORD_OURS,		/* diolate_late_error_instead() does */
};

void diolate_late_completes(const unsigned long *dio);
enum diolate_outcome diolate_late_overtaken(struct kiocb *iocb, const struct inode *inode,
					    size_t length, bool waited_for);
struct diolate_direct_write *diolate_direct_write_of(struct kiocb *iocb);
enum diolate_record_of_kernel diolate_late_error_record(struct file *filp);
void diolate_late_error_instead(struct file *filp);

/* judge.c: where a write is asked whether it was overtaken */
const struct inode *diolate_judge_answered(struct kiocb *iocb, long ret);
bool diolate_judge_passing(struct kiocb *iocb, size_t length);
void diolate_judge_left(const struct diolate_flown *flown);
enum diolate_verdict diolate_judge_now(const struct kiocb *iocb, struct address_space *mapping,
				       const struct diolate_part *part);

/* probes.c: the table of probe sites */
#define DIOLATE_LATE_ERROR_SYMBOL "dio_warn_stale_pagecache"

int diolate_probes_arm(void);
void diolate_probes_disarm(void);
unsigned long diolate_probes_missed(void);
void diolate_probes_show(struct seq_file *m);

/* symbol.c: functions of the kernel by name */
int diolate_symbol_errno(int err);
int diolate_symbol_address(const char *symbol, unsigned long *address, unsigned long *size);
int diolate_symbol_calls(const char *caller, const char *symbol);

/* selftest.c: the proof that probes work here, at load time and later */
int diolate_selftest_init(void);
void diolate_selftest_exit(void);
bool diolate_selftest_off(void);

/* record.c: looking at a late error */
bool diolate_escaped(unsigned char c);
void diolate_record(struct diolate_record *r, const struct diolate_invalidation *inv,
		    struct kiocb *iocb, const struct diolate_late *late);

/* log.c: the newest late errors */
int diolate_log_init(void);
void diolate_log_exit(void);
void diolate_log_late(const struct diolate_invalidation *inv, struct kiocb *iocb,
		      const struct diolate_late *late, enum diolate_outcome outcome,
		      const void *mark);
void diolate_log_settled(const void *mark, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret);
u64 diolate_log_lost(void);
void diolate_show_time(struct seq_file *m, u64 time);
void diolate_show_file(struct seq_file *m, const struct diolate_file *file);
extern const struct seq_operations diolate_log_ops;

/* files.c: late errors by file */
int diolate_files_init(void);
void diolate_files_exit(void);
void diolate_files_add(const struct diolate_record *r);
int diolate_files_show(struct seq_file *m);

/* account.c: the counters, in the order in which debugfs prints them */
enum diolate_counter {
	DIOLATE_N_LATE_ERRORS,
	DIOLATE_N_STUCK,
	DIOLATE_N_OVERTAKEN,
	DIOLATE_N_DELIVERED,
	DIOLATE_N_ALREADY_FAILED,
	DIOLATE_N_OBSERVED,
	DIOLATE_N_REPAIRED,
	DIOLATE_N_SPARED,
	DIOLATE_N_SYNC,
	DIOLATE_N_KERNEL_OWNED,
	DIOLATE_N_UNDELIVERABLE,
	DIOLATE_N_PENDING,
	DIOLATE_N_UNATTRIBUTED,
	DIOLATE_N_OVERTAKEN_UNKNOWN,
	DIOLATE_N_FIRST_UNKNOWN,	/* by enum diolate_unknown */
	DIOLATE_N_LAST_UNKNOWN = DIOLATE_N_FIRST_UNKNOWN + DIOLATE_UNKNOWNS - 1,
	DIOLATE_N_REPEATS,
	DIOLATE_COUNTERS
};

void diolate_account_unattributed(void);
void diolate_account_not_judged(enum diolate_unknown why);
void diolate_account_late(enum diolate_kind kind, enum diolate_outcome outcome);
void diolate_account_settled(enum diolate_outcome outcome);
void diolate_account_show(struct seq_file *m);

/* debugfs.c */
void diolate_debugfs_init(void);
void diolate_debugfs_exit(void);

#endif
