/* SPDX-License-Identifier: GPL-2.0-only */
/* include/linux/hash.h, hash_64(), 5.10 to 7.3. */
#define hash_ptr(ptr, bits) \
	((unsigned int)((uint64_t)(uintptr_t)(ptr) * 0x61C8864680B583EBull >> (64 - (bits))))
