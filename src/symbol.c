// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel by name, as kprobes find them.
 */
#include <linux/bitops.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

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

/* Where an instruction at @address calls or jumps to, if it does. */
static unsigned long target(unsigned long address, const u8 *text)
{
	s32 word;

#ifdef CONFIG_ARM64
	/* B and BL. */
	memcpy(&word, text, sizeof(word));
	if (address % 4 == 0 && (word & 0x7c000000) == 0x14000000)
		return address + 4 * (long)sign_extend32(word, 25);
#else
	/* CALL and JMP; also found within other instructions, which then lead nowhere. */
	memcpy(&word, text + 1, sizeof(word));
	if (text[0] == 0xe8 || text[0] == 0xe9)
		return address + 5 + word;
#endif
	return 0;
}

/**
 * diolate_symbol_calls() - whether a function of the kernel calls another one by its name
 * @caller: the function whose text is looked at (x86-64 and arm64)
 * @symbol: the other one, of which the compiler may have put a copy into @caller instead
 *
 * Context: process, may sleep.
 * Return: 0 if it does; -EOPNOTSUPP if not, or another negative errno if that cannot be told.
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
		/* A call may skip what only indirect ones need, as ENDBR. */
		if (target(start + i, text) - called <= 16)
			return 0;
	}
	return -EOPNOTSUPP;
}
