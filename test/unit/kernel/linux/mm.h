/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define offset_in_page(at) ((unsigned long)(at) & (PAGE_SIZE - 1))
