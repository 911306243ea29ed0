/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/compiler.h>

/* What the module says in the kernel's log, one sentence at a time. */
void race_printk(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
#define pr_err(...) race_printk(__VA_ARGS__)
#define pr_warn(...) race_printk(__VA_ARGS__)
#define pr_info(...) race_printk(__VA_ARGS__)
#define pr_notice(...) race_printk(__VA_ARGS__)
#define pr_notice_ratelimited(...) race_printk(__VA_ARGS__)
