// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads for tasks, hundreds at a time, under the thread sanitizer. What a race does between two calls of the
 * table is not instrumented, so that it makes no order which hides one that is missing in the table. The seed
 * decides what each task does and where it is delayed, but not what happens at once.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "race.h"

const char *const race_maker = "threads";

/* Of the thread sanitizer, to say what comes before what. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_read_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

struct thread {
	pthread_t id;
	unsigned int handlers, left;
	/* See race_stop(). */
	unsigned int stops_in;
	bool (*stopped_until)(const void *arg);
	const void *stopped_arg;
	uint64_t chance;
	unsigned long points;
} __attribute__((__aligned__(64)));

static struct thread *threads;
static __thread struct thread *self;
static __thread bool in_irq;
static __thread unsigned int irqs_off;
static unsigned int count, stopped;
static unsigned long points;
static uint64_t chance;
static pthread_barrier_t all_there;
static unsigned int model;

extern char __start_percpu[] __attribute__((weak)), __stop_percpu[] __attribute__((weak));
static char *percpu;

unsigned int race_any(unsigned int n)
{
	return race_random(self ? &self->chance : &chance, n);
}

unsigned int race_turns(void)
{
	return 1 + race_any(4000 / count);
}

unsigned int race_tasks(void)
{
	return count;
}

unsigned int race_self(void)
{
	return self ? 1 + (self - threads) : 0;
}

bool race_is_irq(void)
{
	return in_irq;
}

unsigned long race_points(void)
{
	return points;
}

const char *race_context(void)
{
	return "";
}

/* Others go on meanwhile. */
static void threads_pause(void)
{
	struct timespec pause = { .tv_nsec = 20000 };

	nanosleep(&pause, NULL);
}

/* As long as a task is held up at the most, in which many others run. */
#define PAUSES 100

static void threads_stop(void)
{
	unsigned int i;

	for (i = 0; i < PAUSES && !self->stopped_until(self->stopped_arg); i++)
		threads_pause();
	__atomic_sub_fetch(&stopped, 1, __ATOMIC_RELAXED);
}

void race_point(void)
{
	struct timespec pause = { .tv_nsec = 1000 };
	unsigned int i;

	if (!self)
		return;
	self->points++;
	if (self->stops_in && !--self->stops_in)
		threads_stop();
	switch (race_any(64)) {
	case 0:
		sched_yield();
		break;
	case 1:
		for (i = race_any(256); i; i--)
			__asm__ volatile("" ::: "memory");
		break;
	case 2:
		if (!race_any(64))
			nanosleep(&pause, NULL);
		break;
	case 3:
		if (race_subject.irq && !irqs_off && !in_irq && !race_any(4)) {
			in_irq = true;
			race_subject.irq();
			in_irq = false;
		}
		break;
	}
}

void race_irqs(bool on)
{
	irqs_off += on ? -1 : 1;
}

void race_stop(unsigned int from_now, bool (*over)(const void *arg), const void *arg)
{
	if (!self || self->stops_in)
		return;
	if (2 * __atomic_add_fetch(&stopped, 1, __ATOMIC_RELAXED) > count) {
		__atomic_sub_fetch(&stopped, 1, __ATOMIC_RELAXED);
		return;
	}
	self->stops_in = from_now;
	self->stopped_until = over;
	self->stopped_arg = arg;
}

void race_wait(bool (*over)(const void *arg), const void *arg)
{
	while (!over(arg))
		threads_pause();
}

/* A handler that is entered later than a grace period begins sees what came before that. */
static char before_grace;

void race_handler(bool enters)
{
	if (!self)
		return;
	if (enters) {
		__atomic_add_fetch(&self->handlers, 1, __ATOMIC_SEQ_CST);
		__tsan_acquire(&before_grace);
		return;
	}
	__tsan_release(&self->handlers);
	/* Of one inside of another only the outer one counts. */
	if (__atomic_load_n(&self->handlers, __ATOMIC_RELAXED) == 1)
		__atomic_add_fetch(&self->left, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&self->handlers, 1, __ATOMIC_SEQ_CST);
}

void race_grace(void)
{
	unsigned int i;

	__tsan_release(&before_grace);
	for (i = 0; i < count; i++) {
		struct thread *t = &threads[i];
		unsigned int left = __atomic_load_n(&t->left, __ATOMIC_SEQ_CST);

		while (t != self && __atomic_load_n(&t->handlers, __ATOMIC_SEQ_CST) &&
		       __atomic_load_n(&t->left, __ATOMIC_SEQ_CST) == left)
			threads_pause();
		__tsan_acquire(&t->handlers);
	}
}

void race_model_lock(void)
{
	while (__atomic_exchange_n(&model, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void race_model_unlock(void)
{
	__atomic_store_n(&model, 0, __ATOMIC_RELEASE);
}

void race_give(struct race_order *order)
{
	__tsan_release(order);
}

void race_take(struct race_order *order)
{
	__tsan_acquire(order);
}

void race_ignore(bool reads)
{
	if (reads)
		AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	else
		AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

void race_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void *race_calloc(size_t n, size_t size)
{
	return calloc(n, size);
}

void race_free(void *p)
{
	free(p);
}

uint64_t race_cmpxchg(void *p, size_t size, uint64_t old, uint64_t new)
{
	uint64_t found;

	race_point();
	__tsan_release(p);
	if (size == sizeof(uint32_t))
		found = __sync_val_compare_and_swap((uint32_t *)p, (uint32_t)old, (uint32_t)new);
	else
		found = __sync_val_compare_and_swap((uint64_t *)p, old, new);
	if (found == (size == sizeof(uint32_t) ? (uint32_t)old : old))
		__tsan_acquire(p);
	return found;
}

void race_touch(const void *p, size_t size, bool writes)
{
	race_point();
	if (writes)
		__tsan_write_range((void *)p, size);
	else
		__tsan_read_range((void *)p, size);
}

int race_read_once(const int *p)
{
	race_point();
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void race_write_once(int *p, int value)
{
	race_point();
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

void race_store(void *p, size_t size, uint64_t value, bool release)
{
	int order = release ? __ATOMIC_RELEASE : __ATOMIC_RELAXED;

	race_point();
	/* The race is not instrumented, so the sanitizer has to be told. */
	if (release)
		__tsan_release(p);
	if (size == sizeof(uint32_t))
		__atomic_store_n((uint32_t *)p, value, order);
	else
		__atomic_store_n((uint64_t *)p, value, order);
}

void *race_percpu(const void *address, unsigned int cpu)
{
	return percpu + cpu * (__stop_percpu - __start_percpu) + ((char *)address - __start_percpu);
}

static void *threads_run(void *arg)
{
	self = arg;
	pthread_barrier_wait(&all_there);
	race_subject.task(self - threads);
	if (self->stops_in)
		__atomic_sub_fetch(&stopped, 1, __ATOMIC_RELAXED);
	return NULL;
}

void race_round(uint64_t seed)
{
	unsigned int i, made;

	chance = seed;
	count = race_any(2) ? 2 + race_any(6) : 2 + race_any(race_subject.crowd - 1);
	threads = aligned_alloc(64, count * sizeof(*threads));
	percpu = calloc(count + 1, __stop_percpu - __start_percpu + 1);
	memset(threads, 0, count * sizeof(*threads));
	for (i = 0; i < count; i++)
		threads[i].chance = seed + i;
	pthread_barrier_init(&all_there, NULL, count);
	race_subject.begin();
	for (made = 0; made < count; made++)
		if (pthread_create(&threads[made].id, NULL, threads_run, &threads[made]))
			race_wrong("no thread can be made");
	for (i = 0; i < made; i++) {
		pthread_join(threads[i].id, NULL);
		points += threads[i].points;
	}
	pthread_barrier_destroy(&all_there);
	race_subject.end();
	free(percpu);
	free(threads);
}
