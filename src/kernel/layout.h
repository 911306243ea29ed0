/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is private to the kernel and may differ from kernel to kernel: where the members of its
 * structures are, and what its functions are called with.
 */
#ifndef DIOLATE_KERNEL_LAYOUT_H
#define DIOLATE_KERNEL_LAYOUT_H

#include <linux/types.h>

struct seq_file;

/**
 * enum diolate_known - how something about the kernel is known
 * @DIOLATE_BY_BTF:      the kernel says so itself
 * @DIOLATE_BY_BEHAVIOUR: the kernel does not say all, and the first writes agree
 * @DIOLATE_BY_BTF_ALONE: the kernel says so, and nobody has tested its series: of flags it says
 *                        nothing
 * @DIOLATE_BY_TESTS:    the kernel does not say, and it is of a tested series
 * @DIOLATE_BY_GUESS:    the kernel does not say, and nobody has tested its series: as in the others
 * @DIOLATE_IS_ABSENT:   the kernel says that it has no such structure
 * @DIOLATE_HAS_CHANGED: the kernel says that it is not as in any tested series
 */
enum diolate_known {
	DIOLATE_BY_BTF,
	DIOLATE_BY_BEHAVIOUR,
	DIOLATE_BY_BTF_ALONE,
	DIOLATE_BY_TESTS,
	DIOLATE_BY_GUESS,
	DIOLATE_IS_ABSENT,
	DIOLATE_HAS_CHANGED,
};

/**
 * struct diolate_layout - where members are; bytes from the start of their structure
 * @is_tested:   the kernel is of a tested series
 * @iomap_iocb:  struct iomap_dio (fs/iomap/direct-io.c): the kiocb
 * @iomap_size:  the bytes written
 * @iomap_flags: IOMAP_DIO_*
 * @iomap_error: a negative errno, or 0
 * @iomap:       how these are known
 * @dio_iocb:    struct dio (fs/direct-io.c): the kiocb
 * @dio_result:  the bytes written
 * @dio:         how these are known; the offsets are of use only if by BTF
 * @state:       struct iomap_folio_state (fs/iomap/buffered-io.c): a bitmap of its blocks
 * @folio:       how that is known
 * @orig_iocb:   struct backing_aio (fs/backing-file.c), or struct ovl_aio_req (fs/overlayfs/file.c)
 *               before 6.8: the kiocb of overlayfs
 * @backing:     how that is known
 * @aio_rw:      struct aio_kiocb (fs/aio.c), the request of libaio: its kiocb
 * @aio_ctx:     the context that its result goes to
 * @aio_nr:      struct kioctx_table (fs/aio.c), the contexts of an mm: how many it has room for
 * @aio_table:   pointers to them
 * @aio:         how these are known
 *
 * Written while the module is loaded; @iomap once more, by src/write/iomap_dio.c.
 */
struct diolate_layout {
	bool is_tested;
	unsigned int iomap_iocb, iomap_size, iomap_flags, iomap_error;
	enum diolate_known iomap;
	unsigned int dio_iocb, dio_result;
	enum diolate_known dio;
	unsigned int state;
	enum diolate_known folio;
	unsigned int orig_iocb;
	enum diolate_known backing;
	unsigned int aio_rw, aio_ctx, aio_nr, aio_table;
	enum diolate_known aio;
};

extern struct diolate_layout diolate_layout;

/* Whether what is known this way need not be compared with anything. */
static inline bool diolate_layout_is_proved(enum diolate_known known)
{
	return known <= DIOLATE_BY_BEHAVIOUR;
}

void diolate_layout_init(void);
bool diolate_layout_is_guessed(void);
int diolate_layout_refuses(const char *function);
const char *diolate_layout_summary(void);
void diolate_layout_show(struct seq_file *m);

#endif
