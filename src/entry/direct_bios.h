/* SPDX-License-Identifier: GPL-2.0-only */
/* The bios of direct writes. */
#ifndef DIOLATE_ENTRY_DIRECT_BIOS_H
#define DIOLATE_ENTRY_DIRECT_BIOS_H

struct bio;
struct iov_iter;
struct kiocb;

void diolate_direct_bios_begin(struct kiocb *iocb, const struct iov_iter *iter, const void *dops);
void diolate_direct_bios_sent_by_iomap(const struct bio *bio);
void diolate_direct_bios_sent_by_dio(const struct bio *bio);
void diolate_direct_bios_ended_by_iomap(struct bio *bio);
void diolate_direct_bios_ended_by_dio(struct bio *bio);
void diolate_direct_bios_forget(void);

#endif
