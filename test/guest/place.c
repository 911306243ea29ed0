// SPDX-License-Identifier: GPL-2.0-only
/*
 * place FILE BYTE: the sector of its device where FILE has that byte.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "guest.h"

int main(int argc, char **argv)
{
	int fd, size, block;

	if (argc != 3)
		errx(2, "usage: place FILE BYTE");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || ioctl(fd, FIGETBSZ, &size))
		err(1, "%s", argv[1]);
	block = number(argv[2], INT32_MAX) / size;
	if (ioctl(fd, FIBMAP, &block) || !block)
		err(1, "%s: FIBMAP", argv[1]);
	printf("%lld\n", (long long)block * size / 512);
	return 0;
}
