// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bios of the page cache: a part of a folio is sent to be written back, or begins to be read.
 */
#include <linux/bio.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>

#include "entry/cache_bios.h"
#include "flight/following.h"
#include "flight/span.h"
#include "kernel/compat/bio.h"
#include "kernel/compat/folio.h"

/*
 * The mapping of a bio's folio, if the bio is for the page cache: the folio is under writeback, or
 * locked to be read. NULL if the folio is a program's memory that only happens to be of a file.
 */
static struct address_space *cache_bios_file_of(struct folio *folio, bool writes)
{
	struct address_space *mapping;

	if (writes ? !folio_test_writeback(folio) :
		     !folio_test_locked(folio) || folio_test_uptodate(folio))
		return NULL;
	mapping = folio_mapping(folio);
	return mapping && mapping->host && S_ISREG(mapping->host->i_mode) ? mapping : NULL;
}
NOKPROBE_SYMBOL(cache_bios_file_of);

static void cache_bios_written(struct address_space *mapping, struct folio *folio,
			       const struct diolate_part *part, const struct bio *bio)
{
	/*
	 * Paired with the barrier in diolate_flight_send(): a direct write that raises i_dio_count
	 * after this finds the tag of the writeback.
	 */
	smp_mb();
	if (atomic_read(&mapping->host->i_dio_count) &&
	    diolate_spans_written(mapping, part, folio, diolate_bio_disk(bio)))
		diolate_following_met_now();
}
NOKPROBE_SYMBOL(cache_bios_written);

/* A bio of the page cache is sent with a part of a folio. */
static void cache_bios_pass(struct folio *folio, const struct diolate_part *part,
			    const struct bio *bio, bool writes)
{
	struct address_space *mapping = cache_bios_file_of(folio, writes);

	if (!mapping)
		return;
	/* A direct write that a read meets may have lowered i_dio_count by now. */
	if (writes)
		cache_bios_written(mapping, folio, part, bio);
	else
		diolate_spans_read(mapping, part);
}
NOKPROBE_SYMBOL(cache_bios_pass);

/**
 * diolate_cache_bios_sent() - a bio of a file system is sent that is not of a direct write
 * @bio:    a clone (BIO_CLONED) is skipped: the whole bio was seen before
 * @writes: it writes, and does not read
 *
 * Context: any, inside a tracepoint.
 */
void diolate_cache_bios_sent(struct bio *bio, bool writes)
{
	unsigned int i;

	if (bio_flagged(bio, BIO_CLONED) || diolate_bio_is_direct(bio))
		return;
	for (i = 0; i < bio->bi_vcnt; i++) {
		const struct bio_vec *bv = &bio->bi_io_vec[i];
		size_t done, n;

		for (done = 0; done < bv->bv_len; done += n) {
			size_t offset = bv->bv_offset + done;
			struct page *p = bv->bv_page + (offset >> PAGE_SHIFT);
			struct folio *folio = diolate_folio_of(p);
			size_t in_folio = diolate_page_offset(folio, p) + offset_in_page(offset);
			struct diolate_part part;

			n = min_t(size_t, bv->bv_len - done, folio_size(folio) - in_folio);
			part.start = folio_pos(folio) + in_folio;
			part.end = min_t(u64, (u64)part.start + n, LLONG_MAX);
			cache_bios_pass(folio, &part, bio, writes);
		}
	}
}
NOKPROBE_SYMBOL(diolate_cache_bios_sent);
