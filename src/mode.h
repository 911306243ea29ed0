/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which parts of the module are on.
 */
#ifndef DIOLATE_MODE_H
#define DIOLATE_MODE_H

struct diolate_track_ops;

extern const struct diolate_track_ops diolate_mode_track_ops;

void diolate_mode_doubt(void);
void diolate_mode_prepare(void);
int diolate_mode_begin(void);
void diolate_mode_end(void);

#endif
