/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DIOLATE_DEBUGFS_H
#define DIOLATE_DEBUGFS_H

void diolate_debugfs_init(void);
void diolate_debugfs_exit(void);

#endif
