/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define MAJOR(dev) ((unsigned int)((dev) >> 20))
#define MINOR(dev) ((unsigned int)((dev) & 0xfffff))
