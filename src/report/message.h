/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The message in the kernel's log.
 */
#ifndef DIOLATE_REPORT_MESSAGE_H
#define DIOLATE_REPORT_MESSAGE_H

#include "model/policy.h"

struct diolate_record;

void diolate_message_call(const struct diolate_record *r, enum diolate_outcome outcome);
void diolate_message_exit(void);

#endif
