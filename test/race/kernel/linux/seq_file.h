/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/compiler.h>

/* What is printed of one line; what does not fit is a fault of the race. */
struct seq_file {
	char buffer[4096];
	size_t count;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_SKIP 1
#define seq_has_overflowed(m) false

void seq_printf(struct seq_file *m, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
