/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine code of the kernel.
 */
#ifndef DIOLATE_KERNEL_COMPAT_TEXT_H
#define DIOLATE_KERNEL_COMPAT_TEXT_H

#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/types.h>

/* The address that an instruction at @address calls or jumps to; 0 if it does neither. */
static inline unsigned long diolate_text_target(unsigned long address, const u8 *text)
{
	s32 word;

#ifdef CONFIG_ARM64
	/* B and BL. */
	memcpy(&word, text, sizeof(word));
	if (address % 4 == 0 && (word & 0x7c000000) == 0x14000000)
		return address + 4 * (long)sign_extend32(word, 25);
#else
	/* CALL and JMP. Bytes inside other instructions match, too, but lead to no function. */
	memcpy(&word, text + 1, sizeof(word));
	if (text[0] == 0xe8 || text[0] == 0xe9)
		return address + 5 + word;
#endif
	return 0;
}

#endif
