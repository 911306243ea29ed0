/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bios of direct writes write of their files, and what overtakes that. Compiled and tested in
 * user space too, see flight.h.
 */
#ifndef DIOLATE_FLIGHT_SPAN_H
#define DIOLATE_FLIGHT_SPAN_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/types.h>

#include "flight/begun.h"
#include "model/part.h"

struct address_space;
struct bio;

/* The most pages of a span. */
#define DIOLATE_SPAN_PAGES 256

/**
 * struct diolate_marks - what overtook a span, or a flight by all its spans
 * @overtaken:     a writeback was sent while the bio was in flight
 * @undecided:     a writeback was sent of which nobody knows whether it overtakes the write
 * @anew:          a part was sent to a disk that is below the file's, in an order that is not known
 * @after_is_read: the place of @after was read since, so @after is gone
 * @afters:        another folio like @after was sent, or @after once more
 * @after:         a folio that was in the page cache when the bio ended, was not read since, and
 *                 was sent after that; compared
 * @after_at:      index of that page in the file
 * @dirtied:       if @overtaken, the note of how what was sent became dirty (dirtied.h), or 0
 * @after_dirtied: the same of @after
 */
struct diolate_marks {
	bool overtaken;
	bool undecided;
	bool anew;
	bool after_is_read;
	bool afters;
	const void *after;
	pgoff_t after_at;
	u64 dirtied;
	u64 after_dirtied;
};

/**
 * struct diolate_span - a bio of a direct write, or a part of one
 * @in_lane:   link in its lane, or in none
 * @next:      next span of the same flight
 * @begun:     its flight; NULL if this spare span is free
 * @bio:       compared
 * @part:      bytes of the file that it writes
 * @ended:     the bio has ended
 * @elsewhere: the bio wrote elsewhere, and the order of mapping counts
 * @mapped:    if so, the blocks are mapped: what is mapped from now on overtakes the write
 * @late:      a folio that came since the bio ended may lack what the bio wrote
 * @marks:     what overtook it
 * @cached:    pages that were in the page cache when the bio ended, and were not read since
 */
struct diolate_span {
	struct hlist_node in_lane;
	struct diolate_span *next;
	const struct diolate_begun *begun;
	const struct bio *bio;
	struct diolate_part part;
	bool ended;
	bool elsewhere;
	bool mapped;
	bool late;
	struct diolate_marks marks;
	DECLARE_BITMAP(cached, DIOLATE_SPAN_PAGES);
};

/**
 * struct diolate_spans - the spans of a flight
 * @list:  all of them
 * @first: the one that each flight has; the others are spare ones
 */
struct diolate_spans {
	struct diolate_span *list;
	struct diolate_span first;
};

extern atomic_t diolate_spans_afters;

/**
 * diolate_spans_have_afters() - whether a folio was sent that only the invalidation can judge
 *
 * Context: any, also inside a probe handler.
 * Return: true if one was, of any span.
 */
static inline bool diolate_spans_have_afters(void)
{
	return atomic_read(&diolate_spans_afters);
}

/**
 * diolate_spans_are_in_flight() - whether a bio of a flight has not ended
 * @spans: of the flight, whose bucket is locked
 *
 * Context: any.
 * Return: true if one has not.
 */
static __always_inline bool diolate_spans_are_in_flight(const struct diolate_spans *spans)
{
	const struct diolate_span *s;

	for (s = spans->list; s; s = s->next)
		if (!s->ended)
			return true;
	return false;
}

void diolate_spans_init(void);
bool diolate_spans_add(struct diolate_spans *spans, const struct diolate_begun *begun,
		       const struct bio *bio, struct diolate_part part, bool late, bool elsewhere);
bool diolate_spans_land(struct diolate_spans *spans, const struct bio *bio);
u64 diolate_spans_map(struct diolate_spans *spans, const struct bio *bio);
void diolate_spans_take(struct diolate_spans *spans, struct diolate_marks *marks);
void diolate_spans_peek(const struct diolate_spans *spans, struct diolate_marks *marks);
bool diolate_spans_settle_late(struct diolate_spans *spans);
bool diolate_spans_can_be_marked(const struct diolate_spans *spans);

bool diolate_spans_written(const struct address_space *mapping, const struct diolate_part *part,
			   const void *folio, const void *disk);
bool diolate_spans_mapped(const struct address_space *mapping, const struct diolate_part *part);
void diolate_spans_read(const struct address_space *mapping, const struct diolate_part *part);

#endif
