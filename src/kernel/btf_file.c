// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in which the kernel offers its BTF, /sys/kernel/btf/vmlinux since 5.4, and one for each
 * loaded module since 5.11 (Documentation/ABI/testing/sysfs-kernel-btf; kernel/bpf/sysfs_btf.c and
 * kernel/bpf/btf.c, btf_module_notify(), 6.12).
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "kernel/btf_file.h"

/* Debian's kernels have 4 to 6 MB, one with everything built in has some 20. */
#define BTF_FILE_LIMIT SZ_64M

/*
 * What opens as the file may be another one: a task may have any /sys. And kernel_read() complains
 * in the log of a file that only user space can read (__kernel_read(), fs/read_write.c, 5.10 to
 * 7.3): any of sysfs before 5.12 (commit 4eaad21a6ac9, "kernfs: implement ->read_iter"), unless the
 * commit was backported, as to 5.10.262.
 */
static int btf_file_check(const struct file *file, loff_t length)
{
	if (file_inode(file)->i_sb->s_magic != SYSFS_MAGIC)
		return -ENOENT;
	if (!file->f_op->read_iter || file->f_op->read)
		return -EOPNOTSUPP;
	if (length <= 0)
		return -ENODATA;
	return length > BTF_FILE_LIMIT ? -EFBIG : 0;
}

/* kernfs reads a page at a time (kernfs_file_read_iter(), fs/kernfs/file.c, 6.12). */
static int btf_file_fill(struct file *file, char *data, size_t length)
{
	loff_t at = 0;
	ssize_t got;

	while (at < length) {
		got = kernel_read(file, data + at, length - at, &at);
		if (got <= 0)
			return got ?: -EIO;
	}
	return 0;
}

/**
 * diolate_btf_file_read() - read a BTF whole
 * @name: "vmlinux", or the name of a loaded module
 * @size: set to the bytes there are
 *
 * The file is looked for in the root directory of the calling task, which is the one that loads the
 * module: in a chroot without /sys there is none. It is not read by kernel_read_file(), since an
 * integrity policy may measure and refuse what that reads, and IPE has a WARN() for a kind of file
 * it does not know (ipe_kernel_read(), security/ipe/hooks.c, 6.12).
 *
 * Context: process, may sleep.
 * Return: the data, until diolate_btf_file_free(); ERR_PTR(-ENOENT) if there is no such file, or
 *         another negative errno.
 */
void *diolate_btf_file_read(const char *name, size_t *size)
{
	char path[sizeof("/sys/kernel/btf/") + MODULE_NAME_LEN];
	struct file *file;
	void *data = NULL;
	loff_t length;
	int err;

	if (snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name) >= sizeof(path))
		return ERR_PTR(-ENOENT);
	file = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(file))
		return file;
	length = i_size_read(file_inode(file));
	err = btf_file_check(file, length);
	if (!err) {
		data = vmalloc(length);
		err = data ? btf_file_fill(file, data, length) : -ENOMEM;
	}
	filp_close(file, NULL);
	if (err) {
		vfree(data);
		return ERR_PTR(err);
	}
	*size = length;
	return data;
}

/**
 * diolate_btf_file_free() - drop what was read
 * @data: of diolate_btf_file_read()
 *
 * Context: process, may sleep.
 */
void diolate_btf_file_free(void *data)
{
	vfree(data);
}
