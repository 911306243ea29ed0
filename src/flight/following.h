/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flags: whether direct writes are followed, and what is seen of them.
 */
#ifndef DIOLATE_FLIGHT_FOLLOWING_H
#define DIOLATE_FLIGHT_FOLLOWING_H

#include <linux/types.h>

bool diolate_following_is_armed(void);
bool diolate_following_is_begun(void);
bool diolate_following_is_live(unsigned long ago);
bool diolate_following_sees_answers(void);
bool diolate_following_maps(void);
bool diolate_following_sees_iomap(void);
bool diolate_following_sees_dio(void);
unsigned long diolate_following_met(void);
void diolate_following_set_armed(bool may);
void diolate_following_set_answers(bool seen);
void diolate_following_set_sees(bool iomap, bool dio, bool mapping);
void diolate_following_set_live(bool are);
void diolate_following_met_now(void);

#endif
