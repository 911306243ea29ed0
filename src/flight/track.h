/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When direct writes are followed.
 */
#ifndef DIOLATE_FLIGHT_TRACK_H
#define DIOLATE_FLIGHT_TRACK_H

#include <linux/types.h>

struct diolate_flown;

/**
 * struct diolate_track_ops - what src/flight/track.c calls
 * @follow: begin or cease to follow direct writes; sleeps; returns 0 or a negative errno
 * @left:   count a write that is over, and was or may have been overtaken
 */
struct diolate_track_ops {
	int (*follow)(bool wants);
	void (*left)(const struct diolate_flown *flown);
};

bool diolate_track_suspects(void);
void diolate_track_call(void);
void diolate_track_written(void);
void diolate_track_hold(void);
void diolate_track_start(const struct diolate_track_ops *calls);
void diolate_track_stop(void);

#endif
