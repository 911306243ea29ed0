/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways in which a program makes a direct write, by the kernel's own calls.
 */
#ifndef DIOLATE_COLLIDE_SUBMIT_H
#define DIOLATE_COLLIDE_SUBMIT_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>

#include "collide/uring.h"

enum way { WAY_LIBAIO, WAY_IO_URING, WAY_PWRITE, WAYS };

struct submitter {
	enum way way;
	aio_context_t aio;
	struct uring uring;
};

const char *way_name(enum way way);

/* NULL, or why this way is not to be had here; then it is not to be closed. */
const char *submitter_open(struct submitter *submitter, enum way way);
void submitter_close(struct submitter *submitter);

/* One write at offset 0, and waits for it: bytes, or -errno. */
long submitter_write(struct submitter *submitter, int fd, const char *data, size_t length);

#endif
