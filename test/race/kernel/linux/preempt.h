/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

#define preempt_disable() race_handler(true)
#define preempt_enable() race_handler(false)
#define preempt_disable_notrace() race_handler(true)
#define preempt_enable_notrace() race_handler(false)
