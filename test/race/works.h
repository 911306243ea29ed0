/* SPDX-License-Identifier: GPL-2.0-only */
/* The works of linux/workqueue.h, for the task that runs them. */
#ifndef WORKS_H
#define WORKS_H

#include <stdbool.h>

void works_begin(void);
bool works_run(void);

#endif
