// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each policy promises: doc/policies.md, src/model/policy.c. Tested by test/unit/test_promise.c.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "collide/promise.h"

/* Who may be told on a file system. */
enum telling {
	TELLS,		/* proven: src/write/filesystem.c has the same list */
	COUNTS,		/* on any other nobody is told */
	TELLS_BELOW,	/* that of the file below decides, and the log does not name it */
};

static enum telling telling_of(const char *fstype)
{
	static const char *const tells[] = { "ext2", "ext3", "ext4", "xfs", "vfat", "exfat" };
	size_t i;

	if (!strcmp(fstype, "overlay"))
		return TELLS_BELOW;
	for (i = 0; i < sizeof(tells) / sizeof(tells[0]); i++)
		if (!strcmp(tells[i], fstype))
			return TELLS;
	return COUNTS;
}

/*
 * Those that are known to tell the kernel that they could not drop what was cached, by the tests (doc/limits.md,
 * Limits): many do not, as NFS, FUSE and cifs; and what is below an overlay nobody can see.
 */
static bool reports(const char *fstype)
{
	static const char *const others[] = { "btrfs", "f2fs", "ntfs", "ntfs3" };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i], fstype))
			return true;
	return telling_of(fstype) == TELLS;
}

static enum promise because(enum promise promise, const char **why, const char *words)
{
	*why = words;
	return promise;
}

#define BROKEN(words) because(PROMISE_BROKEN, why, words)
#define OPEN(words) because(PROMISE_OPEN, why, words)

static bool is(const char *value, const char *wanted)
{
	return value && !strcmp(value, wanted);
}

/* The module has no late error of it. */
static enum promise of_uncounted(const struct outcome_seen *seen, const char **why)
{
	/* A disk that fails says the same as the module. */
	if (seen->result < 0)
		return OPEN("failed without a late error; the disk has failed if dmesg says so");
	if (!seen->undone)
		return PROMISE_NOT_MET;
	if (!reports(seen->fstype))
		return OPEN("was undone in silence, as this file system may not tell the module either");
	if (seen->missed)
		return OPEN("may be one that was missed: reload with a larger maxactive or log_size");
	if (seen->unknown)
		return OPEN("may have been overtaken, and nobody can know (overtaken_unknown)");
	if (seen->written_back && !seen->followed)
		return OPEN("may have been overtaken before direct writes were followed");
	return BROKEN("was undone in silence, and no late error was counted");
}

static enum promise of_synchronous(const struct outcome_seen *seen, const char **why)
{
	if (is(seen->outcome, "kernel_owned"))
		return OPEN("was handed on by the kernel to a file system below");
	if (!is(seen->outcome, "sync"))
		return BROKEN("was synchronous, and was not counted as sync");
	if (seen->result < 0)
		return BROKEN("was synchronous, and its caller was told");
	return PROMISE_KEPT;
}

static enum promise of_observed(const struct outcome_seen *seen, const char **why)
{
	if (!is(seen->outcome, "observed"))
		return BROKEN("was to be observed, and was not");
	if (seen->result < 0)
		return BROKEN("was to be observed, and its submitter was told");
	return PROMISE_KEPT;
}

static enum promise of_delivered(const struct outcome_seen *seen, const char **why)
{
	if (seen->result != -EIO)
		return BROKEN("was counted as delivered, and its submitter was not told");
	if (telling_of(seen->fstype) == COUNTS)
		return BROKEN("was told on a file system where a reader may be in its way");
	return PROMISE_KEPT;
}

/* What is said to be whole: repaired, spared. */
static enum promise of_whole(const struct outcome_seen *seen, const char **why)
{
	if (seen->result < 0)
		return BROKEN("was counted as whole, and its submitter was told an error");
	if (seen->undone)
		return BROKEN("was counted as whole, and is undone on the disk");
	if (seen->stale)
		return BROKEN("was counted as whole, and the page cache has older bytes");
	if (is(seen->outcome, "repaired") && !is(seen->policy, "repair"))
		return BROKEN("was repaired, and the policy is another");
	if (is(seen->outcome, "repaired") && is(seen->kind, "overtaken"))
		return BROKEN("was repaired, though older bytes may be on top of it");
	return PROMISE_KEPT;
}

static enum promise of_undeliverable(const struct outcome_seen *seen, const char **why)
{
	if (seen->result < 0)
		return BROKEN("was counted as undeliverable, and its submitter was told an error");
	if (telling_of(seen->fstype) == COUNTS)
		return PROMISE_KEPT;
	if (is(seen->reason, "unproven-filesystem"))
		return telling_of(seen->fstype) == TELLS_BELOW ?
			       PROMISE_KEPT :
			       BROKEN("was not told, on a file system where it is to be");
	return OPEN("could not be told; the log says why (diolate log)");
}

/* Under propagate and repair. */
static enum promise of_told(const struct outcome_seen *seen, const char **why)
{
	if (is(seen->outcome, "delivered"))
		return of_delivered(seen, why);
	if (is(seen->outcome, "repaired") || is(seen->outcome, "spared"))
		return of_whole(seen, why);
	if (is(seen->outcome, "undeliverable"))
		return of_undeliverable(seen, why);
	if (is(seen->outcome, "already_failed"))
		return seen->result < 0 ? PROMISE_KEPT :
					  BROKEN("was counted as failed already, and succeeded");
	if (is(seen->outcome, "kernel_owned"))
		return OPEN("was handed on by the kernel to a file system below");
	if (is(seen->outcome, "sync"))
		return telling_of(seen->fstype) == COUNTS ?
			       OPEN("was made synchronous by the file system") :
			       BROKEN("was to be told, and was counted as sync");
	if (is(seen->outcome, "pending"))
		return BROKEN("has ended, and its late error is still pending");
	if (is(seen->outcome, "observed"))
		return BROKEN("was observed, and the policy is another");
	return OPEN("has an outcome that this version of the command does not know");
}

enum promise promise_of(const struct outcome_seen *seen, const char **why)
{
	*why = "";
	/* Without the module: what stock Linux does. */
	if (!seen->policy)
		return seen->undone && seen->result >= 0 ? BROKEN("was undone in silence") :
							    PROMISE_NOT_MET;
	if (!seen->outcome)
		return of_uncounted(seen, why);
	if (seen->synchronous && !seen->follows)
		return of_synchronous(seen, why);
	if (is(seen->policy, "observe"))
		return of_observed(seen, why);
	if (is(seen->policy, "propagate") || is(seen->policy, "repair"))
		return of_told(seen, why);
	return OPEN("was made under a policy that this version of the command does not know");
}
