// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late errors are put into a small log, settled and counted, in tasks and in interrupts, while others read the
 * log. Each is in one counter; what a reader finds is one record, whole; none is missing that was not counted
 * as lost; and one that is in the log in the end has the outcome that it was given.
 * With src/report/log.c src/report/counters.c src/model/policy.c
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/params.h"
#include "race.h"
#include "report/counters.h"
#include "report/files.h"
#include "report/log.h"
#include "report/message.h"
#include "report/record.h"
#include "write/invalidation.h"

/* Late errors of a round, by number from 1: their kind, length, process and so on follow from the number. */
#define MOST 8192
#define MARKS 8

static struct late {
	bool read, traced;
	int outcome;
} lates[MOST];

static struct {
	bool taken;
	struct race_order order;
} marks[MARKS];

/* No task runs any more. */
static bool alone;
static unsigned int made, traced, expected[DIOLATE_COUNTERS];
unsigned int diolate_params_log_size;
bool diolate_params_kernel_log;

const char *const diolate_page_names[] = { "0", "1", "2", "3" };
const char *const diolate_by_names[] = { "0", "1", "2", "3", "4" };

static struct task_struct nobody;

struct task_struct *race_current(void)
{
	return &nobody;
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	m->count += vsnprintf(m->buffer + m->count, sizeof(m->buffer) - m->count, format, args);
	va_end(args);
	/* The record may change while it is printed. */
	race_point();
}

bool diolate_record_escapes(unsigned char c)
{
	return !c;
}

void diolate_record_show_time(struct seq_file *m, u64 time)
{
	seq_printf(m, "%llu", (unsigned long long)time);
}

void diolate_record_show_file(struct seq_file *m, const struct diolate_file *file)
{
	race_touch(file, sizeof(*file), false);
	seq_printf(m, "ino=%llu path=%s", (unsigned long long)file->ino, file->path);
}

void diolate_files_add(const struct diolate_record *r)
{
	(void)r;
}

void diolate_message_call(const struct diolate_record *r, enum diolate_outcome outcome)
{
	(void)outcome;
	race_touch(r, sizeof(*r), false);
}

void race_printk(const char *format, ...)
{
	(void)format;
}

/* All of a record says which one it is. */
void diolate_record_take(struct diolate_record *r, const struct diolate_invalidation *inv,
			 struct kiocb *iocb, const struct diolate_late *late)
{
	unsigned int id = (uintptr_t)inv;

	(void)iocb;
	(void)late;
	race_touch(r, sizeof(*r), true);
	memset(r, 0, sizeof(*r));
	r->kind = id % DIOLATE_KINDS;
	r->time = id;
	r->pos = id;
	race_point();
	r->length = id;
	r->pages = id;
	r->uid = id;
	r->pid = id;
	snprintf(r->comm, sizeof(r->comm), "%u", id);
	r->dirtier.pid = id;
	snprintf(r->dirtier.comm, sizeof(r->dirtier.comm), "%u", id);
	r->file.ino = id;
	race_point();
	snprintf(r->file.path, sizeof(r->file.path), "%u", id);
}

/* Which record this is; wrong if it is made of two. */
static unsigned int id_of(const struct diolate_record *r)
{
	unsigned int id = r->time;

	if (r->pos != id || r->length != id || r->pages != id || r->uid != id ||
	    r->pid != (int)id || r->file.ino != id || strtoul(r->file.path, NULL, 10) != id ||
	    strtoul(r->comm, NULL, 10) != id || r->kind != id % DIOLATE_KINDS || !id || id > made)
		race_wrong("a record is not whole: %u", id);
	return id;
}

void trace_late_error(const struct diolate_record *r, u64 seq, enum diolate_outcome outcome,
		      enum diolate_reason reason, int error)
{
	struct late *late;

	(void)seq;
	(void)reason;
	(void)error;
	race_touch(r, sizeof(*r), false);
	late = &lates[id_of(r)];
	race_model_lock();
	if (late->traced || outcome == DIOLATE_PENDING || (int)outcome != late->outcome)
		race_wrong("a late error is an event twice, or one of another outcome");
	late->traced = true;
	traced++;
	race_model_unlock();
}

static void begin(void)
{
	unsigned int i;

	diolate_params_log_size = 1 + race_any(8);
	if (race_tasks() > RACE_TASKS)
		diolate_params_log_size *= 64;
	memset(lates, 0, sizeof(lates));
	memset(expected, 0, sizeof(expected));
	made = 0;
	alone = false;
	traced = 0;
	for (i = 0; i < MARKS; i++) {
		marks[i].taken = false;
		marks[i].order = (struct race_order){};
	}
	if (diolate_log_init())
		race_wrong("no log");
}

/* The number of a new late error; 0 if there are enough. */
static unsigned int make(enum diolate_outcome outcome)
{
	unsigned int id = 0;

	race_model_lock();
	if (made < MOST - 1)
		id = ++made;
	lates[id].outcome = outcome;
	race_model_unlock();
	return id;
}

static void expect(enum diolate_counter counter)
{
	race_model_lock();
	expected[counter]++;
	race_model_unlock();
}

static void log_late(unsigned int id, enum diolate_outcome outcome, const void *mark)
{
	struct diolate_late late = { .kind = id % DIOLATE_KINDS };

	race_handler(true);
	diolate_counters_late(late.kind, outcome);
	diolate_log_late((void *)(uintptr_t)id, NULL, &late, outcome, mark);
	race_handler(false);
	expect(DIOLATE_N_LATE_ERRORS);
	expect(id % DIOLATE_KINDS ? DIOLATE_N_OVERTAKEN : DIOLATE_N_STUCK);
}

/* One whose outcome is known. */
static void late_now_for_certain(void)
{
	unsigned int id = make(DIOLATE_OBSERVED);

	if (id) {
		log_late(id, DIOLATE_OBSERVED, NULL);
		expect(DIOLATE_N_OBSERVED);
	}
}

static void late_now(void)
{
	if (race_any(16)) {
		late_now_for_certain();
		return;
	}
	diolate_counters_late(DIOLATE_STUCK, DIOLATE_REPEAT);
	expect(DIOLATE_N_REPEATS);
}

/* One whose outcome comes later, by a mark that others have had before. */
static void late_pending(void)
{
	unsigned int n = race_any(MARKS), id, i;
	bool taken, told = race_any(2);

	race_model_lock();
	taken = marks[n].taken;
	marks[n].taken = true;
	race_model_unlock();
	if (taken)
		return;
	race_take(&marks[n].order);
	id = make(told ? DIOLATE_DELIVERED : DIOLATE_REPAIRED);
	if (id) {
		log_late(id, DIOLATE_PENDING, &marks[n]);
		for (i = race_any(16); i; i--)
			race_point();
		race_handler(true);
		diolate_counters_settled(told ? DIOLATE_DELIVERED : DIOLATE_REPAIRED);
		diolate_log_settled(&marks[n], told ? DIOLATE_DELIVERED : DIOLATE_REPAIRED,
				    DIOLATE_NO_REASON, told ? -EIO : (long)id);
		race_handler(false);
		expect(told ? DIOLATE_N_DELIVERED : DIOLATE_N_REPAIRED);
	}
	race_give(&marks[n].order);
	race_model_lock();
	marks[n].taken = false;
	race_model_unlock();
}

/* A line that was read, of a record with this number. */
static void look(char *line, unsigned long seq)
{
	static const char *const named[] = {
		" ino=", " path=", " offset=", " length=", " pages=", " uid=", " pid=", " comm=",
		" dirtied_pid=", " dirtied_comm=",
	};
	const char *outcome = strstr(line, "outcome=") + 8, *p;
	unsigned long found, id;
	size_t i;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "seq=%lu time=%lu", &found, &id) != 2 || found != seq || !id || id > made)
		race_wrong("a line of no record: %s", line);
	for (i = 0; i < ARRAY_SIZE(named); i++) {
		p = strstr(line, named[i]);
		if (!p || strtoul(p + strlen(named[i]), NULL, 10) != id)
			race_wrong("a line of two records: %s", line);
	}
	race_model_lock();
	lates[id].read = true;
	if (alone && !strncmp(outcome, "pending", 7))
		race_wrong("a late error is pending that was settled: %s", line);
	if (strncmp(outcome, "pending", 7) &&
	    strncmp(outcome, diolate_outcome_names[lates[id].outcome],
		    strlen(diolate_outcome_names[lates[id].outcome])))
		race_wrong("a late error has another outcome: %s", line);
	race_model_unlock();
}

/* Read the log, once; how many records were found. */
static unsigned int read_log(void)
{
	struct seq_file line, *m = &line;
	unsigned int n = 0;
	loff_t pos = 0;
	void *v;

	for (v = diolate_log_ops.start(m, &pos); v; v = diolate_log_ops.next(m, v, &pos)) {
		m->count = 0;
		/* It is looked at afterwards whether a record has changed while it was read. */
		race_ignore(true);
		if (!diolate_log_ops.show(m, v)) {
			look(m->buffer, pos);
			n++;
		}
		race_ignore(false);
	}
	diolate_log_ops.stop(m, v);
	return n;
}

static void irq(void)
{
	if (race_any(2))
		late_now();
	else
		late_pending();
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = 1 + race_turns() / 4; i; i--) {
		switch (race_any(5)) {
		case 0:
			read_log();
			break;
		case 1:
		case 2:
			late_pending();
			break;
		default:
			late_now();
		}
	}
}

static void compare_counters(void)
{
	struct seq_file m = {};
	char name[64], *line;
	unsigned int i = 0;
	long value;

	diolate_counters_show(&m);
	for (line = strtok(m.buffer, "\n"); line; line = strtok(NULL, "\n"), i++)
		if (sscanf(line, "%63s %ld", name, &value) != 2 || value != expected[i])
			race_wrong("a late error is in no counter, or in two: %s, not %u", line,
				   expected[i]);
}

static void end(void)
{
	unsigned int i, all = made;
	unsigned long unread = 0;

	compare_counters();
	alone = true;
	read_log();
	/* What is left in the log is overwritten, if nobody has read it. */
	for (i = 0; i < diolate_params_log_size; i++)
		late_now_for_certain();
	for (i = 1; i <= all; i++)
		unread += !lates[i].read;
	if (diolate_log_lost() != unread)
		race_wrong("%lu records were never read, and %llu count as lost", unread,
			   (unsigned long long)diolate_log_lost());
	if (read_log() != diolate_params_log_size)
		race_wrong("what was logged last is not in the log");
	diolate_log_exit();
}

const struct race race_subject = {
	.name = "log", .most = 10, .crowd = 150, .begin = begin, .task = task, .irq = irq, .end = end,
};
