// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last invalidation after a direct write that a task has begun. If the task reports a late
 * error it is this one: what invalidates reports by itself before it returns, and does no other
 * direct write meanwhile. So its end need not be known, and a hook on its entry will do, which
 * costs a fifth of a kretprobe.
 *
 * A table of fixed size, without a lock: a task's place is on a cache line of its own, found by its
 * pid, and held by the task while it uses it. It keeps the place until it has ended, or has not
 * come for a while, and another wants it. A task that finds none is counted as missed.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "diolate.h"

/* The largest table has fewer places than two to the power of this. */
#define MOST_BITS 20

/* How far from where it belongs a task may have its place. */
#define REACH 64

/* A living task may lose its place when it has begun nothing for so long; jiffies. */
#define IDLE (10 * HZ)

/* In an owner: it is using its place, and nobody may take it. No pid is that large. */
#define HELD 0x40000000

/**
 * struct place - a task and its last invalidation
 * @owner: pid in the initial namespace; 0 for nobody. Never back to that, so that who looks for a
 *         place and meets nobody's knows that it has none
 * @since: when it last began, jiffies, their lower half
 * @inv:   used while the place is held
 */
struct place {
	pid_t owner;
	u32 since;
	struct diolate_invalidation inv;
} ____cacheline_aligned;

/* Written once at load. */
static struct place *places;
static u32 mask;

/* Entries whose task has no place. Never on a machine where all have one. */
static atomic_long_t missed;

/* Nth of those where the task may have its place; NULL behind the last. */
static __always_inline struct place *nth_place(pid_t pid, unsigned int n)
{
	if (n >= REACH || n > mask)
		return NULL;
	return &places[(hash_32(pid, MOST_BITS) + n) & mask];
}

static bool has_ended(pid_t pid)
{
	bool ended;

	rcu_read_lock();
	ended = !pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	return ended;
}
NOKPROBE_SYMBOL(has_ended);

static __always_inline struct place *find(pid_t owner)
{
	struct place *place;
	unsigned int n;
	pid_t its;

	for (n = 0; (place = nth_place(owner & ~HELD, n)); n++) {
		its = READ_ONCE(place->owner);
		if (likely(its == owner))
			return place;
		if (!its)
			break;
	}
	return NULL;
}

/* The new owner holds it: if the old one came back meanwhile, one of the two finds it taken. */
static __always_inline bool hold(struct place *place, pid_t old, pid_t pid)
{
	return cmpxchg(&place->owner, old, pid | HELD) == old;
}

static __always_inline void release(struct place *place)
{
	/* What was stored there is for who holds it next. */
	smp_store_release(&place->owner, place->owner & ~HELD);
}

/*
 * A place that is nobody's, was that of a task that has ended, or is that of one that has begun
 * nothing for the longest time. Of each task its first write comes here, and all of those that have
 * no place.
 */
static noinline struct place *take(pid_t pid)
{
	struct place *place, *idlest = NULL;
	u32 longest = IDLE, idle;
	pid_t owner, idlest_owner = 0;
	unsigned int n;

	for (n = 0; (place = nth_place(pid, n)); n++) {
		owner = READ_ONCE(place->owner);
		if (owner & HELD)
			continue;
		if ((!owner || has_ended(owner)) && hold(place, owner, pid))
			return place;
		idle = (u32)jiffies - READ_ONCE(place->since);
		if (owner && idle > longest) {
			longest = idle;
			idlest = place;
			idlest_owner = owner;
		}
	}
	if (idlest && hold(idlest, idlest_owner, pid))
		return idlest;
	atomic_long_inc(&missed);
	return NULL;
}
NOKPROBE_SYMBOL(take);

/* Nothing is invalidated in an interrupt, since that sleeps; nor by the idle task. */
static __always_inline pid_t invalidating(void)
{
	return likely(diolate_in_task()) ? current->pid : 0;
}

/* This task's place, held, and a new one if it has none; NULL if it gets none. */
static __always_inline struct place *own_place(void)
{
	pid_t pid = invalidating();
	struct place *place;

	if (unlikely(!pid))
		return NULL;
	place = find(pid);
	if (unlikely(!place || !hold(place, pid, pid))) {
		place = take(pid);
		if (!place)
			return NULL;
	}
	WRITE_ONCE(place->since, jiffies);
	return place;
}

/**
 * diolate_current_begins() - what this task begins to invalidate the page cache for
 * @iocb:   the direct write; NULL if it is to be found in @dio, or is not known
 * @dio:    a struct iomap_dio, or NULL
 * @length: bytes; 0 if not known
 *
 * Context: any, also inside a probe handler.
 */
void diolate_current_begins(struct kiocb *iocb, const unsigned long *dio, size_t length)
{
	struct place *place = own_place();

	if (unlikely(!place))
		return;
	place->inv.iocb = iocb;
	place->inv.dio = dio;
	place->inv.length = length;
	place->inv.seen = false;
	place->inv.counted = false;
	release(place);
}
NOKPROBE_SYMBOL(diolate_current_begins);

/**
 * diolate_current_hold() - the last invalidation that this task has begun
 *
 * Context: any, also inside a probe handler.
 * Return: it, the task's until diolate_current_release(); NULL if there is none, or its beginning
 *         was not seen.
 */
struct diolate_invalidation *diolate_current_hold(void)
{
	pid_t pid = invalidating();
	struct place *place = pid ? find(pid) : NULL;

	return place && hold(place, pid, pid) ? &place->inv : NULL;
}
NOKPROBE_SYMBOL(diolate_current_hold);

/**
 * diolate_current_release() - give it back, if it is held
 *
 * Context: any, also inside a probe handler; the same task.
 */
void diolate_current_release(void)
{
	pid_t pid = invalidating();
	struct place *place = pid ? find(pid | HELD) : NULL;

	if (place)
		release(place);
}
NOKPROBE_SYMBOL(diolate_current_release);

/**
 * diolate_current_missed() - how many invalidations found no place, since load
 *
 * Context: any.
 */
unsigned long diolate_current_missed(void)
{
	return atomic_long_read(&missed);
}

/**
 * diolate_current_init() - make the table
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_current_init(void)
{
	/* Tasks are many more than those that invalidate at a time. */
	unsigned int n = 8 * roundup_pow_of_two(diolate_maxactive);

	mask = n - 1;
	places = kvcalloc(n, sizeof(*places), GFP_KERNEL);
	if (places)
		return 0;
	pr_err("not loaded: no place for %u tasks; load with a smaller maxactive\n", n);
	return -ENOMEM;
}

/**
 * diolate_current_exit() - free it
 *
 * Context: process, may sleep; when no probe is armed any more.
 */
void diolate_current_exit(void)
{
	kvfree(places);
}
