/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a late error. Nothing here touches the kernel: src/policy.c is also compiled and
 * tested in user space (test/unit/).
 */
#ifndef DIOLATE_POLICY_H
#define DIOLATE_POLICY_H

#ifdef __KERNEL__
#include <linux/kprobes.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#define NOKPROBE_SYMBOL(function)
#endif

/** enum diolate_policy - what the administrator asked for; the order is that of the names */
enum diolate_policy {
	DIOLATE_PROPAGATE,	/* complete the write with -EIO */
	DIOLATE_OBSERVE,	/* count, change nothing */
	DIOLATE_REPAIR,		/* put the cache right, or complete the write with -EIO */
	DIOLATE_POLICIES
};

/** enum diolate_kind - how it came that the page cache and the disk disagree */
enum diolate_kind {
	DIOLATE_STUCK,		/* a page could not be dropped; the kernel knows */
	DIOLATE_OVERTAKEN,	/* a page was written back over the write; it does not */
	DIOLATE_KINDS
};

/** enum diolate_consumer - who waits for the completion of a direct write */
enum diolate_consumer {
	DIOLATE_SYNC,		/* nobody: the result is the return value of a system call */
	DIOLATE_LIBAIO,		/* an io_event of fs/aio.c */
	DIOLATE_IO_URING,	/* a cqe */
	DIOLATE_KERNEL,		/* code of the kernel: loop, nvmet, overlayfs, ... */
	DIOLATE_CONSUMERS
};

/** diolate_is_of_user_space() - whether a consumer is known to be a program */
static inline bool diolate_is_of_user_space(enum diolate_consumer consumer)
{
	return consumer == DIOLATE_LIBAIO || consumer == DIOLATE_IO_URING;
}

/** enum diolate_way - how the result of a write can still be reached when its late error is seen */
enum diolate_way {
	DIOLATE_WAY_MISSED,	/* not at all: its consumer is not followed */
	DIOLATE_WAY_FULL,	/* not at all: too many are waiting */
	DIOLATE_WAY_SHORT,	/* not at all: io_uring is going to try the rest */
	DIOLATE_WAY_CONSUMER,	/* where its consumer receives it */
};

/** enum diolate_outcome - what a write with a late error was counted as */
enum diolate_outcome {
	DIOLATE_REPEAT,		/* this write was counted already */
	DIOLATE_WAS_SYNC,
	DIOLATE_KERNEL_OWNED,
	DIOLATE_UNDELIVERABLE,
	DIOLATE_OBSERVED,
	DIOLATE_PENDING,	/* its result decides: one of those below, or undeliverable */
	DIOLATE_ALREADY_FAILED,
	DIOLATE_REPAIRED,
	DIOLATE_SPARED,		/* the disk holds it, only what was cached was stale */
	DIOLATE_DELIVERED,
	DIOLATE_OUTCOMES
};

/** enum diolate_reason - why a write is undeliverable, or was not repaired */
enum diolate_reason {
	DIOLATE_NO_REASON,
	DIOLATE_UNPROVEN,	/* what is in the way might be a reader's doing */
	DIOLATE_NOT_WATCHED,	/* where its consumer receives the result is not followed */
	DIOLATE_SHORT_WRITE,	/* io_uring goes on with the rest as if nothing had been */
	DIOLATE_NOT_ASYNC,	/* the file system waits for the write, and may do more with it */
	DIOLATE_DSYNC,		/* what is dirty is written back before the write completes */
	DIOLATE_FILESYSTEM,	/* discarding a folio is not proven there */
	DIOLATE_NOT_SEEN,	/* nobody noted when the write began, or what was written since */
	DIOLATE_TOO_MANY,	/* late writes are waiting for their results */
	DIOLATE_NOT_HELD_BACK,	/* the kernel has recorded the error already */
	DIOLATE_WRITTEN_BACK,	/* older bytes may have landed on top of the write */
	DIOLATE_PARTIAL,	/* a folio in the way reaches beyond the write */
	DIOLATE_BUSY,		/* a folio stayed locked until the deadline */
	DIOLATE_REASONS
};

/**
 * struct diolate_late - a late error, as far as its outcome depends on it
 * @kind:     of which
 * @consumer: who waits for the write
 * @way:      how its result can be reached
 * @policy:   the policy in force now
 * @waited_for: its file system waits for it, in the task that submits it
 * @repeat:   a report about this write was counted before
 * @proven:   what is in the way is certain to be a writer's doing
 * @unclear:  it may be dirty beside the write only, and nobody can look
 * @repair:   its consumer is told only when it was tried to put the cache right
 * @unrepaired: if the policy is repair, why it is not
 */
struct diolate_late {
	enum diolate_kind kind;
	enum diolate_consumer consumer;
	enum diolate_way way;
	enum diolate_policy policy;
	bool waited_for;
	bool repeat;
	bool proven;
	bool unclear;
	bool repair;
	enum diolate_reason unrepaired;
};

extern const char *const diolate_policy_names[DIOLATE_POLICIES];
extern const char *const diolate_kind_names[DIOLATE_KINDS];
extern const char *const diolate_consumer_names[DIOLATE_CONSUMERS];
extern const char *const diolate_outcome_names[DIOLATE_OUTCOMES];
extern const char *const diolate_reason_names[DIOLATE_REASONS];

enum diolate_outcome diolate_decide(const struct diolate_late *late);
enum diolate_reason diolate_reason(const struct diolate_late *late, enum diolate_outcome outcome);
enum diolate_outcome diolate_settle(long *ret);

#endif
