// SPDX-License-Identifier: GPL-2.0-only
/*
 * Synchronous writes meet late errors, and are told at the end of their system calls, or not, while the module is
 * unloaded. Each is settled once, by its own task, with its own call; no file and no place is kept.
 * With src/outcome/sync.c src/write/waiting.c src/model/policy.c
 */
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/task_work.h>
#include <stdlib.h>

#include "flight/flight.h"
#include "kernel/symbol.h"
#include "kernel/task_work.h"
#include "outcome/judge.h"
#include "outcome/sync.h"
#include "race.h"
#include "report/counters.h"
#include "report/log.h"
#include "write/syscall.h"
#include "write/waiting.h"

#define TASKS 1024
#define FILES 3
/* Half of the places of src/outcome/sync.c, which one owner may have. */
#define MOST_OF_ONE 256

static struct call {
	struct task_struct task;
	struct kiocb *iocb;
	unsigned int file;
	unsigned long number;
	long result;
	bool exiting, changed, settled;
	struct callback_head *work;
} calls[TASKS];

static struct super_block super_block;
static struct file_system_type ext4 = { .name = "ext4" };
static struct inode inode = { .i_sb = &super_block };
static struct file files[FILES];
static int references[FILES];
static bool closing;
static unsigned long numbers;

static struct call *own(void)
{
	return &calls[race_self()];
}

struct task_struct *race_current(void)
{
	return &own()->task;
}

void race_printk(const char *format, ...)
{
	(void)format;
}

int diolate_symbol_errno(int err)
{
	return err;
}

int diolate_task_work_init(void)
{
	return 0;
}

int diolate_task_work_add(struct callback_head *work)
{
	if (own()->exiting)
		return -ESRCH;
	own()->work = work;
	return 0;
}

struct file *fget(unsigned int fd)
{
	__atomic_add_fetch(&references[fd], 1, __ATOMIC_RELAXED);
	return &files[fd];
}

void fput(struct file *file)
{
	if (__atomic_sub_fetch(&references[file - files], 1, __ATOMIC_RELAXED) < 0)
		race_wrong("a file is put twice");
}

u32 diolate_judge_owner(const struct file *file)
{
	return file - files;
}

bool diolate_syscall_find(struct diolate_syscall *call)
{
	*call = (struct diolate_syscall){ .fd = own()->file, .moves = true, .ip = own()->number };
	return true;
}

bool diolate_syscall_is_ending(const struct diolate_syscall *call)
{
	if (call->ip != own()->number || call->fd != own()->file)
		race_wrong("a write is told by another call");
	return true;
}

long diolate_syscall_result(void)
{
	return own()->result;
}

void diolate_syscall_change(long ret)
{
	if (ret != -EIO || own()->changed)
		race_wrong("a result is changed twice");
	own()->changed = true;
}

void diolate_flight_settle(const struct kiocb *iocb, const void *file, loff_t start)
{
	(void)file;
	(void)start;
	if (iocb != own()->iocb)
		race_wrong("another write is settled");
}

void diolate_counters_settled(enum diolate_outcome outcome)
{
	(void)outcome;
	if (own()->settled)
		race_wrong("a late error is counted twice");
	own()->settled = true;
}

void diolate_log_settled(const void *mark, enum diolate_outcome outcome,
			 enum diolate_reason reason, long ret)
{
	(void)reason;
	(void)ret;
	if (mark != own()->iocb)
		race_wrong("the late error of another write is logged");
	if ((outcome == DIOLATE_DELIVERED) != (own()->result > 0 && !own()->exiting))
		race_wrong("a late error has the outcome %u", outcome);
}

/* Of src/write/waiting.c: the kiocbs of the first tasks want the same bucket, and some find it full. */
#define BUCKETS_BITS 9

static void begin(void)
{
	static struct kiocb memory[16 * TASKS];
	unsigned int i, n;

	memset(calls, 0, sizeof(calls));
	for (i = 0, n = 0; i < TASKS; i++, n++) {
		while (n < 15 * TASKS && hash_ptr(&memory[n], BUCKETS_BITS))
			n++;
		calls[i].iocb = &memory[n];
	}
	super_block.s_type = &ext4;
	for (i = 0; i < FILES; i++) {
		files[i] = (struct file){ .f_inode = &inode };
		references[i] = 0;
	}
	closing = false;
	numbers = 0;
	diolate_sync_init();
}

/* A late error is met, as in src/outcome/late.c. */
static void meet(struct call *c)
{
	struct diolate_waiting *w;
	enum diolate_way way;

	w = diolate_sync_begin(c->iocb, c->iocb->ki_pos, &way);
	if (!w) {
		if (way != DIOLATE_WAY_FULL)
			race_wrong("a write cannot be told in the way %u", way);
		c->settled = true;
		return;
	}
	w->told = true;
	w->outcome = DIOLATE_PENDING;
	w->reason = DIOLATE_NO_REASON;
	race_touch(&w->outcome, sizeof(w->outcome), true);
	if (race_any(4)) {
		diolate_sync_tell(w);
		return;
	}
	c->settled = true;
	diolate_sync_drop(w);
	diolate_waiting_put();
}

/* A system call writes, meets a late error, and returns to user space. */
static void call(void)
{
	struct call *c = own();
	unsigned int i;

	c->file = race_any(FILES);
	c->number = __atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED);
	c->result = race_any(8) ? 4096 : -ENOSPC;
	c->exiting = !race_any(16);
	c->changed = false;
	c->settled = false;
	c->work = NULL;
	c->iocb->ki_filp = &files[c->file];
	race_handler(true);
	if (__atomic_load_n(&closing, __ATOMIC_SEQ_CST))
		c->settled = true;
	else
		meet(c);
	race_handler(false);
	for (i = race_any(64); i; i--)
		race_point();
	if (c->work) {
		c->work->func(c->work);
		/* What is left of the function when the module may go. */
		race_point();
	}
	if (!c->settled)
		race_wrong("a late error is never settled");
}

static void unload(void)
{
	__atomic_store_n(&closing, true, __ATOMIC_SEQ_CST);
	race_grace();
	diolate_waiting_wait();
	if (!diolate_waiting_none())
		race_wrong("unloaded while a late write waits");
}

static void task(unsigned int n)
{
	unsigned int i;

	for (i = n ? 1 + race_turns() / 4 : race_any(8000); i; i--) {
		if (n)
			call();
		else
			race_point();
	}
	if (!n)
		unload();
}

/* No file is held, and no place is lost. */
static void end(void)
{
	static struct diolate_waiting *w[MOST_OF_ONE];
	static struct kiocb iocbs[MOST_OF_ONE];
	enum diolate_way way;
	unsigned int i;

	for (i = 0; i < FILES; i++)
		if (references[i])
			race_wrong("a file is held");
	calls[0].file = 0;
	for (i = 0; i < MOST_OF_ONE; i++) {
		iocbs[i].ki_filp = &files[0];
		w[i] = diolate_sync_begin(&iocbs[i], iocbs[i].ki_pos, &way);
		if (!w[i])
			race_wrong("a place is lost");
	}
	for (i = 0; i < MOST_OF_ONE; i++) {
		diolate_sync_drop(w[i]);
		diolate_waiting_put();
	}
}

const struct race race_subject = {
	.name = "sync", .most = 14, .crowd = 100, .begin = begin, .task = task, .end = end,
};
