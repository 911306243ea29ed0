/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/report/trace.h: the race counts the events. */
#pragma once
#include "report/record.h"

void trace_late_error(const struct diolate_record *r, u64 seq, enum diolate_outcome outcome,
		      enum diolate_reason reason, int error);
