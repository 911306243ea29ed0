/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folios written back while direct I/O to their file is in flight.
 */
#ifndef DIOLATE_FLIGHT_NOTE_H
#define DIOLATE_FLIGHT_NOTE_H

#include <linux/types.h>

#include "kernel/compat/folio.h"

void diolate_note_writeback(struct folio *folio, bool starts);
void diolate_note_set_complete(bool all);
bool diolate_note_is_complete(void);

#endif
