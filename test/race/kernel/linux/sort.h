/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <stdlib.h>
#define sort(base, n, size, compare, swap) qsort(base, n, size, compare)
