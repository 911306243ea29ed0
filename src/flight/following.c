// SPDX-License-Identifier: GPL-2.0-only
/*
 * These flags say whether direct writes are followed, and what is seen of them. src/entry/bios.c,
 * which arms the hooks, sets them.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>

#include "flight/following.h"

/*
 * live: a direct write that begins now is followed. answers: results of direct writes are seen.
 * armed: some direct writes may be followed. iomap, dio: the bios of direct writes of iomap, and of
 * fs/direct-io.c, are seen. maps: mapping is seen where file systems write elsewhere.
 */
static bool live, answers, armed, iomap, dio, maps;

/* When live was set, and when writeback last came near a direct write; jiffies. */
static unsigned long live_since, met;

/**
 * diolate_following_is_armed() - whether some direct writes may be followed
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_following_is_armed(void)
{
	return unlikely(READ_ONCE(armed));
}
NOKPROBE_SYMBOL(diolate_following_is_armed);

/**
 * diolate_following_sees_answers() - whether the results of direct writes are seen
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_following_sees_answers(void)
{
	return READ_ONCE(answers);
}
NOKPROBE_SYMBOL(diolate_following_sees_answers);

/**
 * diolate_following_is_live() - whether direct writes have been followed for longer than @ago
 * @ago: jiffies
 *
 * Context: any, also inside an ftrace callback.
 */
bool diolate_following_is_live(unsigned long ago)
{
	/* Paired with the release in diolate_following_set_live(). */
	return smp_load_acquire(&live) && time_after(jiffies, READ_ONCE(live_since) + ago);
}
NOKPROBE_SYMBOL(diolate_following_is_live);

/**
 * diolate_following_met() - when writeback last came near a direct write, or when following began
 *
 * Context: any.
 * Return: jiffies.
 */
unsigned long diolate_following_met(void)
{
	return READ_ONCE(met);
}

/**
 * diolate_following_maps() - whether mapping is seen on file systems that write elsewhere
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_following_maps(void)
{
	return READ_ONCE(maps);
}
NOKPROBE_SYMBOL(diolate_following_maps);

/**
 * diolate_following_sees_iomap() - whether the bios of direct writes of iomap are seen
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_following_sees_iomap(void)
{
	return READ_ONCE(iomap);
}
NOKPROBE_SYMBOL(diolate_following_sees_iomap);

/**
 * diolate_following_sees_dio() - whether the bios of direct writes of fs/direct-io.c are seen
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_following_sees_dio(void)
{
	return READ_ONCE(dio);
}
NOKPROBE_SYMBOL(diolate_following_sees_dio);

/**
 * diolate_following_set_armed() - set whether some direct writes may be followed
 * @may: whether they may
 *
 * Context: process.
 */
void diolate_following_set_armed(bool may)
{
	WRITE_ONCE(armed, may);
}

/**
 * diolate_following_set_answers() - set whether the results of direct writes are seen
 * @seen: whether they are
 *
 * Context: process.
 */
void diolate_following_set_answers(bool seen)
{
	WRITE_ONCE(answers, seen);
}

/**
 * diolate_following_set_sees() - set what is seen of direct writes
 * @of_iomap: the flag of diolate_following_sees_iomap()
 * @of_dio:   the flag of diolate_following_sees_dio()
 * @mapping:  the flag of diolate_following_maps()
 *
 * Context: process; before diolate_following_set_live().
 */
void diolate_following_set_sees(bool of_iomap, bool of_dio, bool mapping)
{
	WRITE_ONCE(iomap, of_iomap);
	WRITE_ONCE(dio, of_dio);
	WRITE_ONCE(maps, mapping);
}

/**
 * diolate_following_set_live() - set whether direct writes that begin from now on are followed
 * @are: whether they are; if so, all hooks are armed
 *
 * Context: process.
 */
void diolate_following_set_live(bool are)
{
	if (are) {
		WRITE_ONCE(live_since, jiffies);
		WRITE_ONCE(met, jiffies);
	}
	/* All hooks are armed: a CPU that sees @live set passes all of them. */
	smp_store_release(&live, are);
}

/**
 * diolate_following_met_now() - note that writeback comes near a direct write now
 *
 * Context: any, also inside a tracepoint.
 */
void diolate_following_met_now(void)
{
	WRITE_ONCE(met, jiffies);
}
NOKPROBE_SYMBOL(diolate_following_met_now);

/**
 * diolate_following_is_begun() - whether a direct write that begins now is followed
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
bool diolate_following_is_begun(void)
{
	/* Paired with the release in diolate_following_set_live(). */
	return smp_load_acquire(&live);
}
NOKPROBE_SYMBOL(diolate_following_is_begun);
