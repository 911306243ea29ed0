// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/collide/promise.c: all that can become of a direct write, against a table of what is promised.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collide/promise.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each value there is, and one that no version knows. */
static const char *const policies[] = { NULL, "observe", "propagate", "repair", "later" };
static const char *const outcomes[] = {
	NULL, "delivered", "already_failed", "observed", "repaired", "spared", "sync",
	"kernel_owned", "undeliverable", "pending", "later",
};
static const char *const kinds[] = { "stuck", "overtaken" };
static const char *const filesystems[] = { "ext4", "btrfs", "overlay", "nfs4", "fuse.sshfs" };
static const char *const reasons[] = { NULL, "unproven-filesystem", "busy" };
/* A success, what a late error is told as, and another error. */
static const long results[] = { 4096, -EIO, -EINVAL };

enum { ANY, NO, YES };

/*
 * The first row that fits is the promise. NULL stands for any text, and "-" for none; a result is that of
 * the write: 1 a success, -1 an error, -EIO that one, 0 any.
 */
static const struct {
	const char *policy, *outcome, *kind, *fstype, *reason;
	int synchronous, follows, undone, stale, unknown, missed, written_back, followed;
	long result;
	enum promise promise;
} promises[] = {
	/* Stock Linux. */
	{ .policy = "-", .undone = YES, .result = 1, .promise = PROMISE_BROKEN },
	{ .policy = "-", .promise = PROMISE_NOT_MET },

	/* Nothing was counted. */
	{ .outcome = "-", .result = -1, .promise = PROMISE_OPEN },
	{ .outcome = "-", .undone = NO, .promise = PROMISE_NOT_MET },
	{ .outcome = "-", .fstype = "nfs4", .promise = PROMISE_OPEN },
	{ .outcome = "-", .fstype = "fuse.sshfs", .promise = PROMISE_OPEN },
	{ .outcome = "-", .fstype = "overlay", .promise = PROMISE_OPEN },
	{ .outcome = "-", .missed = YES, .promise = PROMISE_OPEN },
	{ .outcome = "-", .unknown = YES, .promise = PROMISE_OPEN },
	{ .outcome = "-", .written_back = YES, .followed = NO, .promise = PROMISE_OPEN },
	{ .outcome = "-", .promise = PROMISE_BROKEN },

	/* Synchronous, under any policy. With sync=follow it is as any other. */
	{ .synchronous = YES, .follows = NO, .outcome = "kernel_owned", .promise = PROMISE_OPEN },
	{ .synchronous = YES, .follows = NO, .outcome = "sync", .result = 1, .promise = PROMISE_KEPT },
	{ .synchronous = YES, .follows = NO, .promise = PROMISE_BROKEN },

	{ .policy = "later", .promise = PROMISE_OPEN },
	{ .policy = "observe", .outcome = "observed", .result = 1, .promise = PROMISE_KEPT },
	{ .policy = "observe", .promise = PROMISE_BROKEN },

	/* propagate, and repair. */
	{ .outcome = "delivered", .fstype = "counts", .promise = PROMISE_BROKEN },
	{ .outcome = "delivered", .result = -EIO, .promise = PROMISE_KEPT },
	{ .outcome = "delivered", .promise = PROMISE_BROKEN },
	{ .outcome = "spared", .result = -1, .promise = PROMISE_BROKEN },
	{ .outcome = "spared", .undone = YES, .promise = PROMISE_BROKEN },
	{ .outcome = "spared", .stale = YES, .promise = PROMISE_BROKEN },
	{ .outcome = "spared", .promise = PROMISE_KEPT },
	{ .policy = "repair", .outcome = "repaired", .kind = "stuck", .result = 1, .undone = NO,
	  .stale = NO, .promise = PROMISE_KEPT },
	{ .outcome = "repaired", .promise = PROMISE_BROKEN },
	{ .outcome = "undeliverable", .result = -1, .promise = PROMISE_BROKEN },
	{ .outcome = "undeliverable", .fstype = "counts", .promise = PROMISE_KEPT },
	{ .outcome = "undeliverable", .fstype = "ext4", .reason = "unproven-filesystem",
	  .promise = PROMISE_BROKEN },
	{ .outcome = "undeliverable", .fstype = "overlay", .reason = "unproven-filesystem",
	  .promise = PROMISE_KEPT },
	{ .outcome = "undeliverable", .promise = PROMISE_OPEN },
	{ .outcome = "already_failed", .result = -1, .promise = PROMISE_KEPT },
	{ .outcome = "already_failed", .promise = PROMISE_BROKEN },
	{ .outcome = "kernel_owned", .promise = PROMISE_OPEN },
	{ .outcome = "sync", .fstype = "counts", .promise = PROMISE_OPEN },
	{ .outcome = "sync", .promise = PROMISE_BROKEN },
	{ .outcome = "pending", .promise = PROMISE_BROKEN },
	{ .outcome = "observed", .promise = PROMISE_BROKEN },
	{ .outcome = "later", .promise = PROMISE_OPEN },
};

static bool is_text(const char *wanted, const char *value)
{
	return !wanted || (value ? !strcmp(wanted, value) : !strcmp(wanted, "-"));
}

/* "counts": one on which nobody is told. */
static bool is_filesystem(const char *wanted, const char *value)
{
	if (wanted && !strcmp(wanted, "counts"))
		return strcmp(value, "ext4") && strcmp(value, "overlay");
	return is_text(wanted, value);
}

static bool is_flag(int wanted, bool value)
{
	return wanted == ANY || (wanted == YES) == value;
}

static bool is_result(long wanted, long value)
{
	return !wanted || (wanted == 1 && value >= 0) || (wanted == -1 && value < 0) ||
	       wanted == value;
}

static enum promise wanted(const struct outcome_seen *seen)
{
	size_t i;

	for (i = 0; i < COUNT(promises); i++)
		if (is_text(promises[i].policy, seen->policy) &&
		    is_text(promises[i].outcome, seen->outcome) &&
		    is_text(promises[i].kind, seen->kind) &&
		    is_filesystem(promises[i].fstype, seen->fstype) &&
		    is_text(promises[i].reason, seen->reason) &&
		    is_flag(promises[i].synchronous, seen->synchronous) &&
		    is_flag(promises[i].follows, seen->follows) &&
		    is_flag(promises[i].undone, seen->undone) &&
		    is_flag(promises[i].stale, seen->stale) &&
		    is_flag(promises[i].unknown, seen->unknown) &&
		    is_flag(promises[i].missed, seen->missed) &&
		    is_flag(promises[i].written_back, seen->written_back) &&
		    is_flag(promises[i].followed, seen->followed) &&
		    is_result(promises[i].result, seen->result))
			return promises[i].promise;
	fail_msg("no row for outcome %s under %s", seen->outcome, seen->policy);
	return PROMISE_NOT_MET;
}

/* One by one; a record has a kind and a reason, and without one there are none. */
static void each_flag(struct outcome_seen *seen)
{
	unsigned int flags;
	size_t i;

	for (i = 0; i < COUNT(results); i++)
		for (flags = 0; flags < 256; flags++) {
			const char *why = NULL;
			enum promise promise;

			seen->result = results[i];
			seen->undone = flags & 1;
			seen->stale = flags & 2;
			seen->unknown = flags & 4;
			seen->missed = flags & 8;
			seen->written_back = flags & 16;
			seen->followed = flags & 32;
			seen->synchronous = flags & 64;
			seen->follows = flags & 128;
			promise = promise_of(seen, &why);
			if (promise != wanted(seen))
				fail_msg("%s on %s, %s, %s under %s, result %ld, flags %x: %d, not %d",
					 seen->outcome, seen->fstype, seen->kind, seen->reason,
					 seen->policy, seen->result, flags, promise, wanted(seen));
			assert_non_null(why);
			/* Whatever is not as it should be says why. */
			assert_int_equal(promise >= PROMISE_OPEN, *why != 0);
		}
}

static void test_every_write(void **state)
{
	struct outcome_seen seen = { 0 };
	size_t p, o, k, f, r;

	(void)state;
	for (p = 0; p < COUNT(policies); p++) {
		for (f = 0; f < COUNT(filesystems); f++) {
			seen = (struct outcome_seen){ .policy = policies[p], .fstype = filesystems[f] };
			each_flag(&seen);
		}
		for (o = 1; o < COUNT(outcomes) && policies[p]; o++)
			for (k = 0; k < COUNT(kinds); k++)
				for (f = 0; f < COUNT(filesystems); f++)
					for (r = 0; r < COUNT(reasons); r++) {
						seen.outcome = outcomes[o];
						seen.kind = kinds[k];
						seen.fstype = filesystems[f];
						seen.reason = reasons[r];
						each_flag(&seen);
					}
	}
}

/* Those that the table of file systems in doc/limits.md says are told, or counted; of others nobody is blamed. */
static void test_filesystems(void **state)
{
	static const struct {
		const char *fstype;
		enum promise told, counted, silent;
	} all[] = {
		{ "ext2", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "ext3", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "ext4", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "xfs", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "vfat", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "exfat", PROMISE_KEPT, PROMISE_BROKEN, PROMISE_BROKEN },
		{ "btrfs", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_BROKEN },
		{ "f2fs", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_BROKEN },
		{ "ntfs", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_BROKEN },
		{ "ntfs3", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_BROKEN },
		{ "ext", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_OPEN },
		{ "cifs", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_OPEN },
		{ "zfs", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_OPEN },
		{ "", PROMISE_BROKEN, PROMISE_KEPT, PROMISE_OPEN },
		{ "overlay", PROMISE_KEPT, PROMISE_KEPT, PROMISE_OPEN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(all); i++) {
		struct outcome_seen seen = { .policy = "propagate", .outcome = "delivered",
					     .kind = "stuck", .fstype = all[i].fstype, .result = -EIO };
		const char *why;

		assert_int_equal(promise_of(&seen, &why), all[i].told);
		seen.outcome = "undeliverable";
		seen.reason = "unproven-filesystem";
		seen.result = 4096;
		assert_int_equal(promise_of(&seen, &why), all[i].counted);
		seen.outcome = NULL;
		seen.undone = 1;
		assert_int_equal(promise_of(&seen, &why), all[i].silent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_write),
		cmocka_unit_test(test_filesystems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
