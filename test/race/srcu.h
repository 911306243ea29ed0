/* SPDX-License-Identifier: GPL-2.0-only */
/* A race that includes this is linked with the readers of linux/srcu.h. */
#ifndef SRCU_H
#define SRCU_H

#include <linux/srcu.h>

#endif
