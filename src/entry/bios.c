// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct writes and writeback are followed on their way to the device:
 * - A direct write begins, and has yet to drop the page cache of its range. (In fs/direct-io.c, the
 *   probe of generic_file_direct_write() sees that, always: src/entry/invalidation.c.)
 * - A bio is sent: of a direct write, of writeback, or of a read into the page cache. Each bio of a
 *   file system hits the tracepoint block_bio_queue once, after what may hold the bio back
 *   (blk_throtl_bio()) and before what may split it (submit_bio_noacct_nocheck(),
 *   block/blk-core.c, 6.1 to 7.3; submit_bio_checks(), 5.10).
 * - A bio of a direct write ends. Its bi_end_io is followed, because not every end hits the
 *   tracepoint.
 * What each of them says is in direct_bios.c, cache_bios.c and ioends.c, here is what is followed,
 * and when. src/flight/ draws the conclusions; src/outcome/judge.c asks for them where the write is
 * answered. Without policy=repair and track=always (src/flight/track.c), all of this is armed only
 * after a writeback could overtake a direct write.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "entry/bios.h"
#include "entry/cache_bios.h"
#include "entry/direct_bios.h"
#include "entry/invalidation.h"
#include "entry/ioends.h"
#include "entry/results.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/sentinel.h"
#include "kernel/compat/bio.h"
#include "kernel/compat/iomap.h"
#include "kernel/hook.h"
#include "kernel/layout.h"
#include "kernel/symbol.h"
#include "outcome/instead.h"
#include "outcome/judge.h"
#include "write/receivers.h"
#include "write/task.h"

#if DIOLATE_FOLLOWS_BIOS
enum {
	BEGINS_IOMAP, BEGINS_IOMAP_TOO, ENDS_IOMAP, ENDS_ELSEWHERE, MAPS, ENDS_DIO_ASYNC,
	ENDS_DIO, COMPLETES_IOMAP, FUNCTIONS
};

/**
 * struct target - a function that is followed
 * @symbol:  the name of the function
 * @purpose: what for, for the administrator
 * @address: its first instruction; 0 if it cannot be followed
 * @err:     why not; -EALREADY if it need not be followed
 */
struct target {
	const char *symbol;
	const char *purpose;
	unsigned long address;
	int err;
};

static struct target functions[FUNCTIONS] = {
	[BEGINS_IOMAP] = { "__iomap_dio_rw", "when a direct write begins, iomap file systems" },
	[BEGINS_IOMAP_TOO] = { "iomap_dio_rw",
			       "when a direct write begins, where it has a copy of that" },
	[ENDS_IOMAP] = { "iomap_dio_bio_end_io", "when its data are on the disk, iomap" },
	[ENDS_ELSEWHERE] = { "xfs_end_bio", "when its data are on the disk, xfs on zones" },
	[MAPS] = { "iomap_finish_ioends", "when they are the file's, xfs on zones" },
	[ENDS_DIO_ASYNC] = { "dio_bio_end_aio", "when its data are on the disk, fs/direct-io.c" },
	[ENDS_DIO] = { "dio_bio_end_io",
		       "when its data are on the disk, fs/direct-io.c, waited for" },
	[COMPLETES_IOMAP] = { "iomap_dio_complete",
			      "when it is completed and need not invalidate the cache, iomap" },
};

/* ftrace is called from fewer than so many bytes past the beginning of a function. */
#define REACH 16

/* Not at a function without an address: no kernel code is at the first bytes of memory. */
static bool bios_is_at(unsigned long ip, unsigned int function)
{
	return ip - functions[function].address < REACH;
}
NOKPROBE_SYMBOL(bios_is_at);

static void bios_ended_elsewhere(struct bio *bio)
{
	bio_end_io_t *end_io;

	/* If xfs was unloaded, another module may be at this address. */
	if (!get_kernel_nofault(end_io, &bio->bi_end_io) &&
	    (unsigned long)end_io == functions[ENDS_ELSEWHERE].address)
		diolate_ioends_ended(bio);
}
NOKPROBE_SYMBOL(bios_ended_elsewhere);

static void bios_ended(struct bio *bio, void (*ended)(struct bio *bio))
{
	if (bio_op(bio) == REQ_OP_WRITE)
		ended(bio);
}
NOKPROBE_SYMBOL(bios_ended);

/* Those that are called for each direct write come first. */
static void notrace bios_followed(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				  struct diolate_ftrace_regs *regs)
{
	void *first = (void *)diolate_ftrace_argument(regs, 0);

	preempt_disable_notrace();
	if (bios_is_at(ip, BEGINS_IOMAP) || bios_is_at(ip, BEGINS_IOMAP_TOO))
		diolate_direct_bios_begin(first, (void *)diolate_ftrace_argument(regs, 1),
					  (void *)diolate_ftrace_argument(regs, 3));
	else if (bios_is_at(ip, ENDS_IOMAP))
		bios_ended(first, diolate_direct_bios_ended_by_iomap);
	else if (bios_is_at(ip, COMPLETES_IOMAP))
		diolate_invalidation_completes(first);
	else if (bios_is_at(ip, ENDS_DIO_ASYNC) || bios_is_at(ip, ENDS_DIO))
		bios_ended(first, diolate_direct_bios_ended_by_dio);
	else if (bios_is_at(ip, ENDS_ELSEWHERE))
		bios_ended_elsewhere(first);
	else if (bios_is_at(ip, MAPS))
		diolate_ioends_mapped(first, diolate_ftrace_argument(regs, 1));
	else
		diolate_results_answered(ip, regs);
	preempt_enable_notrace();
}

static struct diolate_hook following = {
	.symbol = "__iomap_dio_rw",
	.ops.func = bios_followed,
	.ops.flags = DIOLATE_FOLLOW_FLAGS,
};

/* A function that is not known has address 0, and a bio may have no bi_end_io. */
static bool bios_ends_at(unsigned long end_io, unsigned int function)
{
	return end_io && end_io == functions[function].address;
}
NOKPROBE_SYMBOL(bios_ends_at);

static void bios_queued(struct bio *bio)
{
	unsigned long end_io = (unsigned long)bio->bi_end_io;
	bool writes = bio_op(bio) == REQ_OP_WRITE;

	if (!writes && bio_op(bio) != REQ_OP_READ)
		return;
	preempt_disable_notrace();
	if (bios_ends_at(end_io, ENDS_IOMAP)) {
		if (writes)
			diolate_direct_bios_sent_by_iomap(bio);
	} else if (bios_ends_at(end_io, ENDS_DIO_ASYNC) || bios_ends_at(end_io, ENDS_DIO)) {
		if (writes)
			diolate_direct_bios_sent_by_dio(bio);
	} else {
		diolate_cache_bios_sent(bio, writes);
	}
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(bios_queued);

DIOLATE_BIO_QUEUED(bios_bio_queued, bios_queued);

static struct tracepoint *tracepoint;

/* The errno of the last diolate_bios_arm(), or 0. */
static int failed;

static void bios_look_for(struct tracepoint *candidate, void *unused)
{
	if (!strcmp(candidate->name, "block_bio_queue"))
		tracepoint = candidate;
}

static int bios_learn(struct target *f, unsigned int i)
{
	int err;

	if (i == COMPLETES_IOMAP && !DIOLATE_IOMAP_MAY_NOT_INVALIDATE)
		return -EALREADY;
	if ((i == ENDS_ELSEWHERE || i == MAPS) &&
	    (!DIOLATE_IOMAP_ENDS_DIRECT || !DIOLATE_IOMAP_IS_KNOWN))
		return -EALREADY;
	if (i == BEGINS_IOMAP_TOO && !functions[BEGINS_IOMAP].err) {
		err = diolate_symbol_calls("iomap_dio_rw", "__iomap_dio_rw");
		if (err != -EOPNOTSUPP)
			return err ?: -EALREADY;
	}
	return diolate_symbol_address(f->symbol, &f->address, NULL);
}

/*
 * Whether all bios of the page cache are seen. If not, nobody knows whether a direct write was
 * overtaken, over which something was written back.
 */
static bool sees_held_back;

static void bios_learn_of_held_back(void)
{
	unsigned long address;

	sees_held_back = DIOLATE_BIO_HELD_BACK_IS_SEEN ||
			 diolate_symbol_address(DIOLATE_BIO_HELD_BACK_BY, &address,
						NULL) == -ENOENT;
	if (!sees_held_back)
		pr_notice("writeback that a limit has held back is not seen on this kernel, which costs: what is overtaken is only known as overtaken_unknown\n");
}

/* Whether it is seen what file systems map that write elsewhere. */
static bool bios_sees_elsewhere(void)
{
	return functions[ENDS_ELSEWHERE].address && functions[MAPS].address;
}
NOKPROBE_SYMBOL(bios_sees_elsewhere);

/* The xfs module may be loaded later than diolate, or be unloaded. */
static void bios_learn_of_xfs(void)
{
	struct target *f = &functions[ENDS_ELSEWHERE];

	if (!functions[MAPS].address || f->address)
		return;
	f->err = bios_learn(f, ENDS_ELSEWHERE) ? -EALREADY : 0;
	if (f->err)
		f->address = 0;
}

static int bios_add_one(struct target *f)
{
	int err = f->address ? diolate_hook_add(&following, f->symbol, f->address, false) : 0;

	if (!err || f != &functions[ENDS_ELSEWHERE])
		return err;
	/* xfs was unloaded. It may be loaded again. */
	f->address = 0;
	f->err = -EALREADY;
	return 0;
}

static int bios_add_all(void)
{
	int err = diolate_receivers_follow(&following);
	unsigned int i;

	bios_learn_of_xfs();
	for (i = 0; i < FUNCTIONS && !err; i++)
		err = bios_add_one(&functions[i]);
	diolate_following_set_sees(sees_held_back && functions[ENDS_IOMAP].address,
				   sees_held_back && functions[ENDS_DIO_ASYNC].address &&
				   functions[ENDS_DIO].address,
				   bios_sees_elsewhere());
	if (!err)
		return diolate_hook_register(&following);
	diolate_hook_clear(&following);
	return err;
}

/**
 * diolate_bios_init() - find what is to be followed
 *
 * Context: process, may sleep.
 */
void diolate_bios_init(void)
{
	unsigned int i;

	diolate_flights_init();
	for_each_kernel_tracepoint(bios_look_for, NULL);
	bios_learn_of_held_back();
	for (i = 0; i < FUNCTIONS; i++) {
		struct target *f = &functions[i];

		f->err = i == ENDS_ELSEWHERE ? -EALREADY : bios_learn(f, i);
		if (!f->err)
			continue;
		f->address = 0;
		if (f->err != -EALREADY)
			pr_notice("%s cannot be followed on this kernel (error %d), which costs: %s\n",
				  f->symbol, f->err, f->purpose);
	}
}

/**
 * diolate_bios_arm() - follow direct writes from now on
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int diolate_bios_arm(void)
{
	int err;

	diolate_task_judges_anew();
	/* A write adopted from now on has to be judged where it is answered. */
	diolate_following_set_armed(true);
	err = tracepoint ? bios_add_all() : -ENOENT;
	if (!err) {
		diolate_following_set_answers(true);
		err = tracepoint_probe_register(tracepoint, bios_bio_queued, NULL);
		if (err) {
			diolate_following_set_answers(false);
			diolate_hook_disarm(&following);
		}
	}
	if (err) {
		diolate_following_set_armed(false);
		diolate_flights_sweep(true, diolate_judge_left);
	}
	failed = err;
	if (err)
		return err;
	diolate_following_set_live(true);
	return 0;
}

/* How long followed direct writes may take to end before they are given up; ms. */
#define PATIENCE 10000

/**
 * diolate_bios_disarm() - follow direct writes no longer
 *
 * Context: process, sleeps.
 */
void diolate_bios_disarm(void)
{
	unsigned int waited;

	if (!diolate_following_is_armed())
		return;
	/* Writeback is noted again before the first direct write is not followed. */
	diolate_sentinel_begin();
	diolate_following_set_live(false);
	/* Afterwards each write that saw following live has begun. */
	synchronize_rcu();
	for (waited = 0; waited < PATIENCE && !diolate_flights_are_over(); waited += 20)
		msleep(20);
	/* What is written back meanwhile is seen by those that judge a write now. */
	diolate_instead_wait();
	diolate_following_set_armed(false);
	tracepoint_probe_unregister(tracepoint, bios_bio_queued, NULL);
	tracepoint_synchronize_unregister();
	diolate_following_set_answers(false);
	diolate_hook_disarm(&following);
	diolate_flights_sweep(true, diolate_judge_left);
	diolate_task_judges_anew();
	diolate_direct_bios_forget();
}

/**
 * diolate_bios_show() - print the followed functions in the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each function that is followed, or cannot
 *     be followed
 *
 * Context: process, may sleep.
 */
void diolate_bios_show(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++) {
		const struct target *f = &functions[i];
		int err;

		if (f->err == -EALREADY || (!f->err && !failed && !diolate_following_is_begun()))
			continue;
		err = f->err ?: failed ?: diolate_layout_refuses(f->symbol);
		seq_printf(m, "%s %s 0 %s\n", f->symbol, err ? diolate_symbol_state(err) : "armed",
			   f->purpose);
	}
	if (diolate_following_is_begun() || failed || !tracepoint)
		seq_printf(m, "block_bio_queue %s 0 in which order what is written is sent\n",
			   !tracepoint ? "absent" : failed ? "refused" : "armed");
}

#else

void diolate_bios_init(void)
{
	pr_notice("this kernel's ftrace cannot follow direct writes, which costs: seeing that direct writes are overtaken; repair\n");
}

int diolate_bios_arm(void)
{
	return -EOPNOTSUPP;
}

void diolate_bios_disarm(void)
{
}

void diolate_bios_show(struct seq_file *m)
{
}

#endif
