// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks end writes of file systems, which are loaded and unloaded, while policy repair comes and goes. Each call of
 * ->end_io() is made once, by a file system that is there; that it has succeeded is said of no other write; when
 * policy repair is gone no task is in the module.
 * With src/entry/ends.c src/write/task.c
 */
#include <linux/ftrace.h>
#include <linux/iomap.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "entry/ends.h"
#include "kernel/hook.h"
#include "kernel/symbol.h"
#include "model/params.h"
#include "race.h"
#include "srcu.h"
#include "write/task.h"

#define TASKS 256
#define KIOCBS 2
/* Those with iomap that may be a module of their own. */
#define FILESYSTEMS 2
/* Each time that a file system is loaded it is at the other of two addresses. */
#define ADDRESSES 2

unsigned int diolate_params_maxactive = 64;
unsigned long race_jiffies = 1000;

/**
 * struct filesystem - a module
 * @symbol:  its ->end_io()
 * @loaded:  it is there, at @at; @state is for who loads and unloads
 * @writes:  in flight; only while it is loaded
 * @ops:     what ftrace calls at its ->end_io(), at @hooked; NULL if nothing
 */
static struct filesystem {
	const char *symbol;
	bool loaded, mounted;
	unsigned int at, writes;
	const struct ftrace_ops *ops;
	unsigned long hooked;
	struct race_order order, patched;
} filesystems[FILESYSTEMS] = {
	{ .symbol = "xfs_dio_write_end_io" },
	{ .symbol = "f2fs_dio_write_end_io" },
};

/* What a task is about; @inside: functions of the module. */
static struct call {
	struct task_struct task;
	struct filesystem *fs;
	unsigned int at, made, inside;
	const struct kiocb *iocb;
	int ret;
} calls[TASKS];

static struct notifier_block *notifier;
/* It is held by who loads, unloads, arms or disarms. */
static bool changing;
static struct race_order changes;
/* Who knows that policy repair has begun. */
static struct race_order begun;
static bool repairs, unloaded;
/* The policy is repair, as src/mode.c stores it and src/outcome/late.c loads it. */
static int policy;
static unsigned int times_armed;
/* A module is always live when it is said to be, and seldom cannot be followed. */
static bool refuses;
/* iomap_dio_complete() is followed, in which ->end_io() is called; else what it calls afterwards. */
static bool begins_first;

static struct call *own(void)
{
	return &calls[race_self()];
}

struct task_struct *race_current(void)
{
	return &own()->task;
}

struct task_struct *race_task_of(pid_t pid)
{
	return &calls[pid].task;
}

void race_printk(const char *format, ...)
{
	(void)format;
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	(void)m;
	(void)format;
}

const char *diolate_symbol_state(int err)
{
	(void)err;
	return "";
}

/* The function of a file system at one of its addresses. */
static int end_io(unsigned int n, unsigned int at, struct kiocb *iocb, ssize_t size, int error,
		  unsigned int flags);

#define END_IO(n, at)								\
static int end_io_##n##_##at(struct kiocb *iocb, ssize_t size, int error, unsigned int flags) \
{										\
	return end_io(n, at, iocb, size, error, flags);				\
}

END_IO(0, 0)
END_IO(0, 1)
END_IO(1, 0)
END_IO(1, 1)

typedef int (*end_fn)(struct kiocb *iocb, ssize_t size, int error, unsigned int flags);
static const end_fn functions[FILESYSTEMS][ADDRESSES] = {
	{ end_io_0_0, end_io_0_1 }, { end_io_1_0, end_io_1_1 },
};

static struct filesystem *by_symbol(const char *symbol)
{
	unsigned int n;

	for (n = 0; n < FILESYSTEMS; n++)
		if (!strcmp(filesystems[n].symbol, symbol))
			return &filesystems[n];
	return NULL;
}

static unsigned long address_of(const struct filesystem *fs)
{
	return (unsigned long)functions[fs - filesystems][fs->at];
}

int diolate_symbol_address(const char *symbol, unsigned long *address, unsigned long *size)
{
	const struct filesystem *fs = by_symbol(symbol);

	(void)size;
	race_point();
	if (!fs || !fs->loaded)
		return -ENOENT;
	*address = address_of(fs);
	race_touch(address, sizeof(*address), true);
	return 0;
}

bool within_module(unsigned long address, const void *module)
{
	return address == address_of(module);
}

int register_module_notifier(struct notifier_block *block)
{
	notifier = block;
	return 0;
}

int unregister_module_notifier(struct notifier_block *block)
{
	(void)block;
	notifier = NULL;
	return 0;
}

/* ftrace. */

int diolate_hook_add(struct diolate_hook *hook, const char *symbol, unsigned long address, bool alone)
{
	(void)alone;
	by_symbol(symbol)->hooked = address;
	return refuses && !race_any(4) ? -EBUSY : (hook->armed = false, 0);
}

int diolate_hook_register(struct diolate_hook *hook)
{
	struct filesystem *fs = by_symbol(hook->symbol);

	race_point();
	/* Code is patched for all processors at once. */
	race_give(&fs->patched);
	__atomic_store_n(&fs->ops, &hook->ops, __ATOMIC_SEQ_CST);
	hook->armed = true;
	return 0;
}

/* Whoever is on its way from the function has come to where it was sent, or has left. */
void diolate_hook_disarm(struct diolate_hook *hook)
{
	struct filesystem *fs = by_symbol(hook->symbol);

	if (!hook->armed)
		return;
	race_point();
	race_give(&fs->patched);
	__atomic_store_n(&fs->ops, NULL, __ATOMIC_SEQ_CST);
	race_grace();
	hook->armed = false;
}

static void is_there(const struct call *c)
{
	if (!__atomic_load_n(&c->fs->loaded, __ATOMIC_SEQ_CST) || c->fs->at != c->at)
		race_wrong("->end_io() of a file system is called that is gone");
}

/* ftrace comes first. A grace period waits for a task that it sends to the module, until that sleeps. */
static int end_io(unsigned int n, unsigned int at, struct kiocb *iocb, ssize_t size, int error,
		  unsigned int flags)
{
	struct diolate_ftrace_regs regs = { .argument = (unsigned long)iocb };
	struct filesystem *fs = &filesystems[n];
	struct call *c = own();
	const struct ftrace_ops *ops;
	int ret;

	is_there(c);
	if (c->fs != fs || c->at != at || c->iocb != iocb)
		race_wrong("->end_io() is called for another write");
	race_handler(true);
	ops = __atomic_load_n(&fs->ops, __ATOMIC_SEQ_CST);
	race_take(&fs->patched);
	if (ops && fs->hooked == address_of(fs)) {
		if (__atomic_load_n(&unloaded, __ATOMIC_SEQ_CST))
			race_wrong("a task comes to the module, and that is gone");
		ops->func(0, 0, (struct ftrace_ops *)ops, &regs);
	}
	if (regs.ip) {
		__atomic_add_fetch(&c->inside, 1, __ATOMIC_SEQ_CST);
		ret = ((end_fn)regs.ip)(iocb, size, error, flags);
		race_point();
		__atomic_sub_fetch(&c->inside, 1, __ATOMIC_SEQ_CST);
		race_handler(false);
		return ret;
	}
	race_handler(false);
	/* The file system does its part, and may sleep: a grace period waits for no task there. */
	if (c->inside)
		race_handler(false);
	is_there(c);
	if (c->made++)
		race_wrong("->end_io() is called twice");
	race_point();
	is_there(c);
	if (c->inside)
		race_handler(true);
	return c->ret;
}

static void begin_to_invalidate(const struct kiocb *iocb, size_t length)
{
	static const unsigned long dio;

	race_handler(true);
	diolate_task_begins((struct kiocb *)iocb, 0, begins_first ? &dio : NULL, length, -1);
	race_handler(false);
}

static void complete(struct call *c)
{
	size_t length = 1 + race_any(1000);
	struct diolate_invalidation *inv;
	unsigned int armed = __atomic_load_n(&times_armed, __ATOMIC_SEQ_CST);
	bool repaired = __atomic_load_n(&repairs, __ATOMIC_SEQ_CST), ended;

	if (repaired)
		race_take(&begun);
	c->iocb = (struct kiocb *)(0x1000ul + race_any(KIOCBS));
	c->made = 0;
	c->ret = race_any(2) ? 0 : -EIO;
	if (begins_first)
		begin_to_invalidate(c->iocb, length);
	if (functions[c->fs - filesystems][c->at]((struct kiocb *)c->iocb, length, 0, 0) != c->ret)
		race_wrong("->end_io() has another result");
	if (c->made != 1)
		race_wrong("->end_io() is not called");
	if (!begins_first)
		begin_to_invalidate(c->iocb, length);
	race_handler(true);
	inv = diolate_task_hold();
	if (!inv)
		race_wrong("there is no place for a task");
	/* Nobody asks but under policy repair, and the late write has begun to wait since. */
	if (race_read_once(&policy)) {
		race_barrier();
		ended = diolate_task_has_ended(inv);
		if (ended && c->ret < 0)
			race_wrong("a write is taken for one whose end has succeeded");
		if (repaired && armed == __atomic_load_n(&times_armed, __ATOMIC_SEQ_CST) && !refuses &&
		    !c->ret && !ended)
			race_wrong("it is not known that the end of a write has succeeded");
	}
	diolate_task_release();
	race_handler(false);
}

/* A write to a file of a file system that is mounted. */
static void write(void)
{
	struct call *c = own();
	bool mounted;

	c->fs = &filesystems[race_any(FILESYSTEMS)];
	race_model_lock();
	mounted = c->fs->mounted;
	c->fs->writes += mounted;
	c->at = c->fs->at;
	race_model_unlock();
	if (!mounted)
		return;
	race_take(&c->fs->order);
	complete(c);
	race_give(&c->fs->order);
	race_model_lock();
	c->fs->writes--;
	race_model_unlock();
}

static void notify(struct filesystem *fs, unsigned long state)
{
	if (notifier)
		notifier->notifier_call(notifier, state, fs);
}

static bool is_unused(const void *fs)
{
	return !__atomic_load_n(&((const struct filesystem *)fs)->writes, __ATOMIC_SEQ_CST);
}

static void load(struct filesystem *fs)
{
	fs->at = (fs->at + 1) % ADDRESSES;
	__atomic_store_n(&fs->loaded, true, __ATOMIC_SEQ_CST);
	notify(fs, MODULE_STATE_LIVE);
	race_give(&fs->order);
	race_model_lock();
	fs->mounted = true;
	race_model_unlock();
}

static void unload(struct filesystem *fs)
{
	race_model_lock();
	fs->mounted = false;
	race_model_unlock();
	race_wait(is_unused, fs);
	race_take(&fs->order);
	notify(fs, MODULE_STATE_GOING);
	__atomic_store_n(&fs->loaded, false, __ATOMIC_SEQ_CST);
}

static void arm(void)
{
	__atomic_store_n(&unloaded, false, __ATOMIC_SEQ_CST);
	diolate_ends_arm();
	__atomic_add_fetch(&times_armed, 1, __ATOMIC_SEQ_CST);
	race_store(&policy, sizeof(policy), 1, true);
	race_give(&begun);
	__atomic_store_n(&repairs, true, __ATOMIC_SEQ_CST);
}

static void disarm(void)
{
	unsigned int i;

	__atomic_store_n(&repairs, false, __ATOMIC_SEQ_CST);
	race_store(&policy, sizeof(policy), 0, true);
	diolate_ends_disarm();
	for (i = 1; i <= race_tasks(); i++)
		if (__atomic_load_n(&calls[i].inside, __ATOMIC_SEQ_CST))
			race_wrong("policy repair is gone, and a task is in the module");
	__atomic_store_n(&unloaded, true, __ATOMIC_SEQ_CST);
}

/* What changes takes its turn, as with the kernel's lock of its notifiers, and the module's of its policy. */
static void change(void)
{
	struct filesystem *fs = &filesystems[race_any(FILESYSTEMS)];
	bool other;

	race_model_lock();
	other = changing;
	changing = true;
	race_model_unlock();
	if (other)
		return;
	race_take(&changes);
	if (race_any(2)) {
		if (fs->loaded)
			unload(fs);
		else
			load(fs);
	} else {
		if (repairs)
			disarm();
		else
			arm();
	}
	race_give(&changes);
	race_model_lock();
	changing = false;
	race_model_unlock();
}

static void begin(void)
{
	unsigned int n;

	for (n = 0; n < FILESYSTEMS; n++) {
		struct filesystem *fs = &filesystems[n];

		*fs = (struct filesystem){ .symbol = fs->symbol, .loaded = true, .mounted = true };
	}
	memset(calls, 0, sizeof(calls));
	for (n = 0; n < TASKS; n++)
		calls[n].task.pid = 1 + n;
	notifier = NULL;
	changing = false;
	repairs = false;
	policy = 0;
	unloaded = true;
	times_armed = 0;
	refuses = !race_any(4);
	begins_first = race_any(2);
	if (diolate_task_init() || diolate_ends_init())
		race_wrong("no table");
}

static void task(unsigned int n)
{
	unsigned int i;

	for (i = 10 + race_turns(); i; i--) {
		if (n && race_any(16))
			write();
		else
			change();
	}
}

static void end(void)
{
	if (repairs)
		disarm();
	diolate_ends_exit();
	diolate_task_exit();
}

const struct race race_subject = {
	.name = "ends", .most = 8, .crowd = 60, .begin = begin, .task = task, .end = end,
};
