// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/flight/flight.c in user space: a model of a file, its page cache and its disk, on which one direct
 * write and everybody else do one small step at a time, in every order that chance finds. What the
 * rules say of the write is compared with what became of it: that it was overtaken is never said of
 * one that was not, by the definition in doc/overtaken.md, and that it was not is never said of one
 * that was, nor of one whose bytes are not on the disk in the end. Who is named as the one whose store
 * was written back over it is the one.
 * Then threads for processors: what has no order is found whether it happens at once or not.
 * With src/flight/bucket.c src/flight/dirtied.c src/flight/span.c src/flight/verdict.c
 * Sanitized for thread
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include "flight/bucket.h"
#include "flight/dirtied.h"
#include "flight/flight.h"
#include "flight/span.h"
#include "kernel/cache.h"
#include "kernel/layout.h"

/* Its bios are understood. */
struct diolate_layout diolate_layout;

/* Each write that begins is followed. */
static bool begins = true;

bool diolate_following_is_begun(void)
{
	return begins;
}

/* Pages of the file; the write has the first ones, a bio each. */
#define PAGES 3
#define BIOS 2

/**
 * struct folio - of the page cache of the model, a page
 * @has:      the write's bytes
 * @born:     when its bytes began to be read
 * @written:  they were not read, but written
 * @by:       who made it dirty
 * @sent_by:  who made dirty what is being written back
 */
struct folio {
	bool cached, uptodate, dirty, writeback;
	bool has, written;
	unsigned int born;
	int by, sent_by;
	/* A read that has been sent, and its data are there. */
	bool reading, was_read, to_be_read;
	/* A writeback that has been sent, and what has come to the disk. */
	bool sent, landed, carries;
	unsigned int sent_at;
};

/* What was dropped last of a page may become the next one of it. */
static struct folio folios[1 << 16];
static unsigned int made;
static struct folio *cache[PAGES], *dropped[PAGES];
static bool disk[PAGES];

/* The write, and the phase it is in. */
static struct {
	enum { IDLE, DROPPING, SENDING, FLYING, COMPLETING, INVALIDATING, ANSWERING, ANSWERED } phase;
	unsigned int page;
	bool late, stuck;
	bool queued[BIOS], landed[BIOS], ended[BIOS];
	/* When a bio was sent, and when a reader finds what it wrote. */
	unsigned int sent_at[BIOS], visible_at[BIOS];
	bool visible[BIOS];
	/* Whether something was cached of it when the bio ended. */
	bool cached[BIOS];
	/* And when the page was invalidated. */
	unsigned int passed_at[BIOS];
	bool passed[BIOS];
	bool overtaken, overwritten;
	/* Who had made dirty what was written back over it, or was sent while it was on its way. */
	int overtaken_by[256], sent_by[256];
	unsigned int overtakers, senders;
} w;

unsigned long jiffies;
static unsigned int now;
static const struct kiocb *const iocb = (void *)0xffff888000001000;
static struct address_space *const mapping = (void *)0xffff888000002000;

/* Unsigned and the same everywhere. */
static uint64_t seed;

static unsigned int any(unsigned int n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

bool diolate_cache_is_empty(const struct address_space *m)
{
	unsigned int i;

	assert_ptr_equal(m, mapping);
	for (i = 0; i < PAGES; i++)
		if (cache[i])
			return false;
	return true;
}

bool diolate_cache_pages(struct address_space *m, const struct diolate_part *part, unsigned long *pages)
{
	pgoff_t first = part->start >> PAGE_SHIFT, i;
	bool some = false;

	assert_ptr_equal(m, mapping);
	for (i = first; i < PAGES && (loff_t)(i << PAGE_SHIFT) < part->end; i++)
		if (cache[i]) {
			bitmap_set(pages, i - first, 1);
			some = true;
		}
	return some;
}

const void *diolate_cache_at(struct address_space *m, pgoff_t index, bool *renewed)
{
	assert_ptr_equal(m, mapping);
	*renewed = cache[index] && (cache[index]->dirty || cache[index]->writeback ||
				     !cache[index]->uptodate);
	return cache[index];
}

static struct folio *make(unsigned int i)
{
	struct folio *f = dropped[i] && any(2) ? dropped[i] : &folios[made++];

	dropped[i] = NULL;
	cache[i] = f;
	return f;
}

static struct diolate_part page(unsigned int i)
{
	return (struct diolate_part){ (loff_t)i << PAGE_SHIFT, (loff_t)(i + 1) << PAGE_SHIFT };
}

/* What a reader finds: not yet the write's where its blocks are not the file's. */
static bool found(unsigned int i)
{
	return disk[i] && (i >= BIOS || w.visible[i]);
}

static void read_some(unsigned int i)
{
	struct diolate_part part = page(i);
	struct folio *f = cache[i];

	if (!f && made < sizeof(folios) / sizeof(*folios)) {
		f = make(i);
		*f = (struct folio){ .cached = true, .to_be_read = true };
	} else if (f && f->to_be_read) {
		f->to_be_read = false;
		f->born = now;
		/* A page that is not the file's yet is filled without asking the disk. */
		if (i < BIOS && w.late && w.queued[i] && !w.visible[i]) {
			f->was_read = true;
			f->has = false;
		} else {
			f->reading = true;
			diolate_spans_read(mapping, &part);
		}
	} else if (f && f->reading) {
		f->reading = false;
		f->was_read = true;
		f->has = found(i);
	} else if (f && f->was_read) {
		f->was_read = false;
		f->uptodate = true;
	}
}

/* Each time it is somebody else. */
static void become_dirty(unsigned int i, struct folio *f)
{
	struct diolate_dirtier who = { .by = DIOLATE_BY_MMAP, .pid = now };

	if (f->dirty)
		return;
	diolate_dirtied_watch(mapping);
	diolate_dirtied_note(mapping, i, i, f->writeback, &who);
	f->by = who.pid;
	f->dirty = true;
}

static void store(unsigned int i)
{
	if (cache[i] && cache[i]->uptodate)
		become_dirty(i, cache[i]);
}

/*
 * By write(), all of it: nothing is read. If the direct write is found by then, this one is newer;
 * whether it overtakes that is a matter of words, and either answer is right; but not if nothing
 * was cached when its bio ended.
 */
static void overwrite(unsigned int i)
{
	struct folio *f = cache[i];

	if (!f && made < sizeof(folios) / sizeof(*folios)) {
		f = make(i);
		*f = (struct folio){
			.cached = true, .uptodate = true, .born = now,
			.written = i < BIOS && w.visible[i], .has = i < BIOS && w.visible[i],
		};
	}
	if (f && f->uptodate && !f->writeback)
		become_dirty(i, f);
}

static void add(int *list, unsigned int *n, int who)
{
	assert_true(*n < sizeof(w.sent_by) / sizeof(*w.sent_by));
	list[(*n)++] = who;
}

static bool has(const int *list, unsigned int n, int who)
{
	while (n--)
		if (list[n] == who)
			return true;
	return false;
}

/* Whether a writeback of a page that ends makes the write overtaken, by the definition. */
static void define(unsigned int i, const struct folio *f)
{
	unsigned int cached_at = f->sent_at;

	if (i >= BIOS || !w.queued[i] || (w.passed[i] && f->sent_at > w.passed_at[i]))
		return;
	if (w.visible[i] && w.visible_at[i] < cached_at)
		cached_at = w.visible_at[i];
	if (f->written)
		w.overwritten |= w.cached[i];
	else
		w.overtaken |= f->born <= cached_at;
	add(w.overtaken_by, &w.overtakers, f->sent_by);
}

static void write_back(unsigned int i)
{
	struct diolate_part part = page(i);
	struct folio *f = cache[i];

	if (!f)
		return;
	if (f->dirty && !f->writeback && any(2)) {
		f->dirty = false;
		f->writeback = true;
		f->sent_by = f->by;
	} else if (f->writeback && !f->sent && !f->landed) {
		f->sent = true;
		f->sent_at = now;
		if (i < BIOS && w.queued[i] && w.phase != ANSWERED)
			add(w.sent_by, &w.senders, f->sent_by);
		f->carries = f->has;
		diolate_spans_written(mapping, &part, f, NULL);
	} else if (f->sent) {
		/* It lands and ends; the device may have taken its time. */
		f->sent = false;
		f->landed = true;
		disk[i] = f->carries;
		define(i, f);
	} else if (f->landed) {
		f->landed = false;
		f->writeback = false;
	}
}

static bool drop(unsigned int i)
{
	struct folio *f = cache[i];

	if (!f)
		return true;
	if (f->dirty || f->writeback || !f->uptodate)
		return false;
	dropped[i] = f;
	cache[i] = NULL;
	return true;
}

static bool is_busy(unsigned int i)
{
	return cache[i] && (cache[i]->writeback || !cache[i]->uptodate);
}

static void send(void)
{
	const struct bio *bio = (void *)(uintptr_t)(w.page + 1);
	struct diolate_part part, wanted = page(w.page);

	w.queued[w.page] = true;
	w.sent_at[w.page] = now;
	assert_true(diolate_flight_send(iocb, mapping, 0, bio, PAGE_SIZE, w.late, NULL, NULL, &part));
	assert_true(part.start == wanted.start && part.end == wanted.end);
	if (cache[w.page] && cache[w.page]->writeback)
		diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_AT_START);
	if (++w.page == BIOS)
		w.phase = FLYING;
}

/* A bio lands at some time while it is in flight, and ends at another. */
static void fly(void)
{
	unsigned int i = any(BIOS);

	if (!w.queued[i] || w.ended[i])
		return;
	if (!w.landed[i]) {
		w.landed[i] = true;
		disk[i] = true;
		return;
	}
	w.ended[i] = true;
	w.cached[i] = cache[i];
	if (!w.late) {
		w.visible[i] = true;
		w.visible_at[i] = now;
	}
	diolate_flight_land(iocb, mapping, (void *)(uintptr_t)(i + 1));
}

/* The next step of the write. */
static void write_on(void)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, BIOS * PAGE_SIZE }, .told = true,
	};
	struct diolate_flown left;
	unsigned int i;

	switch (w.phase) {
	case IDLE:
		diolate_flight_begin(&begun, &left);
		assert_int_equal(left.verdict, DIOLATE_IS_NOT);
		w.phase = DROPPING;
		break;
	case DROPPING:
		/* Its own flush: what is dirty goes first. */
		if (cache[w.page] && cache[w.page]->dirty)
			write_back(w.page);
		else if (!is_busy(w.page) && drop(w.page) && ++w.page == BIOS) {
			w.page = 0;
			w.phase = SENDING;
		}
		break;
	case SENDING:
		if (any(2))
			send();
		else
			fly();
		break;
	case FLYING:
		fly();
		if (w.ended[0] && w.ended[1])
			w.phase = COMPLETING;
		break;
	case COMPLETING:
		for (i = 0; i < BIOS; i++)
			if (!w.visible[i]) {
				w.visible[i] = true;
				w.visible_at[i] = now;
			}
		w.page = 0;
		w.phase = INVALIDATING;
		diolate_flight_invalidates(iocb);
		break;
	case INVALIDATING:
		if (is_busy(w.page))
			break;
		w.stuck |= !drop(w.page);
		w.passed[w.page] = true;
		w.passed_at[w.page] = now;
		if (++w.page == BIOS)
			w.phase = ANSWERING;
		break;
	case ANSWERING:
		if (!any(4))
			w.phase = ANSWERED;
		break;
	case ANSWERED:
		break;
	}
}

static void step(void)
{
	unsigned int i = any(PAGES);

	now++;
	switch (any(8)) {
	case 0:
	case 1:
		read_some(i);
		break;
	case 2:
		if (!any(3))
			store(i);
		break;
	case 3:
	case 4:
		write_back(i);
		break;
	case 5:
		/* One that was written anew is not dropped as well: see the definition. */
		if (!any(4) && !(cache[i] && cache[i]->written))
			drop(i);
		else if (!any(8))
			overwrite(i);
		break;
	default:
		write_on();
	}
}

/* All that is on its way comes to its end. */
static void settle(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		while (cache[i] && (cache[i]->dirty || cache[i]->writeback)) {
			now++;
			write_back(i);
		}
}

static struct {
	unsigned int overtaken, unknown, not, stuck, undone, named;
} met;

/* Who is named has overtaken the write; one that is stuck as well may have dropped nothing. */
static void look_at_dirtier(const struct diolate_flown *flown)
{
	struct diolate_dirtier who;

	if (!diolate_dirtied_who(flown->dirtied, &who))
		return;
	met.named++;
	assert_true(has(w.overtaken_by, w.overtakers, who.pid) ||
		    (w.stuck && has(w.sent_by, w.senders, who.pid)));
}

static void one_write(bool late)
{
	struct diolate_flown flown;
	unsigned int i;
	bool undone = false;

	for (i = 0; i < PAGES; i++) {
		cache[i] = dropped[i] = NULL;
		disk[i] = false;
	}
	made = 0;
	w = (typeof(w)){ .late = late };
	for (i = any(20); i--;)
		if (any(8) < 6) {
			now++;
			read_some(any(PAGES));
			store(any(PAGES));
		}
	while (w.phase != ANSWERED)
		step();
	assert_true(diolate_flight_end(iocb, NULL, 0, BIOS * PAGE_SIZE, &flown));
	settle();
	for (i = 0; i < BIOS; i++)
		undone |= !disk[i];
	met.undone += undone;
	met.stuck += w.stuck;
	switch (flown.verdict) {
	case DIOLATE_IS_NOT:
		met.not++;
		if (!w.stuck) {
			assert_false(w.overtaken);
			assert_false(undone);
		}
		break;
	case DIOLATE_NOT_JUDGED:
		met.unknown++;
		assert_true(flown.unknown == DIOLATE_UNKNOWN_AT_START ||
			    flown.unknown == DIOLATE_UNKNOWN_REPLACED ||
			    (late && flown.unknown == DIOLATE_UNKNOWN_LATE));
		break;
	case DIOLATE_IS_OVERTAKEN:
		met.overtaken++;
		assert_true(w.overtaken || w.overwritten || w.stuck);
		look_at_dirtier(&flown);
		break;
	}
}

static void many_writes(bool late)
{
	unsigned int i;

	met = (typeof(met)){};
	seed = late ? 11 : 7;
	for (i = 0; i < 200000; i++)
		one_write(late);
	print_message("# %u overtaken, of %u who did is known, %u unknown, %u not; %u stuck, %u undone\n",
		      met.overtaken, met.named, met.unknown, met.not, met.stuck, met.undone);
	/* Each of them was met, or nothing was tested. */
	assert_true(met.overtaken > 1000 && met.not > 1000 && met.undone > 1000);
	assert_true(met.named > met.overtaken / 2);
}

static void test_an_overwrite(void **state)
{
	(void)state;
	many_writes(false);
}

static void test_what_is_mapped_late(void **state)
{
	(void)state;
	many_writes(true);
}

#define ROUNDS 20000

static pthread_barrier_t both;
static bool tag;

/* Its writeback has begun, which the page cache says, before it is sent. */
static void *write_back_once(void *unused)
{
	struct diolate_part part = page(0);
	unsigned int i;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&both);
		WRITE_ONCE(tag, true);
		diolate_spans_written(mapping, &part, &part, NULL);
		pthread_barrier_wait(&both);
	}
	return NULL;
}

/* Whoever sends a bio sees that one is being written back, or is seen by him. */
static void test_one_sees_the_other(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .told = true,
	};
	struct diolate_flown flown;
	struct diolate_part part;
	unsigned int i, seen = 0;
	pthread_t other;

	(void)state;
	pthread_barrier_init(&both, NULL, 2);
	assert_int_equal(pthread_create(&other, NULL, write_back_once, NULL), 0);
	for (i = 0; i < ROUNDS; i++) {
		bool tagged;

		WRITE_ONCE(tag, false);
		diolate_flight_begin(&begun, &flown);
		pthread_barrier_wait(&both);
		assert_true(diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part));
		tagged = READ_ONCE(tag);
		pthread_barrier_wait(&both);
		assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
		assert_true(tagged || flown.verdict == DIOLATE_IS_OVERTAKEN);
		seen += tagged;
	}
	pthread_join(other, NULL);
	print_message("# it was seen %u times, and else saw\n", seen);
}

#define WRITERS 4

/* Each has more writes in flight than a bucket has places, some with several bios. */
static void *write_many(void *arg)
{
	const uintptr_t base = (uintptr_t)arg;
	struct diolate_flown flown;
	struct diolate_part part;
	unsigned int i, n;

	for (i = 0; i < 200; i++) {
		for (n = 0; n < 64; n++) {
			struct diolate_begun begun = {
				.iocb = (void *)(base + n * 64), .mapping = mapping,
				.part = { n * PAGE_SIZE, (n + 2) * PAGE_SIZE }, .told = true,
				.owner = base >> 20,
			};

			diolate_flight_begin(&begun, &flown);
			diolate_flight_send(begun.iocb, mapping, n * PAGE_SIZE, (void *)(base + n), PAGE_SIZE,
					    n & 1, NULL, NULL, &part);
			diolate_flight_send(begun.iocb, mapping, n * PAGE_SIZE, (void *)(base + n + 1000),
					    PAGE_SIZE, n & 1, NULL, NULL, &part);
		}
		for (n = 0; n < 64; n++)
			diolate_flight_land((void *)(base + n * 64), mapping,
					    (void *)(base + n));
		for (n = 0; n < 64; n++)
			if (!diolate_flight_end((void *)(base + n * 64), NULL, n * PAGE_SIZE, 2 * PAGE_SIZE,
						&flown))
				assert_true(diolate_bucket_was_crowded((void *)(base + n * 64)));
	}
	return NULL;
}

static void *write_back_all(void *arg)
{
	struct diolate_part part = { 0, 80 * PAGE_SIZE };

	while (!READ_ONCE(*(bool *)arg)) {
		diolate_spans_written(mapping, &part, arg, NULL);
		diolate_spans_read(mapping, &part);
	}
	return NULL;
}

static void nobody(const struct diolate_flown *flown)
{
	(void)flown;
	fail();
}

static void test_many_at_a_time(void **state)
{
	pthread_t writers[WRITERS], flusher;
	bool done = false;
	uintptr_t i;

	(void)state;
	cache[0] = &folios[0];
	assert_int_equal(pthread_create(&flusher, NULL, write_back_all, &done), 0);
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_many,
						(void *)((i + 1) << 20)), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	WRITE_ONCE(done, true);
	pthread_join(flusher, NULL);
	cache[0] = NULL;
	/* Nothing is left. */
	assert_false(diolate_flights_sweep(false, nobody));
}

/* The nth address whose kiocb belongs into the first bucket. */
static struct kiocb *in_first(unsigned int nth)
{
	uintptr_t address = 0xffff888000000000;

	for (;; address += 64)
		if (!hash_ptr(address, 9) && !nth--)
			return (struct kiocb *)address;
}

/*
 * Who has all places makes room for others, but not for himself; none of his is taken for
 * another's.
 */
static void test_nobody_has_all_places(void **state)
{
	struct diolate_begun begun = { .mapping = mapping, .part = { 0, PAGE_SIZE }, .told = true };
	unsigned int i, found = 0, crowded = 0;
	struct diolate_flown flown;

	(void)state;
	for (i = 0; i < 40; i++) {
		begun.iocb = in_first(i);
		begun.owner = 1;
		diolate_flight_begin(&begun, &flown);
	}
	for (; i < 42; i++) {
		begun.iocb = in_first(i);
		begun.owner = 2;
		diolate_flight_begin(&begun, &flown);
	}
	for (i = 40; i < 42; i++)
		assert_true(diolate_flight_end(in_first(i), NULL, 0, PAGE_SIZE, &flown));
	for (i = 0; i < 40; i++) {
		if (diolate_flight_end(in_first(i), NULL, 0, PAGE_SIZE, &flown))
			found++;
		else
			crowded += diolate_bucket_was_crowded(in_first(i));
	}
	assert_int_equal(found, 10);
	assert_int_equal(crowded, 30);
}

static struct diolate_flown last_left;
static unsigned int lefts;

static void leave(const struct diolate_flown *flown)
{
	last_left = *flown;
	lefts++;
}

/*
 * One that nobody is called for is told when it is over, and what was marked since it was judged.
 */
static void test_nobody_is_called(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE },
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;

	(void)state;
	cache[0] = &folios[0];
	lefts = 0;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	/* In flight it is not over, however long ago it began. */
	jiffies += 1000 * HZ;
	assert_true(diolate_flights_sweep(false, leave));
	diolate_flight_land(iocb, mapping, NULL);
	jiffies += 1000 * HZ;
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	diolate_spans_written(mapping, &part, &folios[0], NULL);
	/* It is judged once. */
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	/* It is not over when it has begun to invalidate. */
	assert_true(diolate_flights_sweep(false, leave));
	jiffies += 10 * HZ;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 1);
	assert_int_equal(last_left.verdict, DIOLATE_NOT_JUDGED);
	/* And the same memory used again is another. */
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_spans_written(mapping, &part, &folios[0], NULL);
	diolate_flight_begin(&begun, &flown);
	assert_int_equal(flown.verdict, DIOLATE_IS_OVERTAKEN);
	jiffies += 60 * HZ;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 1);
	/* Of one that nothing is cached of nothing can be found out. */
	cache[0] = NULL;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_flight_land(iocb, mapping, NULL);
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	/* It may come by once more. */
	assert_true(diolate_flights_sweep(false, leave));
	jiffies += HZ;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 1);
	/* A bio with that kiocb is another write's, which is not followed. */
	diolate_flight_begin(&begun, &flown);
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	assert_false(diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part));
	assert_false(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	cache[0] = NULL;
}

/* One whose consumer was never called: another one with that kiocb inherits nothing of it. */
static void test_what_is_left(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
	};
	struct address_space *another = (void *)0xffff888000003000;
	struct diolate_part part = page(0);
	struct diolate_flown flown;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_spans_written(mapping, &part, folios, NULL);
	diolate_flight_begin(&begun, &flown);
	assert_int_equal(flown.verdict, DIOLATE_IS_OVERTAKEN);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	/* Nor does one of another file. */
	begun.mapping = another;
	begun.file = &begun;
	diolate_flight_begin(&begun, &flown);
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	/* Nobody looks at one of a file that is gone. */
	assert_false(diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part));
	assert_false(diolate_flight_land(iocb, mapping, NULL));
	assert_false(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
	/* Nor of another place in that file. */
	begun.mapping = mapping;
	diolate_flight_begin(&begun, &flown);
	assert_false(diolate_flight_send(iocb, mapping, PAGE_SIZE, NULL, PAGE_SIZE, false, NULL, NULL, &part));
	assert_true(diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part));
	diolate_spans_written(mapping, &part, folios, NULL);
	assert_false(diolate_flight_end(iocb, &begun, PAGE_SIZE, PAGE_SIZE, &flown));
	begun.mapping = another;
	/* And one that comes to nothing is over some time. */
	diolate_flight_begin(&begun, &flown);
	jiffies += 60 * HZ;
	diolate_flights_sweep(false, nobody);
	assert_true(diolate_flights_are_over());
	assert_false(diolate_flight_end(iocb, &begun, 0, PAGE_SIZE, &flown));
	assert_true(diolate_bucket_was_crowded(iocb));
}

/*
 * A write that is answered all the same when it has passed was judged: what is not known of it is counted once. If
 * not every write that begins is followed, it may be another.
 */
static void test_answered_after_passing(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .file = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;
	unsigned int how;

	(void)state;
	cache[0] = &folios[0];
	for (how = 0; how < 5; how++) {
		lefts = 0;
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		if (how == 0)
			diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_AT_START);
		diolate_flight_land(iocb, mapping, NULL);
		assert_true(diolate_flight_pass(iocb, mapping, 0, PAGE_SIZE, true, &flown));
		begins = how != 2;
		if (how > 0 && how < 4)
			diolate_spans_written(mapping, &part, folios, NULL);
		/* The rest of it was not sent. */
		assert_int_equal(diolate_flight_end(iocb, how == 3 ? NULL : mapping, 0, 2 * PAGE_SIZE, &flown),
				 how < 2 || how == 4);
		if (how < 2)
			assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
		if (how == 4)
			assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
		begins = true;
		diolate_flights_sweep(false, leave);
		assert_int_equal(lefts, how == 2 || how == 3);
		assert_false(diolate_flight_is_followed(iocb));
	}
	cache[0] = NULL;
}

/* Where some bios are not seen, nothing is certain of a write over which something was written back. */
static void test_unseen(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .number = 7, .unseen = true, .told = true,
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;
	unsigned int how;

	(void)state;
	for (how = 0; how < 2; how++) {
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		if (how)
			diolate_spans_written(mapping, &part, folios, NULL);
		diolate_flight_land(iocb, mapping, NULL);
		assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
		assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_UNSEEN);
		/* By which it is asked whether something was written back at all. */
		assert_int_equal(flown.number, 7);
	}
}

/* What is not known of how its bios follow each other. */
static void test_no_order(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
	};
	struct diolate_flown flown;
	struct diolate_part part;
	unsigned int i;

	(void)state;
	/* One is not seen; they are sent by another; they overlap. */
	for (i = 0; i < 3; i++) {
		begun.whole = i == 2;
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		diolate_spans_written(mapping, &part, folios, NULL);
		if (i)
			diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false,
					    i == 1 ? folios : NULL, NULL, &part);
		assert_true(diolate_flight_end(iocb, NULL, 0, 2 * PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
		assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_UNSEEN);
	}
}

/* A write of which no bio was seen went through the page cache; or nobody knows. */
static void test_bios_are_not_understood(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .told = true,
	};
	struct diolate_flown flown;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	diolate_flight_begin(&begun, &flown);
	diolate_layout.iomap = DIOLATE_HAS_CHANGED;
	assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
	diolate_layout.iomap = DIOLATE_BY_BTF;
	assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
	assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_UNSEEN);
}

/*
 * What was sent when the bio had ended, and before the page cache is invalidated, is no newer than
 * the write, whatever is cached there in the end.
 */
static void test_before_it_invalidates(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .told = true,
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		folios[0] = (struct folio){ .cached = true, .uptodate = true };
		cache[0] = &folios[0];
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		diolate_flight_land(iocb, mapping, NULL);
		if (i)
			diolate_flight_invalidates(iocb);
		diolate_spans_written(mapping, &part, &folios[0], NULL);
		if (!i)
			diolate_flight_invalidates(iocb);
		folios[0].dirty = true;
		assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, i ? DIOLATE_NOT_JUDGED : DIOLATE_IS_OVERTAKEN);
	}
	cache[0] = NULL;
}

/* One that was in flight before: by what is known of its last bio, if all have ended since. */
static void test_adopted(void **state)
{
	static const struct {
		s64 numbers[2];
		enum diolate_verdict verdicts[2], verdict;
	} cases[] = {
		{ { 7, 7 }, { DIOLATE_IS_OVERTAKEN, DIOLATE_IS_OVERTAKEN }, DIOLATE_IS_OVERTAKEN },
		/* What was certain is not any more. */
		{ { 7, 7 }, { DIOLATE_IS_OVERTAKEN, DIOLATE_NOT_JUDGED }, DIOLATE_NOT_JUDGED },
		{ { 7, 7 }, { DIOLATE_NOT_JUDGED, DIOLATE_IS_OVERTAKEN }, DIOLATE_NOT_JUDGED },
		/* Another bio ended before it, and was seen after it. */
		{ { 7, 8 }, { DIOLATE_IS_OVERTAKEN, DIOLATE_IS_OVERTAKEN }, DIOLATE_NOT_JUDGED },
		/* The other one had ended before. */
		{ { 7, 0 }, { DIOLATE_IS_OVERTAKEN }, DIOLATE_NOT_JUDGED },
	};
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
	};
	struct diolate_flown flown;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (n = 0; n < 2 && cases[i].numbers[n]; n++) {
			begun.number = cases[i].numbers[n];
			assert_int_equal(diolate_flight_adopted(iocb, mapping), n ? 7 : 0);
			diolate_flight_adopt(&begun, PAGE_SIZE, cases[i].verdicts[n], 0);
		}
		/* It is not followed since it began. */
		assert_false(diolate_flight_land(iocb, mapping, NULL));
		assert_true(diolate_flight_end(iocb, NULL, 0, 2 * PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, cases[i].verdict);
		if (flown.verdict == DIOLATE_NOT_JUDGED)
			assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_ARMING);
	}
}

/*
 * On a file system that writes elsewhere: of two pages of a write the second is cached, and what is
 * mapped after the write was decides, whenever it was sent.
 */
static void test_mapped(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
		.elsewhere = true,
	};
	const struct diolate_part both = { 0, 2 * PAGE_SIZE }, more = { 0, 4 * PAGE_SIZE };
	const struct diolate_part first = page(0), second = page(1);
	const struct bio *bio = (void *)0xffff888000004000;
	static const struct {
		/* One character a step; see below. */
		const char *steps;
		enum diolate_verdict verdict;
		enum diolate_unknown unknown;
	} cases[] = {
		{ "em2", DIOLATE_IS_OVERTAKEN, 0 },
		{ "emb", DIOLATE_IS_OVERTAKEN, 0 },
		{ "em4", DIOLATE_IS_OVERTAKEN, 0 },
		{ "em1", DIOLATE_IS_NOT, 0 },
		{ "2em", DIOLATE_IS_NOT, 0 },
		{ "e2m", DIOLATE_IS_NOT, 0 },
		{ "wewmw", DIOLATE_IS_NOT, 0 },
		/* Who reads it may have looked up what was there before. */
		{ "erm2", DIOLATE_NOT_JUDGED, DIOLATE_UNKNOWN_LATE },
		{ "emr2", DIOLATE_NOT_JUDGED, DIOLATE_UNKNOWN_LATE },
		{ "rem2", DIOLATE_IS_OVERTAKEN, 0 },
		/* Not all of it was seen. */
		{ "", DIOLATE_NOT_JUDGED, DIOLATE_UNKNOWN_UNSEEN },
		{ "e", DIOLATE_NOT_JUDGED, DIOLATE_UNKNOWN_UNSEEN },
		{ "m", DIOLATE_NOT_JUDGED, DIOLATE_UNKNOWN_UNSEEN },
	};
	struct folio folio = { .cached = true, .uptodate = true };
	struct diolate_flown flown;
	const char *step;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cache[1] = &folio;
		diolate_flight_begin(&begun, &flown);
		for (step = cases[i].steps; *step; step++) {
			switch (*step) {
			case 'e':
				diolate_flight_end_elsewhere(iocb, mapping, bio, &both);
				break;
			case 'm':
				diolate_flight_map(iocb, mapping, bio);
				break;
			case 'r':
				diolate_spans_read(mapping, &second);
				break;
			case 'w':
				diolate_spans_written(mapping, &second, &folio, NULL);
				break;
			default:
				diolate_spans_mapped(mapping, *step == '1' ? &first :
						      *step == '2' ? &second :
						      *step == 'b' ? &both : &more);
			}
		}
		cache[1] = NULL;
		assert_true(diolate_flight_end(iocb, NULL, 0, 2 * PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, cases[i].verdict);
		if (flown.verdict == DIOLATE_NOT_JUDGED)
			assert_int_equal(flown.unknown, cases[i].unknown);
	}
}

/* What is mapped at once is of two folios, of which one came after the invalidation, and stays. */
static void test_two_mapped(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, 2 * PAGE_SIZE }, .told = true,
		.elsewhere = true,
	};
	const struct diolate_part both = { 0, 2 * PAGE_SIZE };
	struct folio two[2] = { { .uptodate = true }, { .uptodate = true } };
	struct diolate_flown flown;

	(void)state;
	cache[0] = &two[0];
	cache[1] = &two[1];
	diolate_flight_begin(&begun, &flown);
	diolate_flight_end_elsewhere(iocb, mapping, NULL, &both);
	diolate_flight_map(iocb, mapping, NULL);
	diolate_spans_mapped(mapping, &both);
	cache[1] = NULL;
	assert_true(diolate_flight_end(iocb, NULL, 0, 2 * PAGE_SIZE, &flown));
	assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
	assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_REPLACED);
	cache[0] = NULL;
}

/* One that failed is still there, of a file that is gone, when another with its kiocb invalidates. */
static void test_passes_of_another_file(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .late = true,
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	assert_false(diolate_flight_pass(iocb, (void *)0xffff888000003000, begun.part.start, PAGE_SIZE, true, &flown));
	assert_true(diolate_flights_are_over());
}

static int judged(u64 start)
{
	const struct diolate_part part = { start, start + PAGE_SIZE };
	struct diolate_flown flown;

	return diolate_flight_judge(iocb, mapping, &part, &flown) ? (int)flown.verdict : -1;
}

/*
 * What was said of a write in passing is said once more if it could not invalidate. What is not known is counted
 * when nobody can find out any more.
 */
static void test_judged_after_passing(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { PAGE_SIZE, 2 * PAGE_SIZE },
	};
	struct diolate_part part = page(1);
	struct diolate_flown flown;
	unsigned int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		if (how == 0)
			diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_AT_START);
		if (how == 1)
			diolate_spans_written(mapping, &part, folios, NULL);
		diolate_flight_land(iocb, mapping, NULL);
		assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
		assert_int_equal(judged(PAGE_SIZE), flown.verdict);
		assert_int_equal(flown.verdict, how == 0 ? DIOLATE_NOT_JUDGED :
					       how == 1 ? DIOLATE_IS_OVERTAKEN : DIOLATE_IS_NOT);
		/* Of another write nothing is said, nor of one that may be another. */
		assert_int_equal(judged(0), -1);
		begins = false;
		assert_int_equal(judged(PAGE_SIZE),
				 how == 2 ? DIOLATE_NOT_JUDGED : (int)flown.verdict);
		begins = true;
		assert_int_equal(judged(PAGE_SIZE), flown.verdict);
		/* Only an overtaken one was counted when it passed. */
		lefts = 0;
		jiffies += 10 * HZ;
		assert_false(diolate_flights_sweep(false, leave));
		assert_int_equal(lefts, how == 0);
	}
	/* A reader may have found zeros after that. */
	begun.late = true;
	for (how = 0; how < 2; how++) {
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		diolate_flight_land(iocb, mapping, NULL);
		assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, how, &flown));
		assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
		assert_int_equal(judged(PAGE_SIZE), how ? DIOLATE_IS_NOT : DIOLATE_NOT_JUDGED);
	}
	begun.late = false;
	/* It was told, or put right. */
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_spans_written(mapping, &part, folios, NULL);
	assert_int_equal(judged(PAGE_SIZE), DIOLATE_IS_OVERTAKEN);
	diolate_flight_settle(iocb, NULL, PAGE_SIZE);
	assert_int_equal(judged(PAGE_SIZE), DIOLATE_IS_NOT);
	assert_true(diolate_flight_end(iocb, NULL, PAGE_SIZE, PAGE_SIZE, &flown));
}

/*
 * A write of which it is not known in passing whether it was overtaken is counted when it is over, once, and not if a
 * late error is met.
 */
static void test_not_known_in_passing(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { PAGE_SIZE, 3 * PAGE_SIZE }, .number = 7,
	};
	struct diolate_part part = page(1);
	struct diolate_flown flown;
	unsigned int how;

	(void)state;
	for (how = 0; how < 5; how++) {
		diolate_flight_begin(&begun, &flown);
		assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
		diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		diolate_flight_land(iocb, mapping, NULL);
		/* Of two pages a bio was seen of one only. */
		assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, 2 * PAGE_SIZE, true, &flown));
		assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
		assert_int_equal(flown.unknown, DIOLATE_UNKNOWN_UNSEEN);
		if (how == 1)
			diolate_spans_written(mapping, &part, folios, NULL);
		if (how == 2)
			diolate_flight_settle(iocb, NULL, PAGE_SIZE);
		if (how == 4) {
			diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_CROWDED);
			diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_AT_START);
		}
		last_left.verdict = DIOLATE_IS_NOT;
		lefts = 0;
		if (how == 3) {
			/* The next write with this kiocb begins. */
			diolate_flight_begin(&begun, &last_left);
			diolate_flight_end(iocb, NULL, 0, 0, &flown);
			lefts++;
		}
		jiffies += 10 * HZ;
		assert_false(diolate_flights_sweep(false, leave));
		assert_int_equal(lefts, how != 2);
		if (how == 2)
			continue;
		assert_int_equal(last_left.verdict, DIOLATE_NOT_JUDGED);
		assert_int_equal(last_left.unknown, how == 4 ? DIOLATE_UNKNOWN_CROWDED : DIOLATE_UNKNOWN_UNSEEN);
		/*
		 * So that the caller can ask whether anything of it was written back at all; but what was on its
		 * way when it began may not be noted.
		 */
		assert_int_equal(last_left.number, how == 4 ? 0 : 7);
		assert_int_equal(last_left.part.start, begun.part.start);
		assert_int_equal(last_left.part.end, begun.part.end);
	}
}

/* What may be the flight of an earlier write with the same kiocb is not taken for this one's, and is counted. */
static void test_of_an_earlier_write(void **state)
{
	const struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .file = folios, .part = page(1), .number = 7,
	};
	struct diolate_part part = page(1);
	struct diolate_flown flown;
	unsigned int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		if (how < 2) {
			diolate_flight_begin(&begun, &flown);
			diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
			diolate_flight_land(iocb, mapping, NULL);
			diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_CROWDED);
		} else {
			diolate_flight_adopt(&begun, PAGE_SIZE, DIOLATE_NOT_JUDGED, 0);
		}
		assert_true(diolate_flight_is_followed(iocb));
		assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
		assert_int_equal(flown.verdict, DIOLATE_NOT_JUDGED);
		assert_false(diolate_flight_is_followed(iocb));
		/* Of a late error of another write nothing follows. */
		diolate_flight_late(iocb, folios, 0);
		diolate_flight_settle(iocb, folios, 0);
		diolate_flight_late(iocb, NULL, begun.part.start);
		diolate_flight_settle(iocb, NULL, begun.part.start);
		/* It may invalidate twice, if each write that begins is followed, and it was. */
		begins = how == 0;
		assert_int_equal(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown), how == 0);
		assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
		begins = true;
		lefts = 0;
		jiffies += 10 * HZ;
		assert_false(diolate_flights_sweep(false, leave));
		assert_int_equal(lefts, 1);
	}
}

/* While a late error pends the write is not counted as unknown, too; whether it was overtaken may be asked. */
static void test_late_error_pends(void **state)
{
	const struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .file = folios, .part = page(1), .number = 7,
	};
	struct diolate_part part = page(1);
	struct diolate_flown flown;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_flight_land(iocb, mapping, NULL);
	diolate_flight_doubt(iocb, DIOLATE_UNKNOWN_AT_START);
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	diolate_flight_late(iocb, folios, begun.part.start);
	assert_int_equal(judged(PAGE_SIZE), DIOLATE_NOT_JUDGED);
	lefts = 0;
	jiffies += 10 * HZ;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 0);
}

/* Flights of which nothing more is found out make place for a write that begins, and are counted. */
static void test_unknown_make_place(void **state)
{
	struct diolate_begun begun = { .mapping = mapping, .part = page(1) };
	struct diolate_flown flown;
	unsigned int i;

	(void)state;
	for (i = 0; i < DIOLATE_PLACES; i++) {
		begun.iocb = in_first(i);
		diolate_flight_begin(&begun, &flown);
		diolate_flight_doubt(begun.iocb, DIOLATE_UNKNOWN_CROWDED);
		assert_true(diolate_flight_pass(begun.iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	}
	begun.iocb = in_first(i);
	diolate_flight_begin(&begun, &flown);
	assert_true(diolate_flight_is_followed(begun.iocb));
	assert_false(diolate_bucket_was_crowded(begun.iocb));
	diolate_flight_end(begun.iocb, NULL, PAGE_SIZE, PAGE_SIZE, &flown);
	lefts = 0;
	jiffies += 10 * HZ;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, DIOLATE_PLACES);
}

/*
 * The folio in the way of a write was written back until somebody looks: it undid the write, unless it was read
 * when the data of the write were on the disk.
 */
static void test_judged_when_written_back(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { PAGE_SIZE, 2 * PAGE_SIZE },
	};
	struct folio folio = { .cached = true, .uptodate = true };
	struct diolate_part part = page(1);
	struct diolate_flown flown;
	unsigned int read;

	(void)state;
	for (read = 0; read < 3; read++) {
		cache[1] = read < 2 ? &folio : NULL;
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
		diolate_flight_land(iocb, mapping, NULL);
		cache[1] = &folio;
		if (read)
			diolate_spans_read(mapping, &part);
		diolate_spans_written(mapping, &part, &folio, NULL);
		assert_int_equal(judged(PAGE_SIZE), read ? DIOLATE_IS_NOT : DIOLATE_IS_OVERTAKEN);
		assert_true(diolate_flight_end(iocb, NULL, PAGE_SIZE, PAGE_SIZE, &flown));
	}
	cache[1] = NULL;
}

/*
 * A folio that came between a bio's end and the completion, and is sent when the write invalidates and
 * nobody is called for it.
 */
static void test_late_in_passing(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE }, .late = true,
	};
	struct folio folio = { .cached = true, .uptodate = true };
	struct diolate_part part = page(0);
	struct diolate_flown flown;

	(void)state;
	lefts = 0;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, begun.part.start, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_flight_land(iocb, mapping, NULL);
	diolate_spans_read(mapping, &part);
	cache[0] = &folio;
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	diolate_spans_written(mapping, &part, &folio, NULL);
	cache[0] = NULL;
	jiffies += 10 * HZ;
	diolate_flights_sweep(false, leave);
	assert_int_equal(lefts, 1);
}

/* The last bytes of the largest file. */
static void test_the_last_bytes(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .told = true,
		.part = { INT64_MAX - 8191, INT64_MAX },
	};
	struct diolate_flown flown;
	struct diolate_part part;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	assert_true(diolate_flight_send(iocb, mapping, begun.part.start, NULL, 8191, false, NULL, NULL, &part));
	diolate_spans_written(mapping, &begun.part, folios, NULL);
	assert_true(diolate_flight_end(iocb, NULL, begun.part.start, 8191, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_OVERTAKEN);
}

/*
 * What finds no room in its lane is not known, but for some of others than who has filled it; of
 * which the last is too many.
 */
static void test_a_lane_is_full(void **state)
{
	struct diolate_begun begun = { .mapping = mapping, .part = { 0, PAGE_SIZE }, .told = true };
	struct diolate_part part = page(0);
	struct diolate_flown flown;
	uintptr_t i, unknown[2] = { 0 };

	(void)state;
	for (i = 0; i < 665; i++) {
		begun.iocb = (void *)(0xffff888000000000 + i * 64);
		begun.owner = i >= 600;
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(begun.iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	}
	diolate_spans_written(mapping, &part, folios, NULL);
	for (i = 0; i < 665; i++) {
		assert_true(diolate_flight_end((void *)(0xffff888000000000 + i * 64), NULL, 0,
					       PAGE_SIZE, &flown));
		unknown[i >= 600] += flown.verdict == DIOLATE_NOT_JUDGED;
		assert_true(flown.verdict != DIOLATE_IS_NOT);
	}
	assert_int_equal(unknown[0], 600 - 512);
	assert_int_equal(unknown[1], 1);
}

/* One that was judged in passing, and then met again, makes place for the next of its kiocb. */
static void test_dropped(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .part = { 0, PAGE_SIZE },
	};
	struct folio folio = { .cached = true, .uptodate = true };
	struct diolate_part part = page(0);
	struct diolate_flown flown;

	(void)state;
	cache[0] = &folio;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part);
	diolate_flight_land(iocb, mapping, NULL);
	assert_true(diolate_flight_pass(iocb, mapping, begun.part.start, PAGE_SIZE, true, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
	diolate_spans_written(mapping, &part, &folio, NULL);
	assert_false(diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, NULL, &part));
	cache[0] = NULL;
	assert_true(diolate_flights_are_over());
	lefts = 0;
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 1);
	assert_false(diolate_flights_sweep(false, leave));
	assert_int_equal(lefts, 1);
}

/* What a disk sends anew to those that it lies on says nothing of the order in which it writes. */
static void test_disks(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .told = true, .part = { 0, PAGE_SIZE },
	};
	struct diolate_part part = page(0);
	struct diolate_flown flown;
	const int disks[2] = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 0, NULL, PAGE_SIZE, false, NULL, &disks[0], &part);
		diolate_spans_written(mapping, &part, folios, &disks[i]);
		assert_true(diolate_flight_end(iocb, NULL, 0, PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, i ? DIOLATE_NOT_JUDGED : DIOLATE_IS_OVERTAKEN);
	}
}

/* One bio of the longest write of huge pages. */
static void test_long_bio(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .told = true, .part = { 0, 256 << 20 },
	};
	struct diolate_flown flown;
	struct diolate_part part;

	(void)state;
	diolate_flight_begin(&begun, &flown);
	diolate_flight_send(iocb, mapping, 0, NULL, 256 << 20, false, NULL, NULL, &part);
	assert_true(diolate_flight_end(iocb, NULL, 0, 256 << 20, &flown));
	assert_int_equal(flown.verdict, DIOLATE_IS_NOT);
}

/* A bio of more pages than a span has is in several; what is not of its bytes does not meet it. */
static void test_bytes(void **state)
{
	struct diolate_begun begun = {
		.iocb = iocb, .mapping = mapping, .told = true,
		.part = { 512, 512 + 600 * PAGE_SIZE },
	};
	struct diolate_part part, others[] = {
		{ 0, 512 }, { 512 + 600 * PAGE_SIZE, 700 * PAGE_SIZE }, { 4 << 20, 5 << 20 },
	}, theirs[] = {
		{ 0, 513 }, { 511 + 600 * PAGE_SIZE, 700 * PAGE_SIZE }, { 1 << 20, (1 << 20) + 1 },
		{ 0, 5 << 20 },
	};
	struct diolate_flown flown;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 + 4; i++) {
		diolate_flight_begin(&begun, &flown);
		diolate_flight_send(iocb, mapping, 512, NULL, 600 * PAGE_SIZE, false, NULL, NULL, &part);
		diolate_spans_written(mapping, i < 3 ? &others[i] : &theirs[i - 3], folios, NULL);
		assert_true(diolate_flight_end(iocb, NULL, 512, 600 * PAGE_SIZE, &flown));
		assert_int_equal(flown.verdict, i < 3 ? DIOLATE_IS_NOT : DIOLATE_IS_OVERTAKEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_overwrite),
		cmocka_unit_test(test_what_is_mapped_late),
		cmocka_unit_test(test_one_sees_the_other),
		cmocka_unit_test(test_many_at_a_time),
		cmocka_unit_test(test_nobody_has_all_places),
		cmocka_unit_test(test_nobody_is_called),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_answered_after_passing),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_no_order),
		cmocka_unit_test(test_bios_are_not_understood),
		cmocka_unit_test(test_before_it_invalidates),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_two_mapped),
		cmocka_unit_test(test_passes_of_another_file),
		cmocka_unit_test(test_judged_after_passing),
		cmocka_unit_test(test_not_known_in_passing),
		cmocka_unit_test(test_of_an_earlier_write),
		cmocka_unit_test(test_late_error_pends),
		cmocka_unit_test(test_unknown_make_place),
		cmocka_unit_test(test_judged_when_written_back),
		cmocka_unit_test(test_late_in_passing),
		cmocka_unit_test(test_the_last_bytes),
		cmocka_unit_test(test_a_lane_is_full),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_long_bio),
		cmocka_unit_test(test_bytes),
	};

	diolate_flights_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
