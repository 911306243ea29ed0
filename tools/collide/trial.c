// SPDX-License-Identifier: GPL-2.0-only
/*
 * One write at a time: so what the log has since then of this file is of this write.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collide/trial.h"
#include "collide/watch.h"
#include "read/module.h"

/* Late errors that were what was promised; then the way is proved. */
#define ENOUGH 3
/* What overtakes a write that is synchronous is found this much later at the most (doc/limits.md). */
#define FOUND_MS 12000

const char *const trial_outcomes[OUTCOMES] = {
	"delivered", "already_failed", "observed", "repaired", "spared", "sync", "kernel_owned",
	"undeliverable", "pending", "other",
};

/* What one write began with. */
struct before {
	uint64_t newest;
	struct watch_counts counts;
	bool followed;
};

static bool is_bad(const struct row *row)
{
	return row->verdict == VERDICT_BROKEN || row->verdict == VERDICT_UNDONE;
}

__attribute__((format(printf, 2, 3))) static void stop(struct row *row, const char *format, ...)
{
	va_list args;

	row->stopped = true;
	/* What has been seen stays. */
	if (is_bad(row))
		return;
	row->verdict = VERDICT_STOPPED;
	va_start(args, format);
	vsnprintf(row->why, sizeof(row->why), format, args);
	va_end(args);
}

bool trial_follows(void)
{
	char *sync = read_parameter("sync");
	bool follows = sync && !strcmp(sync, "follow");

	free(sync);
	return follows;
}

/* The policy and the module have to stay as they were, or nothing can be said of the write. */
static bool is_unchanged(const struct trial *trial, struct row *row)
{
	char *policy;
	bool same;

	if (module_number() != trial->module) {
		stop(row, "the module was %s meanwhile", trial->policy ? "unloaded" : "loaded");
		return false;
	}
	if (!trial->policy)
		return true;
	policy = read_parameter("policy");
	same = policy && !strcmp(policy, trial->policy) && trial_follows() == trial->follows;
	if (!same)
		stop(row, "the policy was changed meanwhile");
	free(policy);
	return same;
}

/* What the module has seen of the write is not known. */
static void stop_unseen(const struct trial *trial, struct row *row)
{
	if (is_unchanged(trial, row))
		stop(row, "what the module has seen cannot be read any more");
}

static void count_outcome(struct row *row, const char *outcome)
{
	unsigned int i;

	for (i = 0; i < OUTCOMES - 1; i++)
		if (!strcmp(trial_outcomes[i], outcome))
			break;
	row->outcome[i]++;
}

static void judge(struct row *row, const struct outcome_seen *seen, bool is_wanted)
{
	const char *why;

	switch (promise_of(seen, &why)) {
	case PROMISE_KEPT:
		row->kept += is_wanted;
		break;
	case PROMISE_OPEN:
		row->open++;
		if (!is_bad(row))
			snprintf(row->why, sizeof(row->why), "%s", why);
		break;
	case PROMISE_BROKEN:
		row->verdict = seen->policy ? VERDICT_BROKEN : VERDICT_UNDONE;
		snprintf(row->why, sizeof(row->why), "%s", why);
		break;
	case PROMISE_NOT_MET:
		break;
	}
}

/* A write without a late error. */
static void judge_uncounted(const struct trial *trial, const struct before *before, struct row *row,
			    struct outcome_seen *seen)
{
	int64_t end = watch_ms() + FOUND_MS;
	struct watch_counts counts;

	/* Where nobody could see it at once it may become unknown only now. */
	while (trial->policy && seen->undone && seen->written_back && seen->synchronous &&
	       !seen->unknown && !*trial->interrupted && watch_ms() < end) {
		watch_nap();
		seen->unknown = !watch_counts(&counts) || counts.unknown != before->counts.unknown;
	}
	row->collided += seen->undone || seen->unknown;
	judge(row, seen, false);
}

static void judge_counted(struct row *row, struct outcome_seen *seen, const struct late_records *records)
{
	size_t i;

	row->collided++;
	for (i = 0; i < late_kept(records); i++) {
		const struct late *late = &records->record[i];

		count_outcome(row, late->outcome);
		seen->outcome = late->outcome;
		seen->reason = late->reason;
		seen->kind = late->kind;
		seen->fstype = late->fstype;
		judge(row, seen, !row->overtaking || !strcmp(late->kind, "overtaken"));
	}
}

/*
 * When in the write what was stored is written back: of no device is known when it is too early or too
 * late, so each time another part of how long the write before has taken.
 */
static int64_t write_back_after(const struct row *row, int64_t took)
{
	return row->overtaking ? took / 8 * (row->writes % 8) : -1;
}

/* Makes one write; its result, and in *took how long it was in flight; nanoseconds. */
static long make_write(const struct trial *trial, struct submitter *submitter, const struct row *row,
		       int64_t *took)
{
	struct timespec begun, ended;
	long result;

	storer_begin(trial->storer, write_back_after(row, *took));
	clock_gettime(CLOCK_MONOTONIC, &begun);
	result = submitter_write(submitter, trial->scratch->fd, trial->scratch->data,
				 trial->scratch->length);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	storer_end(trial->storer);
	*took = (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec;
	return result;
}

/* What cache and disk have of the write that has just ended; false if the disk cannot be read. */
static bool look(const struct trial *trial, struct outcome_seen *seen, struct row *row)
{
	int64_t undone;

	seen->written_back = trial->storer->written_back;
	if (trial->policy) {
		seen->stale = scratch_stale(trial->scratch);
		seen->written_back |= !watch_is_dirty(trial->scratch, trial->storer->stored);
	}
	undone = scratch_undone(trial->scratch);
	if (undone < 0) {
		stop(row, "the scratch file cannot be read back: %s", strerror(-undone));
		return false;
	}
	seen->undone = undone;
	return true;
}

/*
 * An error that no late error is told as, or not here: the disk's own. Of a write that is cut short nothing
 * is promised of the rest.
 */
static bool has_failed(const struct trial *trial, long result, struct row *row)
{
	if (result == (long)trial->scratch->length || (result == -EIO && trial->policy))
		return false;
	if (result < 0)
		stop(row, "a write failed: %s", strerror(-result));
	else
		stop(row, "a write was cut short after %ld bytes", result);
	return true;
}

static bool look_before(const struct trial *trial, struct before *before)
{
	struct late_records records;

	if (!trial->policy)
		return true;
	if (!late_since(NULL, 0, &records) || !watch_counts(&before->counts))
		return false;
	before->newest = records.newest;
	before->followed = watch_follows();
	return true;
}

/* What the module has of it; false if that cannot be read, or another policy or module was in force meanwhile. */
static bool look_at_module(const struct trial *trial, const struct before *before, struct outcome_seen *seen,
			   struct late_records *records, struct row *row)
{
	struct watch_counts counts;

	if (trial->policy) {
		if (!watch_counts(&counts) || !watch_records(&trial->file, before->newest, records)) {
			stop_unseen(trial, row);
			return false;
		}
		seen->unknown = counts.unknown != before->counts.unknown;
		seen->missed = records->lost || counts.missed != before->counts.missed;
		seen->followed = before->followed;
	}
	return is_unchanged(trial, row);
}

static void one_write(const struct trial *trial, struct submitter *submitter, struct row *row, int64_t *took)
{
	struct before before = { 0 };
	struct late_records records = { 0 };
	struct outcome_seen seen = { .policy = trial->policy, .synchronous = row->way == WAY_PWRITE,
				     .follows = trial->follows, .fstype = trial->file.fstype };

	if (!look_before(trial, &before)) {
		stop_unseen(trial, row);
		return;
	}
	seen.result = make_write(trial, submitter, row, took);
	row->writes++;
	if (has_failed(trial, seen.result, row) || !look(trial, &seen, row) ||
	    !look_at_module(trial, &before, &seen, &records, row))
		return;
	row->told += seen.result < 0;
	row->unknown += seen.unknown;
	row->undone += seen.undone;
	if (records.count)
		judge_counted(row, &seen, &records);
	else
		judge_uncounted(trial, &before, row, &seen);
	/* What it was written back for. */
	if (trial->policy && row->overtaking && seen.written_back && !before.followed)
		watch_await_following(trial->interrupted);
}

/* Whether more writes can tell more. */
static bool has_enough(const struct row *row)
{
	return row->kept >= ENOUGH || (is_bad(row) && row->collided >= ENOUGH);
}

static void write_on(const struct trial *trial, struct submitter *submitter, struct row *row)
{
	int64_t end = watch_ms() + trial->seconds * 1000LL, took = 0;

	while (!has_enough(row) && !row->stopped && !*trial->interrupted && watch_ms() < end) {
		int error = scratch_prepare(trial->scratch);

		if (error)
			stop(row, "the scratch file cannot be written: %s", strerror(-error));
		else if (!*trial->interrupted)
			one_write(trial, submitter, row, &took);
		trial->progress(row);
	}
	/* Also where that is what the last one has failed by. */
	if (*trial->interrupted && !has_enough(row))
		stop(row, "interrupted");
}

void trial_run(const struct trial *trial, enum way way, bool overtaking, struct row *row)
{
	struct submitter submitter;
	const char *not_here = submitter_open(&submitter, way);

	*row = (struct row){ .way = way, .overtaking = overtaking, .verdict = VERDICT_NO_COLLISION };
	if (not_here) {
		row->verdict = VERDICT_NOT_HERE;
		snprintf(row->why, sizeof(row->why), "%s", not_here);
		return;
	}
	write_on(trial, &submitter, row);
	submitter_close(&submitter);
	if (row->verdict != VERDICT_NO_COLLISION)
		return;
	if (row->kept) {
		row->verdict = VERDICT_PROVED;
		row->why[0] = 0;
	} else if (row->open) {
		row->verdict = VERDICT_OPEN;
	}
}
