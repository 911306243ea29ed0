/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's log, of which only a few lines are of interest.
 */
#ifndef DIOLATE_READ_KMSG_H
#define DIOLATE_READ_KMSG_H

/*
 * Calls `take` for each line of it that the kernel wrote itself, oldest first, with the time since boot in microseconds and its text, in which the
 * kernel has escaped what is not printable as \xNN. 0, or -errno.
 */
int kmsg_each(void (*take)(unsigned long long us, const char *text, void *data), void *data);

/* Whether it is the kernel's own message of a late error, or a line of the module. */
int kmsg_is_ours(const char *text);

#endif
