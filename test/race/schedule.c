// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules that a seed repeats. The table is compiled for the thread sanitizer, whose functions are
 * these here: the compiler calls one for each access to memory.
 * - Each access is a point at which another task may go on, or an interrupt come. A task may also be held up
 *   for thousands of points, as a virtual processor is.
 * - A marked access (READ_ONCE(), cmpxchg(), ...) has the memory of a weak machine. Stores of a place have one
 *   order. A load may find an older store, unless the task has seen a newer one, or a barrier says that it
 *   has. So a barrier that is missing is found here, though no x86 would show it.
 * - A plain access races with another of which the table's barriers and locks do not say what comes first.
 * Stores are not delayed beyond later stores of the same task, nor loads beyond later stores. What is loaded by an
 * address that was just loaded may be older than the address, which Linux excludes: no table relies on that.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "race.h"

const char *const race_maker = "schedule";

#define STACK (128 << 10)
/* More points in a round, and it does not come to its end. */
#define MOST_POINTS 5000000

/* Stores of a place that are remembered, places, and words that are accessed without marks. */
#define STORES 8
#define PLACES (1 << 15)
#define WORDS (1 << 17)
#define CELLS 4
/* Of each task: what it had released at the last of its barriers. */
#define RELEASES 64

struct task {
	jmp_buf place;
	ucontext_t start;
	char *stack;
	bool started, over;
	/* It waits until this is so. */
	bool (*until)(const void *arg);
	const void *arg;
	/* It is held up until then. */
	unsigned long held_until;
	/* Whether it is in handlers, and how often it has left one. */
	unsigned int handlers, left;
	struct race_order at_leaving;
	unsigned int irqs_off, ignores;
	bool in_irq;
	/* Accesses until now, and what is known: see struct race_order. */
	uint32_t now;
	struct race_order knows, released, acquires;
	unsigned int releases;
};

/* A store; before the first one of a place, what was there. */
struct store {
	uint64_t value;
	unsigned int by;
	uint32_t at;
	struct race_order carries;
	/* When each task has found it first. */
	struct race_clock found;
};

struct place {
	const void *address;
	unsigned int round, size;
	unsigned int count;
	struct store stores[STORES];
};

/* A plain access, or a marked one beside plain ones. */
struct cell {
	uint32_t at;
	uint8_t by, mask;
	bool writes, marked;
	const void *code;
};

struct word {
	uintptr_t number;
	unsigned int round;
	uint8_t next, stored_by;
	uint32_t stored_after;
	struct cell cells[CELLS];
};

static struct task tasks[RACE_TASKS + 1], *self;
static unsigned int count, round_number;
static jmp_buf everybody_is_over;
static struct place places[PLACES];
static struct word words[WORDS];
static struct race_clock last_full_barrier;
static struct race_order earlier[RACE_TASKS + 1][RELEASES];
static char *stacks;

static uint64_t chance;
/* Of this round: a switch, an interrupt, a stale load once in so many points. */
static unsigned int switches, interrupts, stale;
static unsigned long points, points_before;

static bool schedule_is_stack(const void *p)
{
	return (uintptr_t)p - (uintptr_t)stacks < (size_t)STACK * (RACE_TASKS + 1);
}

static unsigned int number_of(const struct task *t)
{
	return t - tasks;
}

unsigned int race_any(unsigned int n)
{
	return race_random(&chance, n);
}

unsigned int race_turns(void)
{
	return 1 + race_any(race_any(4) ? 5 : 40);
}

unsigned int race_tasks(void)
{
	return count;
}

unsigned int race_self(void)
{
	return self ? number_of(self) : 0;
}

bool race_is_irq(void)
{
	return self && self->in_irq;
}

unsigned long race_points(void)
{
	return points_before + points;
}

/* Where the round was when it went wrong. */
const char *race_context(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "    task %u of %u, at point %lu\n", race_self(), count, points);
	return text;
}

/* The clocks. */

static void clock_join(struct race_clock *to, const struct race_clock *other)
{
	unsigned int i;

	for (i = 1; i <= count; i++)
		if (to->of[i] < other->of[i])
			to->of[i] = other->of[i];
}

static void order_join(struct race_order *to, const struct race_order *other)
{
	clock_join(&to->hb, &other->hb);
	clock_join(&to->view, &other->view);
}

static uint32_t schedule_tick(void)
{
	unsigned int i = number_of(self);

	self->now++;
	self->knows.hb.of[i] = self->now;
	self->knows.view.of[i] = self->now;
	return self->now;
}

static void schedule_acquire(void)
{
	order_join(&self->knows, &self->acquires);
}

static void schedule_release(void)
{
	schedule_tick();
	self->released = self->knows;
	self->releases++;
	earlier[number_of(self)][self->releases % RELEASES] = self->released;
}

static void schedule_full_barrier(void)
{
	schedule_acquire();
	schedule_tick();
	clock_join(&self->knows.view, &last_full_barrier);
	last_full_barrier = self->knows.view;
	schedule_release();
}

/** race_barrier() - a full barrier, which the kernel has here */
void race_barrier(void)
{
	if (self)
		schedule_full_barrier();
}

/* Who goes on. */

static void schedule_to(struct task *t)
{
	struct task *from = self;

	self = t;
	if (from && _setjmp(from->place))
		return;
	if (t->started)
		_longjmp(t->place, 1);
	t->started = true;
	setcontext(&t->start);
}

static bool schedule_may_run(const struct task *t, bool held)
{
	return !t->over && (!t->until || t->until(t->arg)) && (held || points >= t->held_until);
}

static struct task *schedule_pick(bool held)
{
	unsigned int i, first = race_any(count);

	for (i = 0; i < count; i++) {
		struct task *t = &tasks[1 + (first + i) % count];

		if (schedule_may_run(t, held))
			return t;
	}
	return NULL;
}

/* Another task, or this one, goes on. */
static void schedule_on(void)
{
	struct task *next = schedule_pick(false) ?: schedule_pick(true);
	unsigned int i, waiting = 0;

	if (next) {
		if (next != self)
			schedule_to(next);
		return;
	}
	for (i = 1; i <= count; i++)
		waiting += !tasks[i].over;
	if (waiting)
		race_wrong("%u of %u tasks wait for ever", waiting, count);
	_longjmp(everybody_is_over, 1);
}

/** race_point() - another task may go on here */
void race_point(void)
{
	if (!self)
		return;
	if (++points > MOST_POINTS)
		race_wrong("the round does not come to its end");
	if (race_subject.irq && !self->irqs_off && !self->in_irq && !race_any(interrupts)) {
		self->in_irq = true;
		race_subject.irq();
		self->in_irq = false;
	}
	if (!race_any(1024))
		self->held_until = points + race_any(race_any(4) ? 4096 : 65536);
	else if (race_any(switches))
		return;
	schedule_on();
}

/**
 * race_wait() - this task goes on when something is so
 * @over: whether it is so
 * @arg:  of @over
 */
void race_wait(bool (*over)(const void *arg), const void *arg)
{
	self->until = over;
	self->arg = arg;
	while (!over(arg))
		schedule_on();
	self->until = NULL;
}

/** race_handler() - this task enters a handler, in which a grace period waits for it, or leaves it */
void race_handler(bool enters)
{
	if (!self)
		return;
	if (enters) {
		self->handlers++;
		return;
	}
	schedule_tick();
	self->at_leaving = self->knows;
	self->left++;
	self->handlers--;
}

struct grace {
	const struct task *task;
	unsigned int left;
};

static bool schedule_has_left(const void *arg)
{
	const struct grace *g = arg;

	return !g->task->handlers || g->task->left != g->left || g->task->over;
}

/** race_grace() - wait until whoever is in a handler now has left it */
void race_grace(void)
{
	struct grace g[RACE_TASKS + 1];
	unsigned int i;

	if (!self)
		return;
	schedule_full_barrier();
	for (i = 1; i <= count; i++)
		g[i] = (struct grace){ &tasks[i], tasks[i].left };
	for (i = 1; i <= count; i++)
		if (&tasks[i] != self)
			race_wait(schedule_has_left, &g[i]);
	for (i = 1; i <= count; i++)
		order_join(&self->knows, &tasks[i].at_leaving);
	schedule_full_barrier();
}

void race_model_lock(void)
{
}

void race_model_unlock(void)
{
}

/** race_give() - what this task has done comes before what another does after race_take() */
void race_give(struct race_order *order)
{
	if (!self)
		return;
	schedule_tick();
	order_join(order, &self->knows);
}

void race_take(struct race_order *order)
{
	if (self)
		order_join(&self->knows, order);
}

/** race_ignore() - what this task loads without marks is not relied on, from now on or until now */
void race_ignore(bool reads)
{
	if (self)
		self->ignores += reads ? 1 : -1;
}

/* A copy for each task, of all that differs between processors. */
extern char __start_percpu[] __attribute__((weak)), __stop_percpu[] __attribute__((weak));

static char *percpu;

void *race_percpu(const void *address, unsigned int cpu)
{
	return percpu + cpu * (__stop_percpu - __start_percpu) + ((char *)address - __start_percpu);
}

/* Plain accesses. */

static uintptr_t schedule_hash(uintptr_t n)
{
	return (n * 0x9e3779b97f4a7c15) >> 32;
}

static struct word *schedule_word(uintptr_t number)
{
	uintptr_t i, first = schedule_hash(number);

	for (i = 0; i < WORDS; i++) {
		struct word *w = &words[(first + i) % WORDS];

		if (w->round != round_number)
			*w = (struct word){ .number = number, .round = round_number };
		if (w->number == number)
			return w;
	}
	race_wrong("more words are accessed than WORDS");
}

static const char *schedule_line(const void *code, char *text, size_t size)
{
	char command[128];
	FILE *f;

	snprintf(command, sizeof(command), "addr2line -fsp -e /proc/%d/exe %#lx", getpid(),
		 (unsigned long)code - 1);
	f = popen(command, "r");
	if (!f || !fgets(text, size, f))
		snprintf(text, size, "%p", code);
	if (f)
		pclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void schedule_race(const struct cell *other, bool writes, const void *code)
{
	char a[256], b[256];

	race_wrong("no order between a %s in %s and a %s in %s", writes ? "store" : "load",
		   schedule_line(code, a, sizeof(a)), other->writes ? "store" : "load",
		   schedule_line(other->code, b, sizeof(b)));
}

static void schedule_access_word(uintptr_t number, struct cell access)
{
	struct word *w = schedule_word(number);
	struct cell *place = NULL;
	unsigned int i;

	for (i = 0; i < CELLS; i++) {
		struct cell *c = &w->cells[i];
		bool before = !c->by || self->knows.hb.of[c->by] >= c->at;

		if (!before && (c->mask & access.mask) && (c->writes || access.writes) &&
		    !(c->marked && access.marked))
			schedule_race(c, access.writes, access.code);
		if (c->by == access.by && c->mask == access.mask && c->writes <= access.writes)
			place = c;
		else if (before && !place)
			place = c;
	}
	if (!place)
		place = &w->cells[w->next++ % CELLS];
	*place = access;
	if (access.writes) {
		w->stored_by = access.by;
		w->stored_after = self->releases;
	}
}

/*
 * What is loaded without an order, on purpose, was found: a read barrier that follows pairs with the last write
 * barrier before its store.
 */
static void schedule_find_plain(uintptr_t first, uintptr_t last)
{
	for (; first <= last; first++) {
		const struct word *w = schedule_word(first);

		if (w->stored_by && tasks[w->stored_by].releases - w->stored_after < RELEASES)
			order_join(&self->acquires,
				   &earlier[w->stored_by][w->stored_after % RELEASES]);
	}
}

static void schedule_access(const void *p, size_t size, bool writes, bool marked, const void *code)
{
	uintptr_t at = (uintptr_t)p, end = at + size;
	struct cell access;

	if (!self)
		return;
	if (self->ignores && !writes) {
		schedule_find_plain(at / 8, (end - 1) / 8);
		return;
	}
	access = (struct cell){ .at = schedule_tick(), .by = number_of(self), .writes = writes,
				.marked = marked, .code = code };
	while (at < end) {
		unsigned int first = at % 8, n = end - at < 8 - first ? end - at : 8 - first;

		access.mask = ((1u << n) - 1) << first;
		schedule_access_word(at / 8, access);
		at += n;
	}
}

static void schedule_plain(const void *p, size_t size, bool writes, const void *code)
{
	if (!self || schedule_is_stack(p))
		return;
	race_point();
	schedule_access(p, size, writes, false, code);
}

/* Memory is not used again in a round: what is freed and what is allocated then has no order here. */
static struct memory {
	struct memory *next;
	uint64_t bytes[];
} *allocated;

void *race_calloc(size_t n, size_t size)
{
	struct memory *m = calloc(1, sizeof(*m) + n * size);

	if (!m)
		return NULL;
	m->next = allocated;
	allocated = m;
	return m->bytes;
}

void race_free(void *p)
{
	(void)p;
}

static void schedule_free_all(void)
{
	struct memory *m;

	while ((m = allocated)) {
		allocated = m->next;
		free(m);
	}
}

/** race_touch() - a user of the table loads or stores this, without marks */
void race_touch(const void *p, size_t size, bool writes)
{
	schedule_plain(p, size, writes, __builtin_return_address(0));
}

/* Marked accesses. */

static uint64_t native(const void *p, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, p, size);
	return value;
}

/* A place, if a marked store was made to it in this round. */
static struct place *schedule_place(const void *p, unsigned int size, bool make)
{
	uintptr_t i, first = schedule_hash((uintptr_t)p);

	for (i = 0; i < PLACES; i++) {
		struct place *place = &places[(first + i) % PLACES];

		if (place->round != round_number) {
			if (!make)
				return NULL;
			place->address = p;
			place->round = round_number;
			place->size = size;
			place->count = 1;
			place->stores[0] = (struct store){ .value = native(p, size) };
			return place;
		}
		if (place->address == p)
			return place;
	}
	race_wrong("more places are stored to than PLACES");
}

static struct store *store_of(struct place *place, unsigned int number)
{
	return &place->stores[number % STORES];
}

static struct store *schedule_newest(struct place *place)
{
	return store_of(place, place->count - 1);
}

static struct store *schedule_append(struct place *place, uint64_t value)
{
	struct store *s = store_of(place, place->count++);

	*s = (struct store){ .value = value, .by = number_of(self), .at = schedule_tick() };
	return s;
}

/* A plain store has come between: all see it, as nothing is known of when. */
static void schedule_catch_up(struct place *place)
{
	uint64_t value = native(place->address, place->size);

	if (schedule_newest(place)->value != value)
		*store_of(place, place->count++) = (struct store){ .value = value };
}

/* Whether this task cannot find an older store than this one. */
static bool schedule_is_known(const struct store *s)
{
	const struct race_clock *view = &self->knows.view;
	unsigned int i;

	if (!s->by || view->of[s->by] >= s->at)
		return true;
	for (i = 1; i <= count; i++)
		if (s->found.of[i] && view->of[i] >= s->found.of[i])
			return true;
	return false;
}

static struct store *schedule_find(struct place *place)
{
	unsigned int newest = place->count - 1, first, i;

	first = place->count > STORES ? place->count - STORES : 0;
	for (i = newest; i > first && !schedule_is_known(store_of(place, i)); i--)
		;
	return store_of(place, race_any(stale) ? newest : newest - race_any(newest - i + 1));
}

static bool is_acquire(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool is_release(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void schedule_has_found(struct store *s, int order)
{
	unsigned int i = number_of(self);

	if (!s->found.of[i])
		s->found.of[i] = schedule_tick();
	order_join(is_acquire(order) ? &self->knows : &self->acquires, &s->carries);
}

static uint64_t schedule_load(const void *p, unsigned int size, int order, const void *code)
{
	struct place *place;
	struct store *s;

	if (!self || schedule_is_stack(p))
		return native(p, size);
	race_point();
	schedule_access(p, size, false, true, code);
	place = schedule_place(p, size, false);
	if (!place)
		return native(p, size);
	schedule_catch_up(place);
	s = schedule_find(place);
	schedule_has_found(s, order);
	return s->value;
}

static void schedule_store(void *p, unsigned int size, uint64_t value, int order, const void *code)
{
	struct place *place;
	struct store *s;

	if (self && !schedule_is_stack(p)) {
		race_point();
		schedule_access(p, size, true, true, code);
		place = schedule_place(p, size, true);
		schedule_catch_up(place);
		s = schedule_append(place, value);
		s->carries = is_release(order) ? self->knows : self->released;
	}
	memcpy(p, &value, size);
}

/** race_read_once() - a user of the table loads this with READ_ONCE() */
int race_read_once(const int *p)
{
	return schedule_load(p, sizeof(*p), __ATOMIC_RELAXED, __builtin_return_address(0));
}

void race_write_once(int *p, int value)
{
	schedule_store(p, sizeof(*p), value, __ATOMIC_RELAXED, __builtin_return_address(0));
}

enum operation { EXCHANGE, ADD, SUB, AND, OR, COMPARE };

static uint64_t schedule_compute(enum operation what, uint64_t old, uint64_t operand)
{
	switch (what) {
	case ADD:
		return old + operand;
	case SUB:
		return old - operand;
	case AND:
		return old & operand;
	case OR:
		return old | operand;
	default:
		return operand;
	}
}

static uint64_t schedule_change(void *p, unsigned int size, enum operation what, uint64_t operand,
				uint64_t expected, int order, const void *code)
{
	bool tracked = self && !schedule_is_stack(p), full = order == __ATOMIC_SEQ_CST;
	struct place *place;
	struct race_order carried;
	uint64_t old, value;
	struct store *s;

	if (tracked) {
		race_point();
		place = schedule_place(p, size, true);
		schedule_catch_up(place);
	}
	old = native(p, size);
	if (what == COMPARE && old != expected) {
		/* No barrier, if it fails. */
		if (tracked) {
			schedule_access(p, size, false, true, code);
			schedule_has_found(schedule_newest(place), __ATOMIC_RELAXED);
		}
		return old;
	}
	value = schedule_compute(what, old, operand);
	if (tracked) {
		if (full)
			schedule_full_barrier();
		s = schedule_newest(place);
		schedule_has_found(s, order);
		schedule_access(p, size, true, true, code);
		carried = s->carries;
		s = schedule_append(place, 0);
		memcpy(&s->value, &value, size);
		s->carries = is_release(order) ? self->knows : self->released;
		order_join(&s->carries, &carried);
		if (full)
			schedule_full_barrier();
	}
	memcpy(p, &value, size);
	return old;
}

/* The locks of linux/spinlock.h. */

static bool schedule_is_free(const void *holder)
{
	return !*(const unsigned int *)holder;
}

void race_lock(unsigned int *holder, struct race_order *order, bool irqs_off)
{
	if (!self)
		return;
	self->irqs_off += irqs_off;
	race_point();
	if (*holder == number_of(self))
		race_wrong("a task waits for its own lock");
	while (*holder)
		race_wait(schedule_is_free, holder);
	*holder = number_of(self);
	order_join(&self->knows, order);
}

bool race_trylock(unsigned int *holder, struct race_order *order)
{
	if (!self)
		return true;
	race_point();
	if (*holder)
		return false;
	*holder = number_of(self);
	order_join(&self->knows, order);
	return true;
}

void race_unlock(unsigned int *holder, struct race_order *order, bool irqs_off)
{
	if (!self)
		return;
	schedule_tick();
	*order = self->knows;
	*holder = 0;
	self->irqs_off -= irqs_off;
	race_point();
}

/* What the compiler calls. */

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

#define PLAIN(name, size, writes)						\
void __tsan_##name(void *p);							\
void __tsan_##name(void *p)							\
{										\
	schedule_plain(p, size, writes, __builtin_return_address(0));		\
}

PLAIN(read1, 1, false)
PLAIN(read2, 2, false)
PLAIN(read4, 4, false)
PLAIN(read8, 8, false)
PLAIN(read16, 16, false)
PLAIN(write1, 1, true)
PLAIN(write2, 2, true)
PLAIN(write4, 4, true)
PLAIN(write8, 8, true)
PLAIN(write16, 16, true)
PLAIN(unaligned_read2, 2, false)
PLAIN(unaligned_read4, 4, false)
PLAIN(unaligned_read8, 8, false)
PLAIN(unaligned_read16, 16, false)
PLAIN(unaligned_write2, 2, true)
PLAIN(unaligned_write4, 4, true)
PLAIN(unaligned_write8, 8, true)
PLAIN(unaligned_write16, 16, true)

/* Of a structure that is copied; race_copy() copies it, a word at a time. */
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);

void __tsan_read_range(void *p, size_t size)
{
	if (size <= 64)
		schedule_plain(p, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *p, size_t size)
{
	if (size <= 64)
		schedule_plain(p, size, true, __builtin_return_address(0));
}

/* memcpy() and memset() of the table (test/race/run). */
void *race_memcpy(void *to, const void *from, size_t size);
void *race_memset(void *to, int c, size_t size);

void *race_memcpy(void *to, const void *from, size_t size)
{
	size_t i, n;

	for (i = 0; i < size; i += n) {
		n = size - i < 64 ? size - i : 64;
		schedule_plain((const char *)from + i, n, false, __builtin_return_address(0));
		schedule_plain((char *)to + i, n, true, __builtin_return_address(0));
		memcpy((char *)to + i, (const char *)from + i, n);
	}
	return to;
}

void *race_memset(void *to, int c, size_t size)
{
	schedule_plain(to, size, true, __builtin_return_address(0));
	return memset(to, c, size);
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	if (!self)
		return;
	race_point();
	if (order == __ATOMIC_SEQ_CST)
		schedule_full_barrier();
	else if (is_release(order))
		schedule_release();
	else
		schedule_acquire();
}

#define CHANGE(bits, type, name, what)						\
type __tsan_atomic##bits##_##name(volatile void *p, type v, int order);	\
type __tsan_atomic##bits##_##name(volatile void *p, type v, int order)		\
{										\
	return schedule_change((void *)p, sizeof(v), what, v, 0, order,		\
			       __builtin_return_address(0));			\
}

#define MARKED(bits, type)							\
type __tsan_atomic##bits##_load(const volatile void *p, int order);		\
type __tsan_atomic##bits##_load(const volatile void *p, int order)		\
{										\
	return schedule_load((void *)p, sizeof(type), order, __builtin_return_address(0)); \
}										\
void __tsan_atomic##bits##_store(volatile void *p, type v, int order);		\
void __tsan_atomic##bits##_store(volatile void *p, type v, int order)		\
{										\
	schedule_store((void *)p, sizeof(v), v, order, __builtin_return_address(0)); \
}										\
CHANGE(bits, type, exchange, EXCHANGE)						\
CHANGE(bits, type, fetch_add, ADD)						\
CHANGE(bits, type, fetch_sub, SUB)						\
CHANGE(bits, type, fetch_and, AND)						\
CHANGE(bits, type, fetch_or, OR)						\
bool __tsan_atomic##bits##_compare_exchange_strong(volatile void *p, void *expected, type v, \
						   int order, int failure);	\
bool __tsan_atomic##bits##_compare_exchange_strong(volatile void *p, void *expected, type v, \
						   int order, int failure)	\
{										\
	type before = *(type *)expected;					\
	type old = schedule_change((void *)p, sizeof(v), COMPARE, v, before, order, \
				   __builtin_return_address(0));		\
										\
	(void)failure;								\
	*(type *)expected = old;						\
	return old == before;							\
}

MARKED(8, uint8_t)
MARKED(16, uint16_t)
MARKED(32, uint32_t)
MARKED(64, uint64_t)

/* A round. */

static void schedule_task(void)
{
	race_subject.task(number_of(self) - 1);
	if (self->handlers || self->irqs_off || self->ignores)
		race_wrong("a task ends inside of a handler");
	self->over = true;
	schedule_on();
}

static void schedule_make(struct task *t)
{
	memset(t, 0, sizeof(*t));
	t->stack = stacks + (size_t)STACK * number_of(t);
	getcontext(&t->start);
	t->start.uc_stack.ss_sp = t->stack;
	t->start.uc_stack.ss_size = STACK;
	makecontext(&t->start, schedule_task, 0);
}

static void schedule_begin(uint64_t seed)
{
	static const unsigned int often[] = { 1, 2, 4, 8, 16, 64, 256 };
	unsigned int i, most = race_subject.most;

	chance = seed;
	round_number++;
	points_before += points;
	schedule_free_all();
	points = 0;
	memset(&last_full_barrier, 0, sizeof(last_full_barrier));
	memset(earlier, 0, sizeof(earlier));
	if (!stacks) {
		stacks = malloc((size_t)STACK * (RACE_TASKS + 1));
		percpu = malloc((RACE_TASKS + 1) * (__stop_percpu - __start_percpu) + 1);
	}
	memset(percpu, 0, (RACE_TASKS + 1) * (__stop_percpu - __start_percpu));
	switches = often[race_any(sizeof(often) / sizeof(often[0]))];
	interrupts = 1 << (4 + race_any(8));
	stale = 1 + race_any(4);
	/* Most of what is wrong needs few. */
	count = 2 + race_any(race_any(4) ? (most < 5 ? most : 5) - 1 : most - 1);
	for (i = 1; i <= count; i++)
		schedule_make(&tasks[i]);
}

/**
 * race_round() - a round
 * @seed: decides all
 */
void race_round(uint64_t seed)
{
	schedule_begin(seed);
	race_subject.begin();
	if (!_setjmp(everybody_is_over))
		schedule_to(&tasks[1 + race_any(count)]);
	self = NULL;
	race_subject.end();
}
