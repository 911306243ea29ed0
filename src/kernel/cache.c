// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about the page cache for which the kernel exports no function.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "kernel/cache.h"
#include "kernel/compat/folio.h"

/**
 * diolate_cache_is_empty() - whether nothing of a file is cached
 * @mapping: the file
 *
 * Context: any.
 */
bool diolate_cache_is_empty(const struct address_space *mapping)
{
	return !READ_ONCE(mapping->nrpages);
}
NOKPROBE_SYMBOL(diolate_cache_is_empty);

/**
 * diolate_cache_pages() - whether pages of a part of a file are cached, and which
 * @mapping: the file
 * @part:    the part, bytes
 * @pages:   a bitmap of the pages of @part, all clear; the bits of cached pages are set
 *
 * Context: any.
 * Return: whether any page is cached.
 */
bool diolate_cache_pages(struct address_space *mapping, const struct diolate_part *part,
			 unsigned long *pages)
{
	pgoff_t first = part->start >> PAGE_SHIFT, last = (part->end - 1) >> PAGE_SHIFT;
	XA_STATE(xas, &mapping->i_pages, first);
	bool some = false;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		pgoff_t n, begin;

		/* A value is the shadow of a folio that has left the page cache. */
		if (xas_retry(&xas, entry) || xa_is_value(entry))
			continue;
		n = 1UL << xa_get_order(&mapping->i_pages, xas.xa_index);
		begin = round_down(xas.xa_index, n);
		n = min(begin + n, last + 1);
		begin = max(begin, first);
		bitmap_set(pages, begin - first, n - begin);
		some = true;
	}
	rcu_read_unlock();
	return some;
}
NOKPROBE_SYMBOL(diolate_cache_pages);

/**
 * diolate_cache_at() - the folio that is cached at a page
 * @mapping: the file
 * @index:   the page
 * @renewed: set to whether the folio may be a new one in the memory of an old one: it is dirty,
 *           under writeback or not up to date
 *
 * Context: any.
 * Return: the folio, whose address may only be compared; NULL if none is cached.
 */
const void *diolate_cache_at(struct address_space *mapping, pgoff_t index, bool *renewed)
{
	const void *entry;

	rcu_read_lock();
	entry = xa_load(&mapping->i_pages, index);
	if (xa_is_value(entry))
		entry = NULL;
	/* A folio that was added to be written is not up to date at first, and dirty after that. */
	*renewed = entry && (xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_DIRTY) ||
			     xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_WRITEBACK) ||
			     !folio_test_uptodate((struct folio *)entry));
	rcu_read_unlock();
	return entry;
}
NOKPROBE_SYMBOL(diolate_cache_at);
