// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules that a seed repeats. The table is compiled for the thread sanitizer, whose functions are those
 * of memory.c and plain.c: the compiler calls one for each access to memory. Each access is a point at which
 * another task may go on, or an interrupt come. A task may also be held up for thousands of points, as a virtual
 * processor is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"
#include "schedule.h"

const char *const race_maker = "schedule";

#define STACK (128 << 10)
/* More points in a round, and it does not come to its end. */
#define MOST_POINTS 5000000

struct task schedule_tasks[RACE_TASKS + 1], *schedule_self;
unsigned int schedule_count, schedule_round;

static jmp_buf everybody_is_over;
static char *stacks;
static uint64_t chance;
/* Of this round: a switch, an interrupt once in so many points. */
static unsigned int switches, interrupts;
static unsigned long points, points_before;

/* A copy for each task, of all that differs between processors. */
extern char __start_percpu[] __attribute__((weak)), __stop_percpu[] __attribute__((weak));
static char *percpu;

/** schedule_is_stack() - whether this is of the stack of a task */
bool schedule_is_stack(const void *p)
{
	return (uintptr_t)p - (uintptr_t)stacks < (size_t)STACK * (RACE_TASKS + 1);
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
	return schedule_count;
}

unsigned int race_self(void)
{
	return schedule_self ? schedule_number_of(schedule_self) : 0;
}

bool race_is_irq(void)
{
	return schedule_self && schedule_self->in_irq;
}

unsigned long race_points(void)
{
	return points_before + points;
}

/* Where the round was when it went wrong. */
const char *race_context(void)
{
	static char text[128];

	snprintf(text, sizeof(text), "    task %u of %u, at point %lu\n", race_self(), schedule_count, points);
	return text;
}

/* Who goes on. */

static void schedule_to(struct task *t)
{
	struct task *from = schedule_self;

	schedule_self = t;
	if (from && _setjmp(from->place))
		return;
	if (t->started)
		_longjmp(t->place, 1);
	t->started = true;
	setcontext(&t->start);
}

static bool schedule_is_stopped(const struct task *t)
{
	return !t->stops_in && t->stopped_until && !t->stopped_until(t->stopped_arg);
}

/* Who may go on: first who is not held up, and if all are, who is for a time, and then who is stopped. */
enum who { FREE, HELD, STOPPED };

static bool schedule_may_run(const struct task *t, enum who who)
{
	return !t->over && (!t->until || t->until(t->arg)) &&
	       (who >= HELD || points >= t->held_until) &&
	       (who >= STOPPED || !schedule_is_stopped(t));
}

static struct task *schedule_pick(enum who who)
{
	unsigned int i, first = race_any(schedule_count);

	for (i = 0; i < schedule_count; i++) {
		struct task *t = &schedule_tasks[1 + (first + i) % schedule_count];

		if (schedule_may_run(t, who))
			return t;
	}
	return NULL;
}

/* Another task, or this one, goes on. */
static void schedule_on(void)
{
	struct task *next = schedule_pick(FREE) ?: schedule_pick(HELD) ?: schedule_pick(STOPPED);
	unsigned int i, waiting = 0;

	if (next) {
		if (next != schedule_self)
			schedule_to(next);
		return;
	}
	for (i = 1; i <= schedule_count; i++)
		waiting += !schedule_tasks[i].over;
	if (waiting)
		race_wrong("%u of %u tasks wait for ever", waiting, schedule_count);
	_longjmp(everybody_is_over, 1);
}

/** race_point() - another task may go on here */
void race_point(void)
{
	if (!schedule_self)
		return;
	if (++points > MOST_POINTS)
		race_wrong("the round does not come to its end");
	if (race_subject.irq && !schedule_self->irqs_off && !schedule_self->in_irq && !race_any(interrupts)) {
		schedule_self->in_irq = true;
		race_subject.irq();
		schedule_self->in_irq = false;
	}
	if (schedule_self->stops_in && !--schedule_self->stops_in) {
		schedule_on();
		schedule_self->stopped_until = NULL;
		return;
	}
	if (!race_any(1024))
		schedule_self->held_until = points + race_any(race_any(4) ? 4096 : 65536);
	else if (race_any(switches))
		return;
	schedule_on();
}

/**
 * race_stop() - hold this task up inside of the table, unless half of the tasks are
 * @from_now: at which of its next points; 1 for the next
 * @over:     until this is so, or nobody else can go on
 * @arg:      of @over
 */
void race_stop(unsigned int from_now, bool (*over)(const void *arg), const void *arg)
{
	unsigned int i, stopped = 0;

	for (i = 1; i <= schedule_count; i++)
		stopped += schedule_tasks[i].stopped_until && &schedule_tasks[i] != schedule_self;
	if (!schedule_self || 2 * (stopped + 1) > schedule_count)
		return;
	schedule_self->stops_in = from_now;
	schedule_self->stopped_until = over;
	schedule_self->stopped_arg = arg;
}

/**
 * race_wait() - this task goes on when something is so
 * @over: whether it is so
 * @arg:  of @over
 */
void race_wait(bool (*over)(const void *arg), const void *arg)
{
	schedule_self->until = over;
	schedule_self->arg = arg;
	while (!over(arg))
		schedule_on();
	schedule_self->until = NULL;
}

/* What came before each grace period that has begun: a handler that is entered later sees it (rcu_read_lock()). */
static struct race_order before_grace;

/** race_handler() - this task enters a handler, in which a grace period waits for it, or leaves it */
void race_handler(bool enters)
{
	if (!schedule_self)
		return;
	if (enters) {
		if (!schedule_self->handlers++)
			memory_join(&schedule_self->knows, &before_grace);
		return;
	}
	memory_tick();
	schedule_self->at_leaving = schedule_self->knows;
	/* Of one inside of another only the outer one counts. */
	schedule_self->left += !--schedule_self->handlers;
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

	if (!schedule_self)
		return;
	memory_full_barrier();
	race_give(&before_grace);
	for (i = 1; i <= schedule_count; i++)
		g[i] = (struct grace){ &schedule_tasks[i], schedule_tasks[i].left };
	for (i = 1; i <= schedule_count; i++)
		if (&schedule_tasks[i] != schedule_self)
			race_wait(schedule_has_left, &g[i]);
	for (i = 1; i <= schedule_count; i++)
		memory_join(&schedule_self->knows, &schedule_tasks[i].at_leaving);
	memory_full_barrier();
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
	if (!schedule_self)
		return;
	memory_tick();
	memory_join(order, &schedule_self->knows);
}

void race_take(struct race_order *order)
{
	if (schedule_self)
		memory_join(&schedule_self->knows, order);
}

/** race_ignore() - what this task loads without marks is not relied on, from now on or until now */
void race_ignore(bool reads)
{
	if (schedule_self)
		schedule_self->ignores += reads ? 1 : -1;
}

void *race_percpu(const void *address, unsigned int cpu)
{
	return percpu + cpu * (__stop_percpu - __start_percpu) + ((char *)address - __start_percpu);
}

/** schedule_hash() - where to look for a number */
uintptr_t schedule_hash(uintptr_t n)
{
	return (n * 0x9e3779b97f4a7c15) >> 32;
}

/* The locks of linux/spinlock.h. */

static bool schedule_is_free(const void *holder)
{
	return !*(const unsigned int *)holder;
}

void race_lock(unsigned int *holder, struct race_order *order, bool irqs_off)
{
	if (!schedule_self)
		return;
	schedule_self->irqs_off += irqs_off;
	race_point();
	if (*holder == schedule_number_of(schedule_self))
		race_wrong("a task waits for its own lock");
	while (*holder)
		race_wait(schedule_is_free, holder);
	*holder = schedule_number_of(schedule_self);
	memory_join(&schedule_self->knows, order);
}

bool race_trylock(unsigned int *holder, struct race_order *order)
{
	if (!schedule_self)
		return true;
	race_point();
	if (*holder)
		return false;
	*holder = schedule_number_of(schedule_self);
	memory_join(&schedule_self->knows, order);
	return true;
}

void race_unlock(unsigned int *holder, struct race_order *order, bool irqs_off)
{
	if (!schedule_self)
		return;
	memory_tick();
	*order = schedule_self->knows;
	*holder = 0;
	schedule_self->irqs_off -= irqs_off;
	race_point();
}

/* A round. */

static void schedule_task(void)
{
	race_subject.task(schedule_number_of(schedule_self) - 1);
	if (schedule_self->handlers || schedule_self->irqs_off || schedule_self->ignores)
		race_wrong("a task ends inside of a handler");
	schedule_self->over = true;
	schedule_self->stopped_until = NULL;
	schedule_on();
}

static void schedule_make(struct task *t)
{
	memset(t, 0, sizeof(*t));
	t->stack = stacks + (size_t)STACK * schedule_number_of(t);
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
	schedule_round++;
	points_before += points;
	plain_begin();
	points = 0;
	if (!stacks) {
		stacks = malloc((size_t)STACK * (RACE_TASKS + 1));
		percpu = malloc((RACE_TASKS + 1) * (__stop_percpu - __start_percpu) + 1);
	}
	memset(percpu, 0, (RACE_TASKS + 1) * (__stop_percpu - __start_percpu));
	switches = often[race_any(sizeof(often) / sizeof(often[0]))];
	interrupts = 1 << (4 + race_any(8));
	memory_begin();
	before_grace = (struct race_order){ 0 };
	/* Most of what is wrong needs few. */
	schedule_count = 2 + race_any(race_any(4) ? (most < 5 ? most : 5) - 1 : most - 1);
	for (i = 1; i <= schedule_count; i++)
		schedule_make(&schedule_tasks[i]);
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
		schedule_to(&schedule_tasks[1 + race_any(schedule_count)]);
	schedule_self = NULL;
	race_subject.end();
}
