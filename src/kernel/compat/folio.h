/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folios, or pages on kernels without folios.
 */
#ifndef DIOLATE_KERNEL_COMPAT_FOLIO_H
#define DIOLATE_KERNEL_COMPAT_FOLIO_H

#include <linux/buffer_head.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "kernel/compat/version.h"

/*
 * Folios came in 5.16 (commit 7b230db3b8d3, "mm: Introduce struct folio"). Before, the page cache
 * of a file that may be written has single pages only.
 */
#if !defined(page_folio) && !defined(DIOLATE_HAS_PAGE_WRITEBACK)
#error "diolate does not know this kernel's page_folio() (linux/page-flags.h)"
#elif !defined(page_folio)
#define folio page
#define folio_trylock trylock_page
#define folio_unlock unlock_page
#define folio_get get_page
#define folio_put put_page
#define folio_mapping page_mapping
#define folio_pos page_offset
#define folio_size thp_size
#define folio_maybe_dma_pinned page_maybe_dma_pinned
#define folio_test_dirty PageDirty
#define folio_test_writeback PageWriteback
#define folio_test_uptodate PageUptodate
#define folio_test_locked PageLocked

static inline struct folio *diolate_get_folio(struct address_space *mapping, pgoff_t index)
{
	return find_get_page(mapping, index);
}

static inline struct folio *diolate_folio_of(struct page *p)
{
	return p;
}

static inline struct page *diolate_first_page(struct folio *folio)
{
	return folio;
}

static inline size_t diolate_page_offset(struct folio *folio, struct page *p)
{
	return 0;
}
#else
static inline struct folio *diolate_folio_of(struct page *p)
{
	return page_folio(p);
}

static inline struct page *diolate_first_page(struct folio *folio)
{
	return &folio->page;
}

/* The offset of a page in its folio, bytes. */
static inline size_t diolate_page_offset(struct folio *folio, struct page *p)
{
	return (size_t)folio_page_idx(folio, p) << PAGE_SHIFT;
}

static inline struct folio *diolate_get_folio(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	/* The function returns an error instead of NULL since 6.4 (commit 66dabbb65d67). */
	return IS_ERR(folio) ? NULL : folio;
}
#endif

/*
 * Drop a folio from the page cache, with all that is dirty in it, as truncation does. The folio is
 * locked and not under writeback. The kernel's function takes a page before 6.8 (commit
 * af7628d6ec19, "fs: convert error_remove_page to error_remove_folio").
 */
static inline int diolate_drop_folio(struct address_space *mapping, struct folio *folio)
{
#if defined(DIOLATE_HAS_ERROR_REMOVE_FOLIO)
	return generic_error_remove_folio(mapping, folio);
#elif defined(DIOLATE_HAS_ERROR_REMOVE_PAGE)
	return generic_error_remove_page(mapping, diolate_first_page(folio));
#else
#error "diolate does not know this kernel's generic_error_remove_folio() (linux/mm.h)"
#endif
}

/*
 * The file of a folio that is written back; NULL if it has none. Low bits are set if the folio is
 * anonymous memory on its way to swap (PAGE_MAPPING_FLAGS, 5.10 to 7.3). folio_mapping() looks up
 * more, which is never written back, and is a call.
 */
static inline struct address_space *diolate_file_of(const struct folio *folio)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);

	return (unsigned long)mapping & 3 ? NULL : mapping;
}

/* The functions in which the writeback of a folio starts and ends; of a page before 5.16. */
#ifndef page_folio
#define DIOLATE_START_WRITEBACK "__test_set_page_writeback"
#define DIOLATE_END_WRITEBACK "test_clear_page_writeback"
#else
#define DIOLATE_START_WRITEBACK "__folio_start_writeback"
#define DIOLATE_END_WRITEBACK "__folio_end_writeback"
#endif

/* The first buffer of a folio; NULL if the folio has no buffers. */
static inline struct buffer_head *diolate_buffers(struct folio *folio)
{
#if defined(folio_buffers)
	return folio_buffers(folio);
#elif defined(page_has_buffers)
	struct page *p = diolate_first_page(folio);

	return page_has_buffers(p) ? page_buffers(p) : NULL;
#else
#error "diolate does not know this kernel's folio_buffers() (linux/buffer_head.h)"
#endif
}

#endif
