// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes make contexts of libaio, submit writes to them, execute, share their mm, and end, while others ask who
 * has submitted a write that is in flight. The memory of an mm, of its table, and of a context is used again at
 * once, and pids are. Whoever is named has submitted the write; nobody is named of an mm that processes share.
 * With src/kernel/aio.c
 */
#include <linux/hash.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "kernel/aio.h"
#include "kernel/compat/aio.h"
#include "kernel/layout.h"
#include "race.h"

/* Of src/kernel/aio.c; contexts want the same few hints. */
#define HINTS_BITS 6
#define REST_NS (10 * NSEC_PER_MSEC)

#define PROCESSES 64
#define MMS (PROCESSES + 2)
#define TABLES (2 * PROCESSES)
#define ENTRIES 16
#define CONTEXTS 10
#define REQUESTS 12

/**
 * struct process - one, and each that has its memory later
 * @task:  what the kernel has of it; before the first one has ended no other gets it
 * @lives: it is in the list of processes
 * @life:  how many had this memory before
 * @mm:    its own
 */
static struct process {
	struct task_struct task;
	bool lives;
	unsigned int life;
	struct mm *mm;
} processes[PROCESSES + 1];

struct table {
	unsigned int nr;
	const void *entries[ENTRIES];
	bool used;
	struct race_order order;
};

/* @locked is the lock of its contexts. */
static struct mm {
	struct mm_struct mm;
	unsigned int users;
	bool locked;
	struct table *table;
	struct race_order order;
} mms[MMS];

/* @mm has it at @entry of its table; @requests go to it. */
static struct context {
	const char *address;
	bool used;
	struct mm *mm;
	unsigned int entry, requests;
	struct race_order order;
} contexts[CONTEXTS];

/* A write in flight; it is @asked about by one at a time. */
static struct request {
	struct kiocb rw;
	void *ctx;
	struct context *context;
	const struct process *process;
	unsigned int life;
	bool shared, flies, asked;
	struct race_order order;
} requests[REQUESTS];

static struct table tables[TABLES];
/* Of a process that makes another which shares it. */
static struct mm *offered;
static u64 now;

struct diolate_layout diolate_layout;

u64 ktime_get_mono_fast_ns(void)
{
	return __atomic_load_n(&now, __ATOMIC_RELAXED);
}

struct task_struct *race_next_process(const struct task_struct *before)
{
	struct process *p = before ? (struct process *)before + 1 : &processes[1];

	race_point();
	for (; p <= &processes[PROCESSES]; p++)
		if (__atomic_load_n(&p->lives, __ATOMIC_ACQUIRE))
			return &p->task;
	return NULL;
}

struct task_struct *race_task_of(pid_t pid)
{
	struct task_struct *t;

	for (t = race_next_process(NULL); t; t = race_next_process(t))
		if (t->tgid == pid)
			return t;
	return NULL;
}

static void store(void *p, const void *value, bool release)
{
	race_store(p, sizeof(value), (uintptr_t)value, release);
}

/* Memory of the kernel: whoever gets it comes after whoever had it. */

static bool claim(bool *used, struct race_order *order)
{
	bool was;

	race_model_lock();
	was = *used;
	*used = true;
	race_model_unlock();
	if (!was)
		race_take(order);
	return !was;
}

static void unclaim(bool *used, struct race_order *order)
{
	race_give(order);
	race_model_lock();
	*used = false;
	race_model_unlock();
}

static struct table *make_table(unsigned int nr)
{
	unsigned int i, n;

	for (i = 0; i < TABLES; i++) {
		struct table *t = &tables[i];

		if (!claim(&t->used, &t->order))
			continue;
		race_store(&t->nr, sizeof(t->nr), nr, false);
		for (n = 0; n < nr; n++)
			store(&t->entries[n], NULL, false);
		return t;
	}
	race_wrong("the race has too few tables");
}

static struct mm *make_mm(void)
{
	unsigned int i;

	for (i = 0; i < MMS; i++) {
		struct mm *mm = &mms[i];
		bool free;

		race_model_lock();
		free = !mm->users;
		if (free)
			mm->users = 1;
		race_model_unlock();
		if (!free)
			continue;
		race_take(&mm->order);
		store(&mm->mm.contexts, NULL, false);
		race_store(&mm->mm.flags, sizeof(mm->mm.flags), 0, false);
		mm->table = NULL;
		mm->locked = false;
		return mm;
	}
	race_wrong("the race has too few mms");
}

/* Requests. */

struct task_struct *race_current(void)
{
	return &processes[race_self()].task;
}

/* Ask who has submitted a request. */
static void ask(const struct request *r)
{
	const struct task_struct *named;
	const struct process *p;
	const struct mm *mm;

	race_handler(true);
	named = diolate_aio_process(&r->rw);
	p = (const struct process *)named;
	if (p && p != r->process)
		race_wrong("somebody is named who has not submitted the write");
	if (p && p->life != r->life)
		race_wrong("somebody is named who has the memory of who has submitted the write");
	if (p && r->shared)
		race_wrong("somebody is named of an mm that is shared");
	/* What shares the mm may have submitted it; a context that is killed is in no mm. */
	mm = r->context->mm;
	if (diolate_aio_is_mine(&r->rw) && mm && processes[race_self()].mm != mm)
		race_wrong("a process is told that the write of another is its own");
	race_handler(false);
}

/* Ask about some request in flight, and perhaps complete it; of one context, or of any. */
static void attend(const struct context *of)
{
	unsigned int i, first = race_any(REQUESTS);
	struct request *r = NULL;
	bool over = race_any(2);

	race_model_lock();
	for (i = 0; i < REQUESTS && !r; i++) {
		r = &requests[(first + i) % REQUESTS];
		if (!r->flies || r->asked || (of && r->context != of))
			r = NULL;
		else
			r->asked = true;
	}
	race_model_unlock();
	if (!r) {
		race_point();
		return;
	}
	race_take(&r->order);
	ask(r);
	race_give(&r->order);
	race_give(&r->context->order);
	race_model_lock();
	if (over) {
		r->flies = false;
		r->context->requests--;
	}
	r->asked = false;
	race_model_unlock();
}

static void submit(struct process *p)
{
	struct request *r = &requests[race_any(REQUESTS)];
	struct context *c = &contexts[race_any(CONTEXTS)];
	bool taken;

	race_model_lock();
	taken = !c->used || c->mm != p->mm || r->flies || r->asked;
	if (!taken) {
		c->requests++;
		r->asked = true;
	}
	race_model_unlock();
	if (taken)
		return;
	race_take(&r->order);
	r->ctx = (void *)c->address;
	r->context = c;
	r->process = p;
	r->life = p->life;
	r->shared = p->mm->mm.flags & BIT(MMF_MULTIPROCESS);
	race_give(&r->order);
	race_model_lock();
	r->flies = true;
	r->asked = false;
	race_model_unlock();
}

/* Contexts, as in fs/aio.c. */

/* kill_ioctx(): it is in no table when it is waited for; @c->mm is NULL for whoever would submit. */
static void kill(struct context *c, struct table *t)
{
	unsigned int left;

	race_model_lock();
	c->mm = NULL;
	race_model_unlock();
	store(&t->entries[c->entry], NULL, false);
	for (;;) {
		race_model_lock();
		left = c->requests;
		race_model_unlock();
		if (!left)
			break;
		attend(c);
	}
	race_take(&c->order);
	unclaim(&c->used, &c->order);
}

/* exit_aio(), by the last user of an mm; waits for no reader. */
static void put_mm(struct mm *mm)
{
	unsigned int i;
	bool last;

	race_give(&mm->order);
	race_model_lock();
	last = mm->users == 1;
	mm->users -= !last;
	race_model_unlock();
	if (!last)
		return;
	race_take(&mm->order);
	for (i = 0; i < CONTEXTS; i++)
		if (contexts[i].used && contexts[i].mm == mm)
			kill(&contexts[i], mm->table);
	store(&mm->mm.contexts, NULL, false);
	if (mm->table)
		unclaim(&mm->table->used, &mm->table->order);
	race_give(&mm->order);
	race_model_lock();
	mm->users = 0;
	race_model_unlock();
}

/* ioctx_add_table(): an entry for a context; a longer table if there is none. Returns the old table. */
static struct table *add(struct mm *mm, struct context *c)
{
	struct table *t = mm->table, *old = NULL;
	unsigned int i, nr = t ? t->nr : 0;

	for (i = 0; i < nr && t->entries[i]; i++)
		;
	if (i == nr) {
		old = t;
		t = make_table(nr ? 4 * nr : 1);
		for (i = 0; i < nr; i++)
			store(&t->entries[i], old->entries[i], false);
		mm->table = t;
		store(&mm->mm.contexts, t, true);
	}
	store(&t->entries[i], c->address, true);
	c->entry = i;
	race_model_lock();
	c->mm = mm;
	race_model_unlock();
	return old;
}

static bool lock(struct mm *mm)
{
	bool locked;

	race_model_lock();
	locked = mm->locked;
	mm->locked = true;
	race_model_unlock();
	if (!locked)
		race_take(&mm->order);
	return !locked;
}

static void unlock(struct mm *mm)
{
	race_give(&mm->order);
	race_model_lock();
	mm->locked = false;
	race_model_unlock();
}

static void setup(struct process *p)
{
	struct context *c = &contexts[race_any(CONTEXTS)];
	struct table *old = NULL;

	if (!claim(&c->used, &c->order))
		return;
	if (!lock(p->mm)) {
		unclaim(&c->used, &c->order);
		return;
	}
	if (!p->mm->table || p->mm->table->nr < ENTRIES)
		old = add(p->mm, c);
	else
		unclaim(&c->used, &c->order);
	unlock(p->mm);
	if (old) {
		/* kfree_rcu(). */
		race_grace();
		unclaim(&old->used, &old->order);
	}
}

static void destroy(struct process *p)
{
	struct context *c = &contexts[race_any(CONTEXTS)];
	bool its;

	if (!lock(p->mm))
		return;
	race_model_lock();
	its = c->used && c->mm == p->mm;
	race_model_unlock();
	if (its)
		kill(c, p->mm->table);
	unlock(p->mm);
}

/* Processes. */

/* An mm for a process that begins or executes: its own, or that of who has made it. */
static struct mm *get_mm(void)
{
	struct mm *mm;

	race_model_lock();
	mm = offered;
	offered = NULL;
	race_model_unlock();
	if (!mm)
		return make_mm();
	race_take(&mm->order);
	return mm;
}

/* Another process is made that shares the mm; the mm is marked before that runs. */
static void share(struct process *p)
{
	bool can;

	if (!lock(p->mm))
		return;
	race_model_lock();
	can = !offered;
	race_model_unlock();
	if (can) {
		race_store(&p->mm->mm.flags, sizeof(p->mm->mm.flags), BIT(MMF_MULTIPROCESS), true);
		race_give(&p->mm->order);
		race_model_lock();
		if (!offered) {
			p->mm->users++;
			offered = p->mm;
		}
		race_model_unlock();
	}
	unlock(p->mm);
}

/* exec_mmap(), then begin_new_exec(). */
static void execute(struct process *p)
{
	struct mm *old = p->mm;

	p->mm = make_mm();
	store(&p->task.mm, &p->mm->mm, true);
	put_mm(old);
	race_store(&p->task.self_exec_id, sizeof(p->task.self_exec_id), p->task.self_exec_id + 1, true);
}

static void live(struct process *p)
{
	p->mm = get_mm();
	p->task.self_exec_id = 0;
	p->task.flags = 0;
	store(&p->task.mm, &p->mm->mm, true);
	__atomic_store_n(&p->lives, true, __ATOMIC_RELEASE);
}

/* exit_mm(), and the pid is another's. */
static void die(struct process *p)
{
	store(&p->task.mm, NULL, true);
	put_mm(p->mm);
	__atomic_store_n(&p->lives, false, __ATOMIC_RELEASE);
	race_grace();
	p->life++;
}

static void begin(void)
{
	static char memory[CONTEXTS << 12];
	uintptr_t at = ((uintptr_t)memory + 63) & ~63ul;
	unsigned int i;

	diolate_layout.aio = DIOLATE_BY_BTF;
	diolate_layout.aio_rw = offsetof(struct request, rw);
	diolate_layout.aio_ctx = offsetof(struct request, ctx);
	diolate_layout.aio_nr = offsetof(struct table, nr);
	diolate_layout.aio_table = offsetof(struct table, entries);
	for (i = 0; i < CONTEXTS; i++, at += 64) {
		while (hash_ptr((void *)at, HINTS_BITS) > 2)
			at += 64;
		contexts[i] = (struct context){ .address = (const char *)at };
	}
	for (i = 0; i <= PROCESSES; i++)
		processes[i] = (struct process){ .task.pid = i, .task.tgid = i };
	memset(mms, 0, sizeof(mms));
	memset(tables, 0, sizeof(tables));
	memset(requests, 0, sizeof(requests));
	offered = NULL;
	now = 1;
}

static void act(struct process *p)
{
	switch (race_any(16)) {
	case 0:
		execute(p);
		break;
	case 1:
		die(p);
		live(p);
		break;
	case 2:
		destroy(p);
		break;
	case 3:
		if (!race_any(4))
			share(p);
		break;
	case 4:
	case 5:
	case 6:
		setup(p);
		break;
	case 7:
	case 8:
	case 9:
		submit(p);
		break;
	default:
		attend(NULL);
		break;
	}
	if (!race_any(4))
		__atomic_add_fetch(&now, race_any(2 * REST_NS), __ATOMIC_RELAXED);
}

static void task(unsigned int n)
{
	struct process *p = &processes[1 + n];
	unsigned int i;

	live(p);
	for (i = 20 + race_turns(); i; i--)
		act(p);
	die(p);
}

/* Who has submitted a write is found. */
static void end(void)
{
	struct process *p = &processes[1];
	struct request *r = &requests[0];
	struct context *c = &contexts[0];

	if (offered)
		put_mm(get_mm());
	live(p);
	while (r->flies)
		attend(r->context);
	if (!claim(&c->used, &c->order))
		race_wrong("a context is kept");
	add(p->mm, c);
	r->ctx = (void *)c->address;
	__atomic_add_fetch(&now, 2 * REST_NS, __ATOMIC_RELAXED);
	if (diolate_aio_process(&r->rw) != &p->task)
		race_wrong("who has submitted a write is not found");
	/* And is remembered. */
	if (diolate_aio_process(&r->rw) != &p->task)
		race_wrong("who has submitted a write is forgotten");
}

const struct race race_subject = {
	.name = "aio", .most = 6, .crowd = 40, .begin = begin, .task = task, .end = end,
};
