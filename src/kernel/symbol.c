// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel functions are found by name here, through kprobes.
 */
#include <linux/bitops.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kernel/compat/text.h"
#include "kernel/layout.h"
#include "kernel/symbol.h"

/**
 * diolate_symbol_errno() - the errno of a failed load when a probe could not be registered
 * @err: the negative errno of the registration
 *
 * Context: any.
 * Return: -EOPNOTSUPP instead of -ENOENT, which modprobe takes for an unresolved symbol of this
 *         module; else @err.
 */
int diolate_symbol_errno(int err)
{
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

/**
 * diolate_symbol_state() - what the file `sites` says of a function that cannot be followed
 * @err: the negative errno of following it
 *
 * Context: any.
 */
const char *diolate_symbol_state(int err)
{
	return err == -ENOENT ? "absent" : err == -EPROTO ? "unproven" : "refused";
}

/**
 * diolate_symbol_address() - find the address of a kernel function
 * @symbol:  the name of the function
 * @address: set to the first instruction, which is also the value of a function pointer
 * @size:    set to the size of the function, bytes; or NULL
 *
 * kallsyms is not exported, but a kprobe that is registered disarmed tells the address. The address
 * of the kprobe is past the function's ENDBR, if it has one (arch_adjust_kprobe_addr(), x86, since
 * 5.18), by the offset that sprint_symbol() prints.
 *
 * Context: process, may sleep.
 * Return: 0; -EPROTO if it is not known what the function is called with; another negative errno.
 */
int diolate_symbol_address(const char *symbol, unsigned long *address, unsigned long *size)
{
	struct kprobe kp = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };
	char name[KSYM_SYMBOL_LEN];
	unsigned long offset, bytes;
	const char *plus;
	int err;

	err = diolate_layout_refuses(symbol) ?: register_kprobe(&kp);
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

/**
 * diolate_symbol_calls() - whether a kernel function calls another one
 * @caller: the name of the function whose machine code is read (x86-64 and arm64)
 * @symbol: the name of the other function, which the compiler may have inlined into @caller
 *
 * Context: process, may sleep.
 * Return: 0 if @caller calls @symbol; -EOPNOTSUPP if not; another negative errno if the code cannot
 *         be read.
 */
int diolate_symbol_calls(const char *caller, const char *symbol)
{
	unsigned long start, size, called, i;
	u8 text[8];
	int err;

	err = diolate_symbol_address(caller, &start, &size) ?:
	      diolate_symbol_address(symbol, &called, NULL);
	if (err)
		return err;
	for (i = 0; i + 5 <= size; i++) {
		if (copy_from_kernel_nofault(text, (void *)(start + i), sizeof(text)))
			return -EFAULT;
		/* A direct call may skip what only indirect calls need, such as ENDBR. */
		if (diolate_text_target(start + i, text) - called <= 16)
			return 0;
	}
	return -EOPNOTSUPP;
}
