// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last invalidation after a direct write that each task has begun. A late error that the task
 * reports is of that invalidation: an invalidating function reports before it returns, and does no
 * other direct write meanwhile. So a hook on its entry is enough, at a fifth of a kretprobe's cost.
 *
 * The table has a fixed size and no lock. A task's place, found by its pid, is on a cache line of
 * its own. The task holds the place while it uses it. Another task may take the place if the owner
 * has ended, or has begun nothing for IDLE. A task that finds no place is counted as missed.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "kernel/compat/context.h"
#include "model/params.h"
#include "write/task.h"

/* The largest table has fewer places than two to the power of this. */
#define MOST_BITS 20

/* A task has one of so many places, from the place that its pid hashes to. */
#define REACH 64

/* A living task that has begun nothing for so long may lose its place; jiffies. */
#define IDLE (10 * HZ)

/* Flag in an owner: it is using its place, which no task may take. No pid is that large. */
#define HELD 0x40000000

/**
 * struct place - a task and its last invalidation
 * @owner:  pid in the initial namespace; 0 if the place was never owned. Never reset to 0, so a
 *          task that meets a 0 in its search knows that it has no place
 * @since:  when the owner last began an invalidation, lower half of jiffies
 * @inv:    used while the place is held
 * @ending: of this write ->end_io() is yet to be called by src/entry/ends.c; used like @inv
 */
struct place {
	pid_t owner;
	u32 since;
	struct diolate_invalidation inv;
	const struct kiocb *ending;
} ____cacheline_aligned;

/* Written once at load. */
static struct place *places;
static u32 mask;

/* Invalidations begun by a task that found no place. */
static atomic_long_t missed;

/* What was noted of ->end_io() in an earlier epoch is nobody's any more. */
static unsigned int epoch;

/* How often direct writes began to be followed. */
static u8 following_times;

/* The nth place that a task may have; NULL behind the last. */
static __always_inline struct place *task_nth_place(pid_t pid, unsigned int n)
{
	if (n >= REACH || n > mask)
		return NULL;
	return &places[(hash_32(pid, MOST_BITS) + n) & mask];
}

static bool task_has_ended(pid_t pid)
{
	bool ended;

	rcu_read_lock();
	ended = !pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	return ended;
}
NOKPROBE_SYMBOL(task_has_ended);

static __always_inline struct place *task_find(pid_t owner)
{
	struct place *place;
	unsigned int n;
	pid_t its;

	for (n = 0; (place = task_nth_place(owner & ~HELD, n)); n++) {
		its = READ_ONCE(place->owner);
		if (likely(its == owner))
			return place;
		if (!its)
			break;
	}
	return NULL;
}

/* Make a task own and hold a place. If the old owner returns meanwhile, only one succeeds. */
static __always_inline bool task_hold(struct place *place, pid_t old, pid_t pid)
{
	return cmpxchg(&place->owner, old, pid | HELD) == old;
}

static __always_inline void task_release(struct place *place)
{
	/* Pairs with the cmpxchg() in task_hold(): the next holder sees what was stored. */
	smp_store_release(&place->owner, place->owner & ~HELD);
}

/*
 * Take a place: a free one, that of a task that has ended, or that of the task that has been idle
 * longest. The first write of each task comes here, and each write of a task without a place.
 */
static noinline struct place *task_take_slow(pid_t pid)
{
	struct place *place, *idlest = NULL;
	u32 longest = IDLE, idle;
	pid_t owner, idlest_owner = 0;
	unsigned int n;

	for (n = 0; (place = task_nth_place(pid, n)); n++) {
		/* Paired with task_release(): @since is not that of the owner before. */
		owner = smp_load_acquire(&place->owner);
		if (owner & HELD)
			continue;
		if ((!owner || task_has_ended(owner)) && task_hold(place, owner, pid))
			return place;
		idle = (u32)jiffies - READ_ONCE(place->since);
		if (owner && idle > longest) {
			longest = idle;
			idlest = place;
			idlest_owner = owner;
		}
	}
	if (idlest && task_hold(idlest, idlest_owner, pid))
		return idlest;
	atomic_long_inc(&missed);
	return NULL;
}
NOKPROBE_SYMBOL(task_take_slow);

/* This task's pid, or 0: an interrupt and the idle task never invalidate, because that sleeps. */
static __always_inline pid_t task_invalidating(void)
{
	return likely(diolate_in_task()) ? current->pid : 0;
}

/* This task's place, held; a new one if it has none; NULL if it gets none. */
static __always_inline struct place *task_own_place(void)
{
	pid_t pid = task_invalidating();
	struct place *place;

	if (unlikely(!pid))
		return NULL;
	place = task_find(pid);
	if (unlikely(!place || !task_hold(place, pid, pid))) {
		place = task_take_slow(pid);
		if (!place)
			return NULL;
		place->inv.iocb = NULL;
		place->inv.judged = false;
		place->inv.ended = NULL;
		place->ending = NULL;
	}
	WRITE_ONCE(place->since, jiffies);
	return place;
}

/**
 * diolate_task_begins() - this task begins to invalidate the page cache for a direct write
 * @iocb:    the direct write; NULL if not known
 * @start:   where the write begins
 * @dio:     the struct iomap_dio of the write, or NULL
 * @length:  bytes; 0 if not known
 * @dirtied: diolate_dirtied_now() of its file; negative if not known
 *
 * Context: any, also inside a probe handler.
 * Return: whether the write was judged for this, of diolate_task_judged().
 */
bool diolate_task_begins(struct kiocb *iocb, loff_t start, const unsigned long *dio, size_t length,
			 s64 dirtied)
{
	struct place *place = task_own_place();
	bool judged, same;

	if (unlikely(!place))
		return false;
	same = iocb && place->inv.iocb == iocb;
	judged = unlikely(place->inv.judged) && same &&
		 place->inv.during == READ_ONCE(following_times);
	place->inv.again = same && !place->inv.seen && !place->inv.judged;
	place->inv.iocb = iocb;
	place->inv.dio = dio;
	place->inv.start = start;
	place->inv.length = length;
	place->inv.seen = false;
	place->inv.counted = judged && place->inv.counted;
	place->inv.judged = false;
	place->inv.whole = false;
	place->inv.dated = dirtied >= 0;
	place->inv.dirtied = dirtied;
	/*
	 * ->end_io() was called since the last invalidation began, or will be after this one has
	 * (iomap_dio_complete(), which has a @dio). Otherwise it was that of an earlier write.
	 */
	if (dio || !place->inv.fresh)
		place->inv.ended = NULL;
	place->inv.fresh = false;
	task_release(place);
	return judged;
}
NOKPROBE_SYMBOL(diolate_task_begins);

/**
 * diolate_task_judged() - a write was judged that this task may invalidate for next
 * @iocb:  the write; NULL if the next one was not judged
 * @start: where the write begins
 * @found: it was counted as overtaken
 *
 * The invalidation may not come, and a later write of the kernel have the same kiocb. This is
 * called for that, too, as long as direct writes are followed.
 *
 * Context: any, also inside an ftrace callback.
 */
void diolate_task_judged(struct kiocb *iocb, loff_t start, bool found)
{
	struct place *place = task_own_place();

	if (!place)
		return;
	place->inv.iocb = iocb;
	place->inv.dio = NULL;
	place->inv.start = start;
	place->inv.length = 0;
	place->inv.seen = false;
	place->inv.counted = found;
	place->inv.whole = false;
	place->inv.dated = false;
	place->inv.judged = true;
	place->inv.during = READ_ONCE(following_times);
	task_release(place);
}
NOKPROBE_SYMBOL(diolate_task_judged);

/**
 * diolate_task_judges_anew() - direct writes are followed from now on, or no longer: what was said
 *                              of a write before is of another one
 *
 * Context: process.
 */
void diolate_task_judges_anew(void)
{
	WRITE_ONCE(following_times, following_times + 1);
}

/**
 * diolate_task_ends() - whether ->end_io() of a file system is to be called for a write by
 *                       src/entry/ends.c, which is called for it
 * @iocb: the write
 *
 * Context: any, also inside an ftrace callback.
 * Return: true the first time; false in that call itself, or if its end cannot be noted.
 */
bool diolate_task_ends(const struct kiocb *iocb)
{
	struct place *place = task_own_place();
	bool first;

	if (!place)
		return false;
	first = place->ending != iocb;
	place->ending = first ? iocb : NULL;
	place->inv.ended = NULL;
	task_release(place);
	return first;
}
NOKPROBE_SYMBOL(diolate_task_ends);

/**
 * diolate_task_ended() - ->end_io() of a file system has returned
 * @iocb:      of diolate_task_ends()
 * @succeeded: what was written is the file's
 *
 * Context: any.
 */
void diolate_task_ended(const struct kiocb *iocb, bool succeeded)
{
	struct place *place;

	preempt_disable();
	place = task_own_place();
	if (place) {
		place->ending = NULL;
		place->inv.ended = succeeded ? iocb : NULL;
		place->inv.fresh = true;
		place->inv.epoch = READ_ONCE(epoch);
		task_release(place);
	}
	preempt_enable();
}

/**
 * diolate_task_ends_anew() - ->end_io() is followed from now on; before, some may have been missed
 *
 * Context: process.
 */
void diolate_task_ends_anew(void)
{
	WRITE_ONCE(epoch, epoch + 1);
}

/**
 * diolate_task_has_ended() - whether ->end_io() of a write is known to have succeeded
 * @inv: the invalidation that ends the write, of this task
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_task_has_ended(const struct diolate_invalidation *inv)
{
	return inv->iocb && inv->ended == inv->iocb && inv->epoch == READ_ONCE(epoch);
}
NOKPROBE_SYMBOL(diolate_task_has_ended);

/**
 * diolate_task_hold() - the last invalidation that this task has begun
 *
 * Context: any, also inside a probe handler.
 * Return: the invalidation, held until diolate_task_release(); NULL if there is none, or its
 *         beginning was not seen.
 */
struct diolate_invalidation *diolate_task_hold(void)
{
	pid_t pid = task_invalidating();
	struct place *place = pid ? task_find(pid) : NULL;

	return place && task_hold(place, pid, pid) ? &place->inv : NULL;
}
NOKPROBE_SYMBOL(diolate_task_hold);

/**
 * diolate_task_release() - release what diolate_task_hold() holds, if anything
 *
 * Context: any, also inside a probe handler; the same task.
 */
void diolate_task_release(void)
{
	pid_t pid = task_invalidating();
	struct place *place = pid ? task_find(pid | HELD) : NULL;

	if (place)
		task_release(place);
}
NOKPROBE_SYMBOL(diolate_task_release);

/**
 * diolate_task_missed() - how many invalidations found no place, since load
 *
 * Context: any.
 */
unsigned long diolate_task_missed(void)
{
	return atomic_long_read(&missed);
}

/**
 * diolate_task_init() - make the table
 *
 * Context: process, may sleep; before any probe is armed.
 * Return: 0, or a negative errno after one sentence in the kernel log.
 */
int diolate_task_init(void)
{
	/* Many more tasks have a place than invalidate at a time. */
	unsigned int n = 8 * roundup_pow_of_two(diolate_params_maxactive);

	mask = n - 1;
	places = kvcalloc(n, sizeof(*places), GFP_KERNEL);
	if (places)
		return 0;
	pr_err("not loaded: no place for %u tasks; load with a smaller maxactive\n", n);
	return -ENOMEM;
}

/**
 * diolate_task_exit() - free the table
 *
 * Context: process, may sleep; when no probe is armed any more.
 */
void diolate_task_exit(void)
{
	kvfree(places);
}
