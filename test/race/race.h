/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A race is a table of the module with tasks that use it at once. Each race has a file of its own,
 * which defines race_subject, and is linked with one of two makers of schedules:
 * - schedule.c runs one task at a time. It may switch at each access of the table to memory, and lets a
 *   load find an older value where no barrier forbids that. All of it is chosen by the seed, so a seed
 *   repeats exactly.
 * - threads.c runs hundreds of threads under the thread sanitizer, with delays at the accesses.
 * Only the table is instrumented. What a race itself does between two calls of the table is atomic, if
 * it is done under race_model_lock(), and gives the table no order but by race_give() and race_take().
 */
#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tasks of schedule.c at the most; clock 0 is nobody's. */
#define RACE_TASKS 24

/** struct race_clock - of each task, up to which of its accesses something is known */
struct race_clock {
	uint32_t of[RACE_TASKS + 1];
};

/**
 * struct race_order - what one task has handed to another, in the order in which the kernel does
 * @hb:   what happened before, as the rules for data races have it
 * @view: which stores are seen for certain
 */
struct race_order {
	struct race_clock hb, view;
};

/**
 * struct race - tasks that use a table at once
 * @name:  of the table
 * @most:  tasks at a time in schedule.c; a round has two to so many
 * @crowd: threads at a time in threads.c
 * @begin: makes the table and the model anew; no task runs
 * @task:  what the nth task does, from 0
 * @irq:   what an interrupt does, or NULL; it comes between any two accesses of a task
 * @end:   judges what is left; no task runs any more
 */
struct race {
	const char *name;
	unsigned int most, crowd;
	void (*begin)(void);
	void (*task)(unsigned int n);
	void (*irq)(void);
	void (*end)(void);
};

extern const struct race race_subject;

/* rounds.c */
unsigned int race_random(uint64_t *state, unsigned int n);
void race_wrong(const char *format, ...) __attribute__((__format__(__printf__, 1, 2), __noreturn__));
void race_reset(void);

/* schedule.c with memory.c and plain.c, or threads.c */
extern const char *const race_maker;
void race_round(uint64_t seed);
unsigned long race_points(void);
const char *race_context(void);
unsigned int race_any(unsigned int n);
unsigned int race_turns(void);
unsigned int race_tasks(void);
unsigned int race_self(void);
bool race_is_irq(void);
void race_point(void);
void race_wait(bool (*over)(const void *arg), const void *arg);
void race_stop(unsigned int from_now, bool (*over)(const void *arg), const void *arg);
void race_handler(bool enters);
void race_grace(void);
void race_model_lock(void);
void race_model_unlock(void);
void race_give(struct race_order *order);
void race_take(struct race_order *order);
void race_ignore(bool reads);
void race_touch(const void *p, size_t size, bool writes);
int race_read_once(const int *p);
void race_write_once(int *p, int value);
void race_store(void *p, size_t size, uint64_t value, bool release);

void race_barrier(void);
void *race_calloc(size_t n, size_t size);
void race_free(void *p);

/* threads.c: whether an interrupt may come into this task; off twice is on only after twice. */
void race_irqs(bool on);

/* threads.c: cmpxchg(), in which the thread sanitizer sees the order and no access. */
uint64_t race_cmpxchg(void *p, size_t size, uint64_t old, uint64_t new);

/* What differs between processors: the copy of this task. */
void *race_percpu(const void *address, unsigned int cpu);

#endif
