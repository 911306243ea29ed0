// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark ADDRESS: execute a page at 0x600000000000 and the lower half of ADDRESS, a return and nothing else.
 *
 * So that who reads what QEMU translates knows where in it the guest is (test/vm/executed): each call is
 * translated anew, since the page is written. x86-64 only.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	unsigned char *page;

	if (argc != 2)
		errx(2, "usage: mark ADDRESS");
	page = mmap((void *)(0x600000000000 + (strtoul(argv[1], NULL, 16) & UINT32_MAX)), 4096,
		    PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	*page = 0xc3;
	((void (*)(void))page)();
	return 0;
}
