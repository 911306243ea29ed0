/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define NSEC_PER_SEC 1000000000ll
#define NSEC_PER_MSEC 1000000ll
