// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who had dirtied the pages: the records of the log, sorted and counted.
 */
#include <stdlib.h>
#include <string.h>

#include "read/culprits.h"
#include "read/module.h"
#include "read/parse.h"

/* What records are sorted by, in this order; of a culprit, of a file, and of a submitter. */
enum { COMM, PID, BY, OF, DEV, INO, GEN, SUBMITTER, KEYS };

/* NULL: not known, or of no matter here. */
struct culprit_record {
	const char *key[KEYS];
	uint64_t seq;
};

static int compare(const void *a, const void *b, int first, int end)
{
	const struct culprit_record *x = a, *y = b;
	int i, order = 0;

	for (i = first; !order && i < end; i++)
		order = x->key[i] && y->key[i] ? strcmp(x->key[i], y->key[i]) :
						 !!x->key[i] - !!y->key[i];
	return order;
}

static int in_order(const void *a, const void *b)
{
	return compare(a, b, COMM, SUBMITTER);
}

static int by_submitter(const void *a, const void *b)
{
	return compare(a, b, SUBMITTER, KEYS);
}

/* Of as many, the order is still the same each time. */
static int most_first(const void *a, const void *b)
{
	const struct culprit *x = a, *y = b;
	int order = (x->late_errors < y->late_errors) - (x->late_errors > y->late_errors);

	return order ? order : x->order - y->order;
}

static void take(struct culprit_record *record, const struct fields *fields, enum culprits_by by)
{
	static const char *const names[KEYS] = {
		[COMM] = "dirtied_comm", [PID] = "dirtied_pid", [BY] = "dirtied_by", [DEV] = "dev",
		[INO] = "ino", [GEN] = "gen", [SUBMITTER] = "comm",
	};
	uint64_t pid;
	int i;

	for (i = 0; i < KEYS; i++)
		record->key[i] = names[i] ? field_value(fields, names[i]) : NULL;
	/* Who is not known is one, whatever else is. */
	if (!field_number(fields, "dirtied_pid", &pid) || !record->key[BY]) {
		record->key[COMM] = NULL;
		record->key[PID] = NULL;
		record->key[BY] = NULL;
	} else if (by == CULPRITS_BY_NAMES) {
		record->key[PID] = NULL;
		record->key[OF] = record->key[SUBMITTER];
	}
}

static bool take_all(struct culprits *culprits, enum culprits_by by)
{
	char *rest, *line;
	size_t lines = 0;

	for (rest = culprits->log; *rest; rest++)
		lines += *rest == '\n';
	/* The last line may have no end. */
	culprits->record = calloc(lines + 1, sizeof(*culprits->record));
	culprits->culprit = calloc(lines + 1, sizeof(*culprits->culprit));
	if (!culprits->record || !culprits->culprit)
		return false;
	for (rest = culprits->log; (line = next_line(&rest));) {
		struct culprit_record *record = &culprits->record[culprits->late_errors];
		struct fields fields;

		if (!parse_fields(line, &fields) || !field_number(&fields, "seq", &record->seq))
			continue;
		take(record, &fields, by);
		if (record->seq > culprits->newest)
			culprits->newest = record->seq;
		culprits->late_errors++;
	}
	return true;
}

/* Records of one culprit, in order; their order is another afterwards. */
static void count(struct culprit *culprit, struct culprit_record *record, size_t records, uint64_t since)
{
	size_t i, run = 0;

	culprit->comm = record->key[COMM];
	culprit->pid = record->key[PID];
	culprit->by = record->key[BY];
	culprit->late_errors = records;
	for (i = 0; i < records; i++) {
		culprit->fresh += record[i].seq > since;
		culprit->files += !i || compare(&record[i - 1], &record[i], DEV, SUBMITTER);
	}
	qsort(record, records, sizeof(*record), by_submitter);
	for (i = 0; i < records; i++) {
		run = i && !by_submitter(&record[i - 1], &record[i]) ? run + 1 : 1;
		/* Of as many, one that is known: those that are not come first. */
		if (run < culprit->of_submitter || (run == culprit->of_submitter && culprit->submitter))
			continue;
		culprit->of_submitter = run;
		culprit->submitter = record[i].key[SUBMITTER];
	}
}

bool culprits_read(struct culprits *culprits, enum culprits_by by, uint64_t since)
{
	struct culprit_record *record;
	size_t i, end;

	*culprits = (struct culprits){ .log = read_debugfs("log") };
	if (!culprits->log || !take_all(culprits, by))
		return false;
	if (since > culprits->newest)
		since = 0;
	record = culprits->record;
	qsort(record, culprits->late_errors, sizeof(*record), in_order);
	for (i = 0; i < culprits->late_errors; i = end) {
		struct culprit *culprit = &culprits->culprit[culprits->count];

		for (end = i + 1; end < culprits->late_errors &&
				  !compare(&record[i], &record[end], COMM, DEV);)
			end++;
		culprit->order = culprits->count++;
		count(culprit, &record[i], end - i, since);
	}
	qsort(culprits->culprit, culprits->count, sizeof(*culprits->culprit), most_first);
	return true;
}

void culprits_free(struct culprits *culprits)
{
	free(culprits->culprit);
	free(culprits->record);
	free(culprits->log);
	*culprits = (struct culprits){ 0 };
}
