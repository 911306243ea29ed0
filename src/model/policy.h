/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A late error has an outcome, which the policy decides. Nothing here touches the kernel:
 * src/model/policy.c is also compiled and tested in user space (test/unit/).
 *
 * The words of the contract (doc/policies.md, doc/overtaken.md); "it" is the direct write:
 * late error:     the page cache disagreed with it after it was queued: stuck or overtaken
 * stuck:          its post-write invalidation failed; the kernel knows
 * overtaken:      writeback of older bytes may be on top of it; the kernel does not know
 * unknown:        nobody can know whether it was overtaken; counted in overtaken_unknown
 * delivered:      it completed with -EIO through this module: the submitter was told
 * already failed: it completed with an error anyway, so no error was dropped
 * observed:       policy observe left its result alone
 * repaired:       it succeeded after the module put the page cache right, under policy repair
 * spared:         it succeeded: only bytes beside it were dirty, now written back and dropped
 * sync:           it was synchronous, and has no completion event; nobody was told
 * kernel-owned:   it was submitted inside the kernel (a loop device, nvmet); its result stays
 * undeliverable:  the submitter could not be told safely; its result stays
 * pending:        its result will decide between the outcomes (a gauge)
 * waited for:     the file system waits for it in the submitter's task
 * consumer:       who receives its result: libaio, io_uring, a synchronous caller, the kernel
 * record:         the kernel's own: dio_warn_stale_pagecache()'s message, and mapping->wb_err
 * submitter:      who made it, and gets -EIO when told
 * receiver:       the function in which its consumer receives the result (src/write/receivers.c)
 */
#ifndef DIOLATE_MODEL_POLICY_H
#define DIOLATE_MODEL_POLICY_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/kprobes.h>
#else
#include <stdbool.h>
#define NOKPROBE_SYMBOL(function)
#endif

/** enum diolate_policy - what the administrator asked for, in the order of diolate_policy_names */
enum diolate_policy {
	DIOLATE_PROPAGATE,	/* complete the write with -EIO */
	DIOLATE_OBSERVE,	/* count the write, change nothing */
	DIOLATE_REPAIR,		/* put the cache right, or complete the write with -EIO */
	DIOLATE_POLICIES
};

/** enum diolate_kind - why the page cache and the disk disagree */
enum diolate_kind {
	DIOLATE_STUCK,		/* a folio could not be dropped; the kernel knows */
	DIOLATE_OVERTAKEN,	/* a folio was written back on top; the kernel does not know */
	DIOLATE_KINDS
};

/** enum diolate_consumer - who receives the result of a direct write */
enum diolate_consumer {
	DIOLATE_SYNC,		/* a synchronous caller, by the return value of a system call */
	DIOLATE_LIBAIO,		/* libaio, by an io_event of fs/aio.c */
	DIOLATE_IO_URING,	/* io_uring, by a cqe */
	DIOLATE_KERNEL,		/* code of the kernel: loop, nvmet, overlayfs, ... */
	DIOLATE_CONSUMERS
};

/**
 * diolate_is_of_user_space() - whether a consumer is known to be a program
 * @consumer: the consumer
 *
 * Context: any.
 */
static inline bool diolate_is_of_user_space(enum diolate_consumer consumer)
{
	return consumer == DIOLATE_LIBAIO || consumer == DIOLATE_IO_URING;
}

/** enum diolate_way - how the submitter can still be told when the late error is seen */
enum diolate_way {
	DIOLATE_WAY_MISSED,	/* not at all: its receiver is not followed */
	DIOLATE_WAY_FULL,	/* not at all: too many late writes are pending */
	DIOLATE_WAY_SHORT,	/* not at all: io_uring is going to submit the rest */
	DIOLATE_WAY_OTHER,	/* not at all: no write() of the task, or another file's */
	DIOLATE_WAY_CONSUMER,	/* in its receiver, or at the end of its system call */
};

/** enum diolate_outcome - the counter of a write with a late error */
enum diolate_outcome {
	DIOLATE_REPEAT,		/* this write was counted already */
	DIOLATE_WAS_SYNC,
	DIOLATE_KERNEL_OWNED,
	DIOLATE_UNDELIVERABLE,
	DIOLATE_OBSERVED,
	DIOLATE_PENDING,	/* becomes one of those below, or undeliverable */
	DIOLATE_ALREADY_FAILED,
	DIOLATE_REPAIRED,
	DIOLATE_SPARED,		/* the disk holds the write; only the page cache was stale */
	DIOLATE_DELIVERED,
	DIOLATE_OUTCOMES
};

/** enum diolate_reason - why a write is undeliverable, was not repaired, or is sync */
enum diolate_reason {
	DIOLATE_NO_REASON,
	DIOLATE_UNPROVEN,	/* a mere reader may have put the folio in the way */
	DIOLATE_NOT_WATCHED,	/* the receiver is not followed */
	DIOLATE_SHORT_WRITE,	/* io_uring submits the rest, and forgets the late error */
	DIOLATE_FILESYSTEM,	/* the file system is not known to discard a folio safely */
	DIOLATE_NOT_SEEN,	/* the range or its writeback is unknown */
	DIOLATE_TOO_MANY,	/* too many late writes are pending */
	DIOLATE_RECORDED,	/* the kernel has recorded the error already */
	DIOLATE_WRITTEN_BACK,	/* older bytes may have landed on top of the write */
	DIOLATE_PARTIAL,	/* a folio in the way reaches beyond the write */
	DIOLATE_BUSY,		/* a folio was locked for repair_ms, or a device may write to it */
	DIOLATE_OTHER_CALL,	/* synchronous, but not by a call that can be told */
	DIOLATE_REASONS
};

/**
 * struct diolate_late - a late error of a write, with what its outcome depends on
 * @kind:       the kind of the late error
 * @consumer:   who receives the result of the write
 * @way:        how the submitter can be told
 * @policy:     the policy in force now
 * @follows:    synchronous writes are told, too: the parameter sync is follow
 * @waited_for: the file system waits for the write in the submitter's task
 * @repeat:     a report about this write was counted before
 * @proven:     the folio in the way is certain to be a writer's doing
 * @whole:      nothing of the write is in danger: what is dirty was stored after it
 * @unclear:    the dirty bytes may all lie beside the write, and nobody can look
 * @repair:     the module tries to put the page cache right before the consumer gets the result
 * @unrepaired: why the write is not going to be repaired, if the policy is repair
 * @dirtied:    if overtaken, the note of how what overtook it became dirty (flight/dirtied.h), or 0
 */
struct diolate_late {
	enum diolate_kind kind;
	enum diolate_consumer consumer;
	enum diolate_way way;
	enum diolate_policy policy;
	bool follows;
	bool waited_for;
	bool repeat;
	bool proven;
	bool whole;
	bool unclear;
	bool repair;
	enum diolate_reason unrepaired;
	u64 dirtied;
};

extern const char *const diolate_policy_names[DIOLATE_POLICIES];
extern const char *const diolate_kind_names[DIOLATE_KINDS];
extern const char *const diolate_consumer_names[DIOLATE_CONSUMERS];
extern const char *const diolate_outcome_names[DIOLATE_OUTCOMES];
extern const char *const diolate_reason_names[DIOLATE_REASONS];

enum diolate_outcome diolate_policy_decide(const struct diolate_late *late);
enum diolate_reason diolate_policy_reason(const struct diolate_late *late,
					  enum diolate_outcome outcome);
enum diolate_outcome diolate_policy_settle(long *ret);

#endif
