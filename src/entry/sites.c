// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe sites, one row each, in the order in which they are armed: those that say whose a late
 * error is come before those that see one. They are disarmed in the opposite order. The handlers
 * are in src/entry/invalidation.c and src/entry/late_error.c.
 */
#include <linux/kprobes.h>
#include <linux/seq_file.h>

#include "entry/invalidation.h"
#include "entry/late_error.h"
#include "entry/sites.h"
#include "kernel/calls.h"
#include "kernel/hook.h"
#include "kernel/layout.h"
#include "kernel/symbol.h"
#include "model/params.h"
#include "write/inside.h"
#include "write/task.h"

enum {
	AT_INVALIDATE,
	AT_IOMAP_COMPLETE,
	AT_DIO_COMPLETE,
	AT_DIRECT_WRITE,
	AT_LATE_ERROR,
	AT_INLINED_LATE_ERROR,
	SITES
};

/**
 * struct site - a probe site
 * @hook:     follows the entry of a function, if it has a symbol
 * @calls:    else follows the calls of a function, by a kretprobe
 * @enter:    the entry handler of @calls
 * @kp:       else a plain kprobe
 * @purpose:  what for, for the administrator
 * @required: without the site the main job cannot be done
 * @stand_in: of no use if kiocb_invalidate_post_direct_write() is followed
 * @err:      0, NOT_NEEDED or the errno of arming
 * @armed:    whether the site has to be disarmed
 */
struct site {
	struct diolate_hook hook;
	struct diolate_calls *calls;
	kretprobe_handler_t enter;
	struct kprobe kp;
	const char *purpose;
	bool required;
	bool stand_in;
	int err;
	bool armed;
};

/* The @err of a site of no use on this kernel. */
#define NOT_NEEDED 1

static struct site sites[SITES] = {
	[AT_INVALIDATE] = {
		.hook = DIOLATE_HOOK("kiocb_invalidate_post_direct_write",
				     diolate_invalidation_enter_invalidate),
		.purpose = "which write the cache is invalidated for",
	},
	[AT_IOMAP_COMPLETE] = {
		.hook = DIOLATE_HOOK("iomap_dio_complete",
				     diolate_invalidation_enter_iomap_complete),
		.purpose = "which write the cache is invalidated for, iomap file systems",
		.required = true,
		.stand_in = true,
	},
	[AT_DIO_COMPLETE] = {
		.calls = &diolate_inside_dio_complete,
		.enter = diolate_invalidation_enter_dio_complete,
		.purpose = "which write the cache is invalidated for, fs/direct-io.c file systems",
		.stand_in = true,
	},
	[AT_DIRECT_WRITE] = {
		.calls = &diolate_inside_direct_write,
		.enter = diolate_invalidation_enter_direct_write,
		.purpose =
			"a write that is invalidated twice is counted once; when one of fs/direct-io.c begins",
		.required = true,
	},
	[AT_LATE_ERROR] = {
		.kp.symbol_name = DIOLATE_LATE_ERROR_SYMBOL,
		.kp.pre_handler = diolate_late_error_hit,
		.purpose = "the late error itself",
		.required = true,
	},
	[AT_INLINED_LATE_ERROR] = {
		.kp.symbol_name = "errseq_set",
		.kp.pre_handler = diolate_late_error_inlined,
		.purpose = "the late error of a write that was waited for, inlined",
		.stand_in = true,
	},
};

static __always_inline const char *sites_symbol(const struct site *site)
{
	if (site->calls)
		return site->calls->rp.kp.symbol_name;
	return site->hook.symbol ?: site->kp.symbol_name;
}

static const char *sites_trouble(const struct site *site)
{
	return site->err == -ENOENT ? "is absent" :
	       site->err == -EPROTO ? "is not as in any tested kernel, nor what it looks into," :
				      "cannot be probed";
}

/* An optional site that is not armed disables its own path only. */
static void sites_tell(const struct site *site)
{
	pr_notice("%s %s on this kernel (error %d), which costs: %s\n", sites_symbol(site),
		  sites_trouble(site), site->err, site->purpose);
}

static int sites_arm(struct site *site)
{
	int err;

	if (site->stand_in && sites[AT_INVALIDATE].armed)
		return NOT_NEEDED;
	err = diolate_layout_refuses(sites_symbol(site));
	if (err)
		return err;
	if (site == &sites[AT_INLINED_LATE_ERROR])
		err = diolate_late_error_inlined_in(sites_symbol(&sites[AT_DIRECT_WRITE]));
	if (err)
		return err;
	if (site->hook.symbol)
		return diolate_hook_arm(&site->hook);
	if (!site->calls)
		return register_kprobe(&site->kp);
	site->calls->rp.entry_handler = site->enter;
	site->calls->rp.maxactive = diolate_params_maxactive;
	return diolate_calls_arm(site->calls);
}

/**
 * diolate_sites_arm() - arm every probe site
 *
 * Context: process, may sleep.
 * Return: 0; or, after one sentence in the kernel log, the negative errno of the first required
 *         site that could not be armed: the caller disarms the sites before it.
 */
int diolate_sites_arm(void)
{
	size_t i;

	for (i = 0; i < SITES; i++) {
		struct site *site = &sites[i];

		site->err = sites_arm(site);
		site->armed = !site->err;
		if (i == AT_INVALIDATE)
			diolate_inside_all_noted(site->armed);
		if (site->armed || site->err == NOT_NEEDED)
			continue;
		if (site->required) {
			pr_err("not loaded: %s %s on this kernel (error %d), which is needed for: %s\n",
			       sites_symbol(site), sites_trouble(site), site->err, site->purpose);
			return diolate_symbol_errno(site->err);
		}
		if (i == AT_INVALIDATE) {
			/* The site has stand-ins, the first of which is required. */
			if (site->err != -ENOENT)
				pr_notice("%s %s on this kernel (error %d); others stand in for it\n",
					  sites_symbol(site), sites_trouble(site), site->err);
			continue;
		}
		sites_tell(site);
	}
	return 0;
}

/*
 * Whether a site notes what a task has begun last. It then misses a task that gets no place.
 */
static bool sites_notes_begun(const struct site *site)
{
	return site == &sites[AT_INVALIDATE] ||
	       (site == &sites[AT_IOMAP_COMPLETE] && !sites[AT_INVALIDATE].armed);
}

/* Hits that a site missed: no free instance or place, or another kprobe ran on that CPU. */
static unsigned long sites_missed(const struct site *site)
{
	if (site->hook.symbol)
		return diolate_hook_missed(&site->hook) +
		       (sites_notes_begun(site) && site->armed ? diolate_task_missed() : 0);
	if (site->calls)
		return READ_ONCE(site->calls->rp.kp.nmissed) + READ_ONCE(site->calls->rp.nmissed);
	return READ_ONCE(site->kp.nmissed);
}

/**
 * diolate_sites_disarm() - disarm every probe site, the late error first
 *
 * Context: process, sleeps. When it returns, no handler runs or will run: unregistering waits for
 *          running handlers.
 */
void diolate_sites_disarm(void)
{
	size_t behind = SITES;

	while (behind--) {
		struct site *site = &sites[behind];

		if (!site->armed)
			continue;
		site->armed = false;
		if (behind == AT_INVALIDATE)
			diolate_inside_all_noted(false);
		if (site->hook.symbol)
			diolate_hook_disarm(&site->hook);
		else if (site->calls)
			diolate_calls_disarm(site->calls);
		else
			unregister_kprobe(&site->kp);
	}
}

/**
 * diolate_sites_missed() - how many hits all sites together missed since load
 *
 * Context: any.
 */
unsigned long diolate_sites_missed(void)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++)
		sum += sites_missed(&sites[i]);
	return sum;
}

static const char *sites_state(const struct site *site, bool off)
{
	int err = site->err ?: diolate_layout_refuses(sites_symbol(site));

	if (err)
		return diolate_symbol_state(err);
	return off && !(DIOLATE_HAS_FTRACE && site->hook.symbol) ? "disarmed" : "armed";
}

/**
 * diolate_sites_show() - print the probe sites in the file `sites`
 * @m:   the file; a line `symbol state missed purpose` for each site
 * @off: whether kprobes are switched off now
 *
 * Context: process, may sleep.
 */
void diolate_sites_show(struct seq_file *m, bool off)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *site = &sites[i];

		if (site->err == NOT_NEEDED)
			continue;
		seq_printf(m, "%s %s %lu %s\n", sites_symbol(site), sites_state(site, off),
			   sites_missed(site), site->purpose);
	}
}
