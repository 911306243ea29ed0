/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of collide share: collide.c collides, submit.c submits, withhold.c has a write wait.
 */
#ifndef COLLIDE_H
#define COLLIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MAX_WRITES 8192

struct options {
	const char *device, *file, *through, *during, *first, *by;
	size_t size, written, offset, length, limit, place, beyond;
	unsigned int writes, stores;
	uid_t uid;
	void (*write)(int fd, char *data, long *res);
	const char *uring, *sync, *alarm, *meanwhile, *process;
	int flags;
	bool twice, keep, overlap, submitted, again, uncommitted, in_line;
};

extern struct options opt;

/* Shared by the submitter and the process that stores. */
struct progress {
	bool submitted, stored, in_flight, sought;
	off_t pos;
};

extern struct progress *shared;

void say(bool *what);
bool is_said(const bool *what);

pid_t start(const char *command);
void finish(pid_t child);

/* Where write number i begins. */
size_t offset_of(unsigned int i);

/* Whether the device is not held. */
bool held_by_nobody(void);

/* Submit all writes of `data`, wait, and set the result of each: bytes or -errno. */
void write_sync(int fd, char *data, long *res);
/* Whether the way of write_sync() is one that there is; what it needs before writes are held. */
bool sync_is_known(void);
void prepare_sync(int fd);
void write_libaio(int fd, char *data, long *res);
void write_uring(int fd, char *data, long *res);

/*
 * A page of memory that is not there before it is given. Who gives it is another process, begun between
 * withhold_init() and withhold(); withhold_await() returns when the memory is asked for.
 */
void withhold_init(void);
void withhold(char *page);
void withhold_await(void);
void withhold_give(char *page, int c);

#endif
