/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The direct write that a task is completing, found in structures private to the kernel.
 */
#ifndef DIOLATE_WRITE_IDENTIFY_H
#define DIOLATE_WRITE_IDENTIFY_H

#include "kernel/compat/kiocb.h"
#include "write/invalidation.h"

struct file;

bool diolate_identify_may_be_pointer(const void *pointer);
bool diolate_identify_dio(struct diolate_invalidation *inv, const unsigned long *dio,
			  const struct file *file);
bool diolate_identify_is_of_user_space(const struct kiocb *iocb);
bool diolate_identify_is_read(const struct kiocb *iocb);
struct kiocb *diolate_identify_submitter_slow(struct kiocb *iocb);
struct kiocb *diolate_identify_submitter_of(struct kiocb *iocb);
int diolate_identify_recognises(diolate_complete_fn complete);

/* Bytes of a write, read from a private structure; 0 if no write can have that many. */
static inline size_t diolate_identify_plausible(unsigned long bytes)
{
	return bytes <= MAX_RW_COUNT ? bytes : 0;
}

/**
 * diolate_identify_key_of() - the kiocb by which a direct write is followed
 * @iocb: of the write
 *
 * Context: any, also inside a probe handler.
 * Return: that of the write of user space which it is done for; else @iocb.
 */
static __always_inline const struct kiocb *diolate_identify_key_of(struct kiocb *iocb)
{
	return diolate_identify_submitter_of(iocb) ?: iocb;
}

#endif
