/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

#define rcu_read_lock() race_handler(true)
#define rcu_read_unlock() race_handler(false)
#define synchronize_rcu() race_grace()
#define synchronize_rcu_tasks() race_grace()
#define tracepoint_synchronize_unregister()
