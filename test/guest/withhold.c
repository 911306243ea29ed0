// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a direct write has to wait for: a page that is not there, and comes when another process
 * gives it (userfaultfd(2)). The write asks for it after it has dropped its range from the page cache and
 * before its bio goes out, so it stands still there although no device holds it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collide.h"
#include "guest.h"

static int faults = -1;

void withhold_init(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api))
		err(1, "userfaultfd");
}

void withhold(char *page)
{
	struct uffdio_register range = {
		.range = { (unsigned long)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (madvise(page, PAGE, MADV_DONTNEED) || ioctl(faults, UFFDIO_REGISTER, &range))
		err(1, "userfaultfd: register");
}

void withhold_await(void)
{
	struct uffd_msg fault;

	if (read(faults, &fault, sizeof(fault)) != sizeof(fault))
		err(1, "userfaultfd: read");
}

void withhold_give(char *page, int c)
{
	static char data[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)page, .src = (unsigned long)data, .len = PAGE,
	};

	memset(data, c, PAGE);
	if (ioctl(faults, UFFDIO_COPY, &copy))
		err(1, "userfaultfd: copy");
}
