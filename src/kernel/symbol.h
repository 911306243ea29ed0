/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel functions, found by name.
 */
#ifndef DIOLATE_KERNEL_SYMBOL_H
#define DIOLATE_KERNEL_SYMBOL_H

int diolate_symbol_errno(int err);
const char *diolate_symbol_state(int err);
int diolate_symbol_address(const char *symbol, unsigned long *address, unsigned long *size);
int diolate_symbol_calls(const char *caller, const char *symbol);

#endif
