/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of random schedules share: schedule.c, who goes on; memory.c, what a load finds; plain.c, which
 * accesses have no order.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "race.h"

/* Addresses that a task has loaded, and what whoever has stored one of them had released. */
#define ADDRESSES 8

struct task {
	jmp_buf place;
	ucontext_t start;
	char *stack;
	bool started, over;
	/* It waits until this is so. */
	bool (*until)(const void *arg);
	const void *arg;
	/* It is held up until then, or until this is so: see race_stop(). */
	unsigned long held_until;
	unsigned int stops_in;
	bool (*stopped_until)(const void *arg);
	const void *stopped_arg;
	/* Whether it is in handlers, and how often it has left one. */
	unsigned int handlers, left;
	struct race_order at_leaving;
	unsigned int irqs_off, ignores;
	bool in_irq;
	/* Accesses until now, and what is known: see struct race_order. */
	uint32_t now;
	struct race_order knows, released, acquires;
	unsigned int releases;
	struct {
		uint64_t value;
		struct race_clock view;
	} addresses[ADDRESSES];
	unsigned int loaded;
};

extern struct task schedule_tasks[RACE_TASKS + 1], *schedule_self;
/* How many tasks there are in this round, and which round it is. */
extern unsigned int schedule_count, schedule_round;

bool schedule_is_stack(const void *p);
uintptr_t schedule_hash(uintptr_t n);

static inline unsigned int schedule_number_of(const struct task *t)
{
	return t - schedule_tasks;
}

/* memory.c */
void memory_begin(void);
void memory_join(struct race_order *to, const struct race_order *other);
void memory_join_earlier(unsigned int by, unsigned int after);
uint32_t memory_tick(void);
void memory_full_barrier(void);

/* plain.c */
void plain_begin(void);
void plain_access(const void *p, size_t size, bool writes, bool marked, const void *code);

#endif
