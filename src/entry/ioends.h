/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioends of xfs on zones. */
#ifndef DIOLATE_ENTRY_IOENDS_H
#define DIOLATE_ENTRY_IOENDS_H

struct bio;
struct iomap_ioend;

void diolate_ioends_ended(struct bio *bio);
void diolate_ioends_mapped(const struct iomap_ioend *ioend, int error);

#endif
