/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who made which folio dirty. Compiled and tested in user space too, like flight.h.
 */
#ifndef DIOLATE_FLIGHT_DIRTIED_H
#define DIOLATE_FLIGHT_DIRTIED_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* TASK_COMM_LEN. */
#define DIOLATE_COMM 16

/* A file is watched so long after direct I/O to it was last in flight; jiffies. */
#define DIOLATE_WATCH (10 * HZ)
#define DIOLATE_WATCHES_BITS 12

struct address_space;

/** enum diolate_by - by what a folio became dirty */
enum diolate_by {
	DIOLATE_BY_NOBODY,	/* not known */
	DIOLATE_BY_MMAP,	/* a store into mapped memory */
	DIOLATE_BY_WRITE,	/* a system call that writes to the file */
	DIOLATE_BY_GUP,		/* a system call that stores into mapped memory */
	DIOLATE_BY_KERNEL,	/* a thread of the kernel that writes to the file */
};

/**
 * struct diolate_dirtier - who made a folio dirty
 * @by:   by what; DIOLATE_BY_NOBODY if it is not known who did
 * @pid:  the process, in the initial pid namespace
 * @comm: its name by then
 */
struct diolate_dirtier {
	enum diolate_by by;
	int pid;
	char comm[DIOLATE_COMM];
};

extern unsigned long diolate_dirtied_watches[1 << DIOLATE_WATCHES_BITS];
extern unsigned long diolate_dirtied_until;

/**
 * diolate_dirtied_is_watched() - whether folios of a file may be known here
 * @mapping: the file
 *
 * Context: any.
 */
static inline bool diolate_dirtied_is_watched(const struct address_space *mapping)
{
	const unsigned long *until = &diolate_dirtied_watches[hash_ptr((void *)mapping,
								       DIOLATE_WATCHES_BITS)];

	return time_before(jiffies, READ_ONCE(*until));
}

/**
 * diolate_dirtied_is_live() - whether a note may be believed, of any file
 *
 * Context: any.
 */
static inline bool diolate_dirtied_is_live(void)
{
	return time_before(jiffies, READ_ONCE(diolate_dirtied_until));
}

void diolate_dirtied_init(void);
void diolate_dirtied_watch(const struct address_space *mapping);
void diolate_dirtied_note(const struct address_space *mapping, pgoff_t first, pgoff_t last,
			  bool writeback, const struct diolate_dirtier *who);
u32 diolate_dirtied_now(const struct address_space *mapping);
u64 diolate_dirtied_find(const struct address_space *mapping, pgoff_t index, bool writeback,
			 const u32 *latest);
bool diolate_dirtied_who(u64 note, struct diolate_dirtier *who);

#endif
