/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module parameters.
 */
#ifndef DIOLATE_MODEL_PARAMS_H
#define DIOLATE_MODEL_PARAMS_H

#include "model/policy.h"

extern enum diolate_policy diolate_params_policy;	/* set by src/mode.c */
extern bool diolate_params_follows;			/* sync=follow; set by src/mode.c */
extern unsigned int diolate_params_maxactive;
extern unsigned int diolate_params_log_size;
extern unsigned int diolate_params_repair_ms;
extern bool diolate_params_untested;
extern bool diolate_params_kernel_log;

int diolate_params_shown(const char *val);

#endif
