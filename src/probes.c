// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe sites, one row each, in the order in which they are armed: what a late error needs is
 * there before the first one can be seen. Disarmed in the opposite order.
 * The handlers are in src/late.c.
 */
#include <linux/kprobes.h>
#include <linux/seq_file.h>

#include "diolate.h"
#include "probes.h"

/**
 * struct site - a probe site
 * @hook:     a function whose entry is followed, if it has a symbol
 * @calls:    else the probe: a kretprobe if it has an entry handler, else the plain kprobe in it
 * @purpose:  what it is for, for the administrator
 * @required: without it the main job cannot be done
 * @stand_in: of no use where kiocb_invalidate_post_direct_write() is
 * @err:      how arming ended
 * @armed:    whether it is to be disarmed
 */
struct site {
	struct diolate_hook hook;
	struct diolate_calls calls;
	const char *purpose;
	bool required;
	bool stand_in;
	int err;
	bool armed;
};

/* What @err is when a site is of no use on this kernel. */
#define NOT_NEEDED 1

static struct site sites[DIOLATE_SITES] = {
	[DIOLATE_AT_INVALIDATE] = {
		.hook = DIOLATE_HOOK("kiocb_invalidate_post_direct_write",
				     diolate_enter_invalidate),
		.purpose = "which write the cache is invalidated for",
	},
	[DIOLATE_AT_IOMAP_COMPLETE] = {
		.hook = DIOLATE_HOOK("iomap_dio_complete", diolate_enter_iomap_complete),
		.purpose = "which write the cache is invalidated for, iomap file systems",
		.required = true,
		.stand_in = true,
	},
	[DIOLATE_AT_DIO_COMPLETE] = {
		.calls.rp.kp.symbol_name = "dio_complete",
		.calls.rp.entry_handler = diolate_enter_dio_complete,
		.calls.rp.data_size = sizeof(struct diolate_dio_complete),
		.purpose = "which write the cache is invalidated for, fs/direct-io.c file systems",
		.stand_in = true,
	},
	[DIOLATE_AT_DIRECT_WRITE] = {
		.calls.rp.kp.symbol_name = "generic_file_direct_write",
		.calls.rp.entry_handler = diolate_enter_direct_write,
		.calls.rp.data_size = sizeof(struct diolate_direct_write),
		.purpose =
			"a write that is invalidated twice is counted once; when one of fs/direct-io.c begins",
		.required = true,
	},
	[DIOLATE_AT_LATE_ERROR] = {
		.calls.rp.kp.symbol_name = DIOLATE_LATE_ERROR_SYMBOL,
		.calls.rp.kp.pre_handler = diolate_late_error,
		.purpose = "the late error itself",
		.required = true,
	},
	[DIOLATE_AT_INLINED_LATE_ERROR] = {
		.calls.rp.kp.symbol_name = "errseq_set",
		.calls.rp.kp.pre_handler = diolate_inlined_late_error,
		.purpose = "the late error of a write that was waited for, inlined",
		.stand_in = true,
	},
};

/**
 * diolate_probes_follow() - whether a site is armed
 * @at: which
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_probes_follow(enum diolate_site at)
{
	return READ_ONCE(sites[at].armed);
}
NOKPROBE_SYMBOL(diolate_probes_follow);

/**
 * diolate_probes_innermost() - the innermost call of a site's function this task is inside of
 * @at:    the site, of a kretprobe
 * @match: whether this call's data is the one wanted
 * @arg:   passed on to @match
 *
 * Context: any, also inside a probe handler; with preemption off.
 * Return: the data of the call, valid until it returns; NULL if there is none, or the site is not
 *         armed.
 */
void *diolate_probes_innermost(enum diolate_site at, bool (*match)(void *data, void *arg),
			       void *arg)
{
	return READ_ONCE(sites[at].armed) ?
		       diolate_calls_innermost(&sites[at].calls, match, arg) : NULL;
}
NOKPROBE_SYMBOL(diolate_probes_innermost);

static bool is_kretprobe(const struct site *site)
{
	return site->calls.rp.entry_handler;
}

static const char *symbol(const struct site *site)
{
	return site->hook.symbol ?: site->calls.rp.kp.symbol_name;
}

static const char *trouble(const struct site *site)
{
	return site->err == -ENOENT ? "is absent" : "cannot be probed";
}

/* What is not armed costs its path only. */
static void tell(const struct site *site)
{
	pr_notice("%s %s on this kernel (error %d), which costs: %s\n",
		  symbol(site), trouble(site), site->err, site->purpose);
}

static int arm(struct site *site)
{
	int err = 0;

	if (site->stand_in && sites[DIOLATE_AT_INVALIDATE].armed)
		return NOT_NEEDED;
	if (site == &sites[DIOLATE_AT_INLINED_LATE_ERROR])
		err = diolate_late_error_inlined_in(symbol(&sites[DIOLATE_AT_DIRECT_WRITE]));
	if (err)
		return err;
	if (site->hook.symbol)
		return diolate_hook_arm(&site->hook);
	if (!is_kretprobe(site))
		return register_kprobe(&site->calls.rp.kp);
	site->calls.rp.maxactive = diolate_maxactive;
	return diolate_calls_arm(&site->calls);
}

/**
 * diolate_probes_arm() - arm every probe site
 *
 * Context: process, may sleep.
 * Return: 0; or, with one sentence in the kernel log, the error of the first required site that
 *         could not be armed: the caller disarms those before it. An optional one costs its path.
 */
int diolate_probes_arm(void)
{
	size_t i;

	for (i = 0; i < DIOLATE_SITES; i++) {
		struct site *site = &sites[i];

		site->err = arm(site);
		site->armed = !site->err;
		if (site->armed || site->err == NOT_NEEDED)
			continue;
		if (site->required) {
			pr_err("not loaded: %s %s on this kernel (error %d), which is needed for: %s\n",
			       symbol(site), trouble(site), site->err, site->purpose);
			return diolate_symbol_errno(site->err);
		}
		if (i == DIOLATE_AT_INVALIDATE) {
			/* It has stand-ins, the first of which is required. */
			if (site->err != -ENOENT)
				pr_notice("%s %s on this kernel (error %d); others stand in for it\n",
					  symbol(site), trouble(site), site->err);
			continue;
		}
		tell(site);
	}
	return 0;
}

/*
 * Whether this site notes what a task has begun last: what finds no place for that is missed here.
 */
static bool notes_begun(const struct site *site)
{
	return site == &sites[DIOLATE_AT_INVALIDATE] ||
	       (site == &sites[DIOLATE_AT_IOMAP_COMPLETE] && !sites[DIOLATE_AT_INVALIDATE].armed);
}

/* Hits a site did not see: no free instance or place, or another kprobe was running on that CPU. */
static unsigned long missed(const struct site *site)
{
	if (site->hook.symbol)
		return diolate_hook_missed(&site->hook) +
		       (notes_begun(site) && site->armed ? diolate_current_missed() : 0);
	return READ_ONCE(site->calls.rp.kp.nmissed) + READ_ONCE(site->calls.rp.nmissed);
}
NOKPROBE_SYMBOL(missed);

/**
 * diolate_probes_disarm() - disarm them, the late error first
 *
 * Context: process, sleeps. When it returns no handler of theirs runs or will: unregistering waits
 *          for those that do.
 */
void diolate_probes_disarm(void)
{
	size_t behind = DIOLATE_SITES;

	while (behind--) {
		struct site *site = &sites[behind];

		if (!site->armed)
			continue;
		/* Nobody looks among its calls any more, whose memory goes with it. */
		WRITE_ONCE(site->armed, false);
		if (is_kretprobe(site))
			synchronize_rcu();
		if (site->hook.symbol)
			diolate_hook_disarm(&site->hook);
		else if (is_kretprobe(site))
			diolate_calls_disarm(&site->calls);
		else
			unregister_kprobe(&site->calls.rp.kp);
	}
}

/**
 * diolate_probes_missed() - hits that all sites together did not see, since load
 *
 * Context: any.
 */
unsigned long diolate_probes_missed(void)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++)
		sum += missed(&sites[i]);
	return sum;
}

static const char *state(const struct site *site, bool off)
{
	if (site->err)
		return site->err == -ENOENT ? "absent" : "refused";
	return off && !(DIOLATE_HAS_FTRACE && site->hook.symbol) ? "disarmed" : "armed";
}

/**
 * diolate_probes_show() - print the file `sites`
 * @m: the file; a line `symbol state missed purpose` for each site
 *
 * Context: process, may sleep.
 */
void diolate_probes_show(struct seq_file *m)
{
	bool off = diolate_selftest_off();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		const struct site *site = &sites[i];

		if (site->err == NOT_NEEDED)
			continue;
		seq_printf(m, "%s %s %lu %s\n", symbol(site),
			   state(site, off), missed(site), site->purpose);
	}
	diolate_consumers_show(m);
	diolate_follow_show(m);
	diolate_ftrace_show(m);
}
