/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the table of probe sites (src/probes.c) and its handlers.
 */
#ifndef DIOLATE_PROBES_H
#define DIOLATE_PROBES_H

#include <linux/kprobes.h>

#include "compat.h"

/** enum diolate_site - the probe sites, in the order in which they are armed */
enum diolate_site {
	DIOLATE_AT_INVALIDATE,
	DIOLATE_AT_IOMAP_COMPLETE,
	DIOLATE_AT_DIO_COMPLETE,
	DIOLATE_AT_DIRECT_WRITE,
	DIOLATE_AT_LATE_ERROR,
	DIOLATE_AT_INLINED_LATE_ERROR,
	DIOLATE_SITES
};

/* Of the flags of dio_complete(), fs/direct-io.c, 5.10 to 7.3. */
#define DIOLATE_DIO_COMPLETE_ASYNC BIT(0)
#define DIOLATE_DIO_COMPLETE_INVALIDATE BIT(1)

bool diolate_probes_follow(enum diolate_site at);
void *diolate_probes_innermost(enum diolate_site at, bool (*match)(void *data, void *arg),
			       void *arg);

/* late.c */
DIOLATE_DECLARE_HOOKED(diolate_enter_invalidate);
DIOLATE_DECLARE_HOOKED(diolate_enter_iomap_complete);
int diolate_enter_dio_complete(struct kretprobe_instance *ri, struct pt_regs *regs);
int diolate_enter_direct_write(struct kretprobe_instance *ri, struct pt_regs *regs);
int diolate_late_error(struct kprobe *p, struct pt_regs *regs);
int diolate_inlined_late_error(struct kprobe *p, struct pt_regs *regs);
int diolate_late_error_inlined_in(const char *symbol);

#endif
