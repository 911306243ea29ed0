// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel by name, as kprobes find them.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/string.h>

#include "diolate.h"

/**
 * diolate_symbol_errno() - what loading fails with when a probe could not be registered
 * @err: what registering it returned
 *
 * Context: any.
 * Return: -EOPNOTSUPP for a symbol that is absent, since modprobe takes -ENOENT for a symbol that
 *         this module is linked with; else @err.
 */
int diolate_symbol_errno(int err)
{
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

/**
 * diolate_symbol_address() - the address of a function of the kernel
 * @symbol:  its name
 * @address: set to its first instruction, which a pointer to it holds
 * @size:    set to how many bytes it has; or NULL
 *
 * kallsyms is not exported; a kprobe that is registered disarmed tells. Its address is past the
 * ENDBR of the function where there is one (arch_adjust_kprobe_addr(), x86, since 5.18), by the
 * offset that sprint_symbol() prints.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int diolate_symbol_address(const char *symbol, unsigned long *address, unsigned long *size)
{
	struct kprobe kp = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };
	char name[KSYM_SYMBOL_LEN];
	unsigned long offset, bytes;
	const char *plus;
	int err;

	err = register_kprobe(&kp);
	if (err)
		return err;
	*address = (unsigned long)kp.addr;
	unregister_kprobe(&kp);

	sprint_symbol(name, *address);
	plus = strrchr(name, '+');
	if (!plus || sscanf(plus, "+0x%lx/0x%lx", &offset, &bytes) != 2)
		return -EINVAL;
	*address -= offset;
	if (size)
		*size = bytes;
	return 0;
}
