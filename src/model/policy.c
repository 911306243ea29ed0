// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy maps a late error and its consumer to an outcome. The code has no state and does not
 * use the kernel; test/unit/test_policy.c runs every combination in user space.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

#include "model/policy.h"

const char *const diolate_policy_names[DIOLATE_POLICIES] = {
	[DIOLATE_PROPAGATE] = "propagate",
	[DIOLATE_OBSERVE] = "observe",
	[DIOLATE_REPAIR] = "repair",
};

const char *const diolate_kind_names[DIOLATE_KINDS] = {
	[DIOLATE_STUCK] = "stuck",
	[DIOLATE_OVERTAKEN] = "overtaken",
};

const char *const diolate_consumer_names[DIOLATE_CONSUMERS] = {
	[DIOLATE_SYNC] = "sync",
	[DIOLATE_LIBAIO] = "libaio",
	[DIOLATE_IO_URING] = "io_uring",
	[DIOLATE_KERNEL] = "kernel",
};

const char *const diolate_outcome_names[DIOLATE_OUTCOMES] = {
	[DIOLATE_REPEAT] = "repeat",
	[DIOLATE_WAS_SYNC] = "sync",
	[DIOLATE_KERNEL_OWNED] = "kernel_owned",
	[DIOLATE_UNDELIVERABLE] = "undeliverable",
	[DIOLATE_OBSERVED] = "observed",
	[DIOLATE_PENDING] = "pending",
	[DIOLATE_ALREADY_FAILED] = "already_failed",
	[DIOLATE_REPAIRED] = "repaired",
	[DIOLATE_SPARED] = "spared",
	[DIOLATE_DELIVERED] = "delivered",
};

const char *const diolate_reason_names[DIOLATE_REASONS] = {
	[DIOLATE_NO_REASON] = "-",
	[DIOLATE_UNPROVEN] = "unproven-filesystem",
	[DIOLATE_NOT_WATCHED] = "not-watched",
	[DIOLATE_SHORT_WRITE] = "short-write",
	[DIOLATE_FILESYSTEM] = "filesystem",
	[DIOLATE_NOT_SEEN] = "not-seen",
	[DIOLATE_TOO_MANY] = "too-many",
	[DIOLATE_RECORDED] = "recorded",
	[DIOLATE_WRITTEN_BACK] = "written-back",
	[DIOLATE_PARTIAL] = "partial-folio",
	[DIOLATE_BUSY] = "busy",
	[DIOLATE_OTHER_CALL] = "other-call",
};

/**
 * diolate_policy_decide() - the outcome of a late error, at the moment it is seen
 * @late: the late error
 *
 * The order of the tests is the contract: a write is counted in the first counter that fits, except
 * under policy observe. That policy looks for no way to the submitter, so nobody knows whether the
 * write is undeliverable, and the write is observed.
 *
 * Context: any, also inside a probe handler.
 * Return: the outcome; DIOLATE_PENDING where the result of the write decides.
 */
enum diolate_outcome diolate_policy_decide(const struct diolate_late *late)
{
	if (late->repeat)
		return DIOLATE_REPEAT;
	if (late->consumer == DIOLATE_SYNC &&
	    (!late->follows || late->way == DIOLATE_WAY_OTHER))
		return DIOLATE_WAS_SYNC;
	if (late->consumer == DIOLATE_KERNEL)
		return DIOLATE_KERNEL_OWNED;
	if (late->policy == DIOLATE_OBSERVE)
		return DIOLATE_OBSERVED;
	if (late->whole)
		return DIOLATE_SPARED;
	if (late->repair)
		return DIOLATE_PENDING;
	if (!late->proven || late->unclear || late->way != DIOLATE_WAY_CONSUMER)
		return DIOLATE_UNDELIVERABLE;
	return DIOLATE_PENDING;
}
NOKPROBE_SYMBOL(diolate_policy_decide);

/**
 * diolate_policy_reason() - why a write is undeliverable, is not going to be repaired, or is sync
 * @late:    the late error, at the moment it is seen
 * @outcome: the return value of diolate_policy_decide() for @late
 *
 * Context: any, also inside a probe handler.
 * Return: the reason; DIOLATE_NO_REASON for every outcome but these.
 */
enum diolate_reason diolate_policy_reason(const struct diolate_late *late,
					  enum diolate_outcome outcome)
{
	if (outcome == DIOLATE_PENDING)
		return late->unrepaired;
	if (outcome == DIOLATE_WAS_SYNC && late->follows)
		return DIOLATE_OTHER_CALL;
	if (outcome != DIOLATE_UNDELIVERABLE)
		return DIOLATE_NO_REASON;
	if (!late->proven)
		return DIOLATE_UNPROVEN;
	if (late->unclear)
		return DIOLATE_PARTIAL;
	switch (late->way) {
	case DIOLATE_WAY_FULL:
		return DIOLATE_TOO_MANY;
	case DIOLATE_WAY_SHORT:
		return DIOLATE_SHORT_WRITE;
	default:
		return DIOLATE_NOT_WATCHED;
	}
}
NOKPROBE_SYMBOL(diolate_policy_reason);

/**
 * diolate_policy_settle() - settle a pending late error when the write completes
 * @ret: in: the result with which the kernel completes the write, bytes or a negative errno;
 *       out: the result that the submitter gets
 *
 * A negative result stays: the submitter learns that the write failed, so no error was dropped.
 * -EIO is also what the kernel stores in mapping->wb_err (mm/filemap.c, dio_warn_stale_pagecache(),
 * 6.1 to 7.3).
 *
 * Context: any.
 * Return: DIOLATE_ALREADY_FAILED or DIOLATE_DELIVERED.
 */
enum diolate_outcome diolate_policy_settle(long *ret)
{
	if (*ret < 0)
		return DIOLATE_ALREADY_FAILED;
	*ret = -EIO;
	return DIOLATE_DELIVERED;
}
NOKPROBE_SYMBOL(diolate_policy_settle);
