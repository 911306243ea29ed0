// SPDX-License-Identifier: GPL-2.0-only
/*
 *   tracepoints          prints the names of all tracepoints of the kernel that have a user, by its memory
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the static key of a tracepoint counts (struct tracepoint: a name, then the key). */
static int users_of(int core, const Elf64_Phdr *headers, unsigned int nr, unsigned long address)
{
	unsigned int i;
	off_t offset;
	int users;

	for (i = 0; i < nr; i++) {
		const Elf64_Phdr *h = &headers[i];

		if (h->p_type != PT_LOAD || address < h->p_vaddr || address - h->p_vaddr >= h->p_memsz)
			continue;
		offset = h->p_offset + (address - h->p_vaddr) + sizeof(char *);
		if (pread(core, &users, sizeof(users), offset) != sizeof(users))
			err(1, "/proc/kcore");
		return users;
	}
	errx(1, "/proc/kcore has no %#lx", address);
}

int main(void)
{
	int core = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	unsigned long address;
	Elf64_Phdr *headers;
	unsigned int n = 0;
	Elf64_Ehdr head;
	ssize_t size;

	if (core < 0 || !symbols || pread(core, &head, sizeof(head), 0) != sizeof(head))
		err(1, "/proc/kcore or /proc/kallsyms");
	size = head.e_phnum * sizeof(*headers);
	headers = malloc(size);
	if (!headers || pread(core, headers, size, head.e_phoff) != size)
		err(1, "/proc/kcore");
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%lx %*c __tracepoint_%255s", &address, name) != 2)
			continue;
		n++;
		if (users_of(core, headers, head.e_phnum, address) > 0)
			printf("%s\n", name);
	}
	if (!n)
		errx(1, "no tracepoints");
	return 0;
}
