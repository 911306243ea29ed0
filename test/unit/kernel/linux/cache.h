/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define ____cacheline_aligned __attribute__((__aligned__(64)))
