/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where to go on with the log another time: the record that was shown last, in a file.
 */
#ifndef DIOLATE_READ_CURSOR_H
#define DIOLATE_READ_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

struct cursor {
	/*
	 * Its number, 0 if there is none; and the module (module_number()) and its time, by which the log of one that
	 * was loaded since is known, with a reboot between them or not.
	 */
	uint64_t seq, module;
	char time[40];
};

/*
 * Opens the file, or makes it, and takes the cursor from it: none from an empty one. Returns the descriptor to keep it
 * by, or -1 with errno, which is EINVAL if the file holds something else.
 */
int cursor_open(const char *file, struct cursor *cursor);

/* In one piece, so that a command that is killed leaves the last one or this one. */
bool cursor_keep(int fd, const struct cursor *cursor);

#endif
