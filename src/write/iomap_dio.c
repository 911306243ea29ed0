// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private structure of a direct write of iomap, struct iomap_dio (fs/iomap/direct-io.c), taken
 * apart. Where its members are, src/kernel/layout.c has from the kernel. If the kernel does not
 * say, the first writes have to prove it here: each is compared with what its kiocb says. One that
 * disagrees is the end of it: nothing is taken from the structure any more.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/kprobes.h>
#include <linux/uaccess.h>

#include "kernel/compat/iomap.h"
#include "write/identify.h"
#include "write/iomap_dio.h"

/*
 * So many times the layout has to agree before it counts as proved, where a bio of a write of user
 * space is sent, where one ends, and where the write completes.
 */
#define ENOUGH 100
static atomic_t agreed;

static unsigned int iomap_dio_flags(const void *dio)
{
	return *(const unsigned int *)(dio + diolate_layout.iomap_flags);
}
NOKPROBE_SYMBOL(iomap_dio_flags);

static int iomap_dio_error(const void *dio)
{
	return *(const int *)(dio + diolate_layout.iomap_error);
}
NOKPROBE_SYMBOL(iomap_dio_error);

static size_t iomap_dio_size(const void *dio)
{
	return *(const size_t *)(dio + diolate_layout.iomap_size);
}
NOKPROBE_SYMBOL(iomap_dio_size);

/* Whether a pointer leads to a kiocb: that leads to a file, and the file to itself. */
static bool iomap_dio_is_kiocb(const struct kiocb *iocb)
{
	struct address_space *mapping, *of_host;
	struct inode *host;
	struct file *filp;

	return diolate_identify_may_be_pointer(iocb) &&
	       !get_kernel_nofault(filp, &iocb->ki_filp) && diolate_identify_may_be_pointer(filp) &&
	       !get_kernel_nofault(mapping, &filp->f_mapping) &&
	       diolate_identify_may_be_pointer(mapping) &&
	       !get_kernel_nofault(host, &mapping->host) && diolate_identify_may_be_pointer(host) &&
	       !get_kernel_nofault(of_host, &host->i_mapping) && of_host == mapping;
}
NOKPROBE_SYMBOL(iomap_dio_is_kiocb);

/* Only writes of user space are sure to set IOCB_WRITE. */
static bool iomap_dio_agrees(const void *dio, const struct kiocb *iocb, bool of_user_space)
{
	bool writes = iomap_dio_flags(dio) & DIOLATE_IOMAP_DIO_WRITE;
	int error = iomap_dio_error(dio);

	return (iocb->ki_flags & IOCB_WRITE ? writes : !writes || !of_user_space) &&
	       error <= 0 && error >= -MAX_ERRNO && iomap_dio_size(dio) <= MAX_RW_COUNT;
}
NOKPROBE_SYMBOL(iomap_dio_agrees);

/**
 * diolate_iomap_dio_kiocb_slow() - diolate_iomap_dio_kiocb() of a layout that is yet to be proved
 * @dio: as there
 *
 * Context: any, also inside a probe handler.
 * Return: as there.
 */
struct kiocb *diolate_iomap_dio_kiocb_slow(const void *dio)
{
	enum diolate_known known = READ_ONCE(diolate_layout.iomap);
	struct kiocb *iocb;
	bool of_user_space;

	if (known == DIOLATE_HAS_CHANGED || known == DIOLATE_IS_ABSENT)
		return NULL;
	iocb = *(struct kiocb **)(dio + diolate_layout.iomap_iocb);
	/* By now another CPU may have proved it. */
	if (diolate_layout_is_proved(known))
		return iocb;
	if (!iomap_dio_is_kiocb(iocb))
		goto changed;
	of_user_space = diolate_identify_is_of_user_space(iocb);
	if (!iomap_dio_agrees(dio, iocb, of_user_space))
		goto changed;
	if (of_user_space && (iocb->ki_flags & IOCB_WRITE) &&
	    atomic_inc_return(&agreed) == ENOUGH)
		cmpxchg(&diolate_layout.iomap, known, DIOLATE_BY_BEHAVIOUR);
	return iocb;
changed:
	WRITE_ONCE(diolate_layout.iomap, DIOLATE_HAS_CHANGED);
	return NULL;
}
NOKPROBE_SYMBOL(diolate_iomap_dio_kiocb_slow);

/**
 * diolate_iomap_dio_written() - how many bytes a struct iomap_dio has written
 * @dio: the struct iomap_dio, which is being completed; diolate_iomap_dio_kiocb() knows its kiocb
 *
 * Context: any, also inside a probe handler.
 * Return: bytes; 0 for a read, or after an error.
 */
size_t diolate_iomap_dio_written(const void *dio)
{
	if (iomap_dio_error(dio) || !(iomap_dio_flags(dio) & DIOLATE_IOMAP_DIO_WRITE))
		return 0;
	return diolate_identify_plausible(iomap_dio_size(dio));
}
NOKPROBE_SYMBOL(diolate_iomap_dio_written);

/**
 * diolate_iomap_dio_is_late() - whether a reader may not find a write until it is completed,
 *                               because the blocks are not the file's yet
 * @dio: the struct iomap_dio of the write, which is being sent; diolate_iomap_dio_kiocb() knows its
 *       kiocb
 *
 * Context: any, also inside a tracepoint.
 */
bool diolate_iomap_dio_is_late(const void *dio)
{
	return iomap_dio_flags(dio) & (IOMAP_DIO_UNWRITTEN | IOMAP_DIO_COW);
}
NOKPROBE_SYMBOL(diolate_iomap_dio_is_late);

/**
 * diolate_iomap_dio_measure() - how long the write of what may be a struct iomap_dio in use is
 * @inv: what iomap_dio_complete() was called for last in this task. Its @dio is gone if that call
 *       is over; @length is set if not
 *
 * Context: any, also inside a probe handler.
 * Return: whether it may be the same write.
 */
bool diolate_iomap_dio_measure(struct diolate_invalidation *inv)
{
	const void *dio = inv->dio;
	struct kiocb *iocb;
	unsigned long bytes;

	if (READ_ONCE(diolate_layout.iomap) == DIOLATE_HAS_CHANGED ||
	    get_kernel_nofault(iocb, (struct kiocb **)(dio + diolate_layout.iomap_iocb)) ||
	    get_kernel_nofault(bytes, (unsigned long *)(dio + diolate_layout.iomap_size)) ||
	    iocb != inv->iocb)
		return false;
	inv->length = diolate_identify_plausible(bytes);
	return true;
}
NOKPROBE_SYMBOL(diolate_iomap_dio_measure);
