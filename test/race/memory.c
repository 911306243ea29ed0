// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a weak machine, for schedule.c: what a marked access (READ_ONCE(), cmpxchg(), ...) finds, and what
 * barriers do. Stores of a place have one order. A load may find an older store, unless the task has seen a newer
 * one, or a barrier says that it has. So a barrier that is missing is found here, though no x86 would show it.
 *
 * What is loaded by an address that was loaded is no older than what was there when the address was stored, if a
 * barrier was before that store, as Linux has it. Stores are not delayed beyond later stores of the same task, nor
 * loads beyond later stores.
 */
#include <string.h>

#include "race.h"
#include "schedule.h"

/* Stores of a place that are remembered, and places. */
#define STORES 8
#define PLACES (1 << 15)
/* Of each task: what it had released at the last of its barriers. */
#define RELEASES 64
/* No object is larger. Where an address is loaded of one, loads of it depend on that. */
#define MOST_OBJECT 512

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

static struct place places[PLACES];
static struct race_clock last_full_barrier;
static struct race_order earlier[RACE_TASKS + 1][RELEASES];

/* Of this round: a stale load once in so many. */
static unsigned int stale;

/* The clocks. */

static void clock_join(struct race_clock *to, const struct race_clock *other)
{
	unsigned int i;

	for (i = 1; i <= schedule_count; i++)
		if (to->of[i] < other->of[i])
			to->of[i] = other->of[i];
}

/** memory_join() - know what another knows */
void memory_join(struct race_order *to, const struct race_order *other)
{
	clock_join(&to->hb, &other->hb);
	clock_join(&to->view, &other->view);
}

/** memory_tick() - the number of the next access of this task */
uint32_t memory_tick(void)
{
	unsigned int i = race_self();

	schedule_self->now++;
	schedule_self->knows.hb.of[i] = schedule_self->now;
	schedule_self->knows.view.of[i] = schedule_self->now;
	return schedule_self->now;
}

static void memory_acquire(void)
{
	memory_join(&schedule_self->knows, &schedule_self->acquires);
}

static void memory_release(void)
{
	memory_tick();
	schedule_self->released = schedule_self->knows;
	schedule_self->releases++;
	earlier[race_self()][schedule_self->releases % RELEASES] = schedule_self->released;
}

/** memory_full_barrier() - this task passes a full barrier */
void memory_full_barrier(void)
{
	memory_acquire();
	memory_tick();
	clock_join(&schedule_self->knows.view, &last_full_barrier);
	last_full_barrier = schedule_self->knows.view;
	memory_release();
}

/** race_barrier() - a full barrier, which the kernel has here */
void race_barrier(void)
{
	if (schedule_self)
		memory_full_barrier();
}

/**
 * memory_join_earlier() - this task has found a store: a read barrier that follows pairs with a barrier before it
 * @by:    number of the task that has stored
 * @after: how many barriers that task had passed
 */
void memory_join_earlier(unsigned int by, unsigned int after)
{
	if (schedule_tasks[by].releases - after < RELEASES)
		memory_join(&schedule_self->acquires, &earlier[by][after % RELEASES]);
}

/** memory_begin() - forget the last round */
void memory_begin(void)
{
	memset(&last_full_barrier, 0, sizeof(last_full_barrier));
	memset(earlier, 0, sizeof(earlier));
	stale = 1 + race_any(4);
}

/* Marked accesses. */

static uint64_t native(const void *p, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, p, size);
	return value;
}

/* A place, if a marked store was made to it in this round. */
static struct place *memory_place(const void *p, unsigned int size, bool make)
{
	uintptr_t i, first = schedule_hash((uintptr_t)p);

	for (i = 0; i < PLACES; i++) {
		struct place *place = &places[(first + i) % PLACES];

		if (place->round != schedule_round) {
			if (!make)
				return NULL;
			place->address = p;
			place->round = schedule_round;
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

static struct store *memory_newest(struct place *place)
{
	return store_of(place, place->count - 1);
}

static struct store *memory_append(struct place *place, uint64_t value)
{
	struct store *s = store_of(place, place->count++);

	*s = (struct store){ .value = value, .by = race_self(), .at = memory_tick() };
	return s;
}

/* A plain store has come between: all see it, as nothing is known of when. */
static void memory_catch_up(struct place *place)
{
	uint64_t value = native(place->address, place->size);

	if (memory_newest(place)->value != value)
		*store_of(place, place->count++) = (struct store){ .value = value };
}

/* Whether this task cannot find an older store than this one. */
static bool memory_is_known(const struct store *s, const struct race_clock *view)
{
	unsigned int i;

	if (!s->by || view->of[s->by] >= s->at)
		return true;
	for (i = 1; i <= schedule_count; i++)
		if (s->found.of[i] && view->of[i] >= s->found.of[i])
			return true;
	return false;
}

/* What is loaded by an address that was loaded is no older than what was there when that was stored. */
static void memory_depend(const struct place *place, struct race_clock *view)
{
	unsigned int i;

	for (i = 0; i < ADDRESSES; i++)
		if ((uintptr_t)place->address - schedule_self->addresses[i].value < MOST_OBJECT)
			clock_join(view, &schedule_self->addresses[i].view);
}

static void memory_has_loaded(const struct store *s, unsigned int size)
{
	unsigned int i = schedule_self->loaded % ADDRESSES;

	if (size < sizeof(void *) || s->value < MOST_OBJECT)
		return;
	schedule_self->addresses[i].value = s->value;
	schedule_self->addresses[i].view = s->carries.view;
	schedule_self->loaded++;
}

static struct store *memory_find(struct place *place)
{
	struct race_clock view = schedule_self->knows.view;
	unsigned int newest = place->count - 1, first, i;

	memory_depend(place, &view);
	first = place->count > STORES ? place->count - STORES : 0;
	for (i = newest; i > first && !memory_is_known(store_of(place, i), &view); i--)
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

static void memory_has_found(struct store *s, int order)
{
	unsigned int i = race_self();

	if (!s->found.of[i])
		s->found.of[i] = memory_tick();
	memory_join(is_acquire(order) ? &schedule_self->knows : &schedule_self->acquires,
		    &s->carries);
}

static uint64_t memory_load(const void *p, unsigned int size, int order, const void *code)
{
	struct place *place;
	struct store *s;

	if (!schedule_self || schedule_is_stack(p))
		return native(p, size);
	race_point();
	plain_access(p, size, false, true, code);
	place = memory_place(p, size, false);
	if (!place)
		return native(p, size);
	memory_catch_up(place);
	s = memory_find(place);
	memory_has_found(s, order);
	memory_has_loaded(s, size);
	return s->value;
}

static void memory_store(void *p, unsigned int size, uint64_t value, int order, const void *code)
{
	struct place *place;
	struct store *s;

	if (schedule_self && !schedule_is_stack(p)) {
		race_point();
		plain_access(p, size, true, true, code);
		place = memory_place(p, size, true);
		memory_catch_up(place);
		s = memory_append(place, value);
		s->carries = is_release(order) ? schedule_self->knows : schedule_self->released;
	}
	memcpy(p, &value, size);
}

/** race_read_once() - a user of the table loads this with READ_ONCE() */
int race_read_once(const int *p)
{
	return memory_load(p, sizeof(*p), __ATOMIC_RELAXED, __builtin_return_address(0));
}

void race_write_once(int *p, int value)
{
	memory_store(p, sizeof(*p), value, __ATOMIC_RELAXED, __builtin_return_address(0));
}

/**
 * race_store() - the kernel stores this with WRITE_ONCE(), or smp_store_release()
 * @p:       where
 * @size:    bytes
 * @value:   is stored
 * @release: whoever finds this finds what was before
 */
void race_store(void *p, size_t size, uint64_t value, bool release)
{
	memory_store(p, size, value, release ? __ATOMIC_RELEASE : __ATOMIC_RELAXED,
		     __builtin_return_address(0));
}

enum operation { EXCHANGE, ADD, SUB, AND, OR, COMPARE };

static uint64_t memory_compute(enum operation what, uint64_t old, uint64_t operand)
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

static uint64_t memory_change(void *p, unsigned int size, enum operation what, uint64_t operand,
				uint64_t expected, int order, const void *code)
{
	bool tracked = schedule_self && !schedule_is_stack(p), full = order == __ATOMIC_SEQ_CST;
	struct place *place;
	struct race_order carried;
	uint64_t old, value;
	struct store *s;

	if (tracked) {
		race_point();
		place = memory_place(p, size, true);
		memory_catch_up(place);
	}
	old = native(p, size);
	if (what == COMPARE && old != expected) {
		/* No barrier, if it fails. */
		if (tracked) {
			plain_access(p, size, false, true, code);
			memory_has_found(memory_newest(place), __ATOMIC_RELAXED);
		}
		return old;
	}
	value = memory_compute(what, old, operand);
	if (tracked) {
		if (full)
			memory_full_barrier();
		s = memory_newest(place);
		memory_has_found(s, order);
		plain_access(p, size, true, true, code);
		carried = s->carries;
		s = memory_append(place, 0);
		memcpy(&s->value, &value, size);
		s->carries = is_release(order) ? schedule_self->knows : schedule_self->released;
		memory_join(&s->carries, &carried);
		if (full)
			memory_full_barrier();
	}
	memcpy(p, &value, size);
	return old;
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	if (!schedule_self)
		return;
	race_point();
	if (order == __ATOMIC_SEQ_CST)
		memory_full_barrier();
	else if (is_release(order))
		memory_release();
	else
		memory_acquire();
}

#define CHANGE(bits, type, name, what)						\
type __tsan_atomic##bits##_##name(volatile void *p, type v, int order);	\
type __tsan_atomic##bits##_##name(volatile void *p, type v, int order)		\
{										\
	return memory_change((void *)p, sizeof(v), what, v, 0, order,		\
			       __builtin_return_address(0));			\
}

#define MARKED(bits, type)							\
type __tsan_atomic##bits##_load(const volatile void *p, int order);		\
type __tsan_atomic##bits##_load(const volatile void *p, int order)		\
{										\
	return memory_load((void *)p, sizeof(type), order, __builtin_return_address(0)); \
}										\
void __tsan_atomic##bits##_store(volatile void *p, type v, int order);		\
void __tsan_atomic##bits##_store(volatile void *p, type v, int order)		\
{										\
	memory_store((void *)p, sizeof(v), v, order, __builtin_return_address(0)); \
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
	type old = memory_change((void *)p, sizeof(v), COMPARE, v, before, order, \
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
