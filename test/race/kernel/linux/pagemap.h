/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/fs.h>

#define PAGECACHE_TAG_WRITEBACK 1
#define mapping_tagged(mapping, tag) ((void)(mapping), false)
