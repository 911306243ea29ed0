// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of some files of one ring become dirty, so many that notes are written anew, while others ask who did it.
 * A name is right, or there is none: it is one that has dirtied this page of this file, none before that whose tag
 * was found, and with the file locked the one that did so last. The ring is full when a round begins, and some tasks
 * are held up until just that note is written anew which they write or have found.
 * With src/flight/dirtied.c
 */
#include <linux/jiffies.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flight/dirtied.h"
#include "race.h"

/* Of src/flight/dirtied.c. */
#define RINGS_BITS 4
#define NOTES 256

#define FILES 4
#define PAGES 4
#define TASKS 1024

unsigned long race_jiffies;

static struct file {
	const struct address_space *mapping;
	bool locked;
	struct race_order order;
	/* Who has dirtied each page last; and the same, as its tag in the page cache is seen without the lock. */
	int last[PAGES], tags[PAGES];
} files[FILES];

/* How many notes were begun, and for how many each task waits. */
static int numbers, wanted[TASKS];
/* How many there are to be. */
static int enough;

static void dirty(struct file *f, unsigned int file, unsigned int page);

static void begin(void)
{
	uintptr_t address = 0xffff888000000000;
	unsigned int n;

	for (n = 0; n < FILES; address += 64)
		if (!hash_ptr(address, RINGS_BITS))
			files[n++] = (struct file){ .mapping = (void *)address };
	numbers = 0;
	race_jiffies = 1000;
	diolate_dirtied_init();
	for (n = 0; n < FILES; n++)
		diolate_dirtied_watch(files[n].mapping);
	enough = NOTES + 300 + race_any(500);
	for (n = 0; n < NOTES; n++)
		dirty(&files[n % FILES], n % FILES, n / FILES % PAGES);
}

static bool are_begun(const void *many)
{
	return __atomic_load_n(&numbers, __ATOMIC_RELAXED) >= *(const int *)many;
}

/* Hold this task up, soon, until a note is about to be written anew, or was just now. */
static void stop(unsigned int from_now, int number)
{
	int *many = &wanted[race_self()];

	*many = number + NOTES - 4 + race_any(12);
	race_stop(from_now, are_begun, many);
}

/* Who is named for a page; 0 for nobody. */
static int ask(const struct file *f, unsigned int file, unsigned int page)
{
	struct diolate_dirtier who;
	u64 note = diolate_dirtied_find(f->mapping, page, false, NULL);

	if (note && !race_any(8))
		stop(1 + race_any(3), note >> RINGS_BITS);
	if (!diolate_dirtied_who(note, &who))
		return 0;
	if (who.pid / PAGES % FILES != (int)file || who.pid % PAGES != (int)page ||
	    strtoul(who.comm, NULL, 10) != (unsigned long)who.pid)
		race_wrong("somebody is named who has not dirtied the page: %d, %s", who.pid,
			   who.comm);
	return who.pid;
}

static void dirty(struct file *f, unsigned int file, unsigned int page)
{
	struct diolate_dirtier who = { .by = DIOLATE_BY_MMAP };
	int named;
	bool locked;

	race_model_lock();
	locked = f->locked;
	f->locked = true;
	race_model_unlock();
	if (locked)
		return;
	race_take(&f->order);
	who.pid = (__atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED) * FILES + file) * PAGES + page;
	snprintf(who.comm, sizeof(who.comm), "%d", who.pid);
	if (!race_any(64))
		stop(1 + race_any(race_any(2) ? 3 : 16), numbers);
	diolate_dirtied_note(f->mapping, page, page, false, &who);
	f->last[page] = who.pid;
	race_write_once(&f->tags[page], who.pid);
	page = race_any(PAGES);
	named = race_any(2) ? ask(f, file, page) : 0;
	if (named && named != f->last[page])
		race_wrong("somebody is named who has not dirtied the page last");
	race_give(&f->order);
	race_model_lock();
	f->locked = false;
	race_model_unlock();
}

/* Who has found a page dirty names nobody who dirtied it before that. */
static void ask_unlocked(const struct file *f, unsigned int file, unsigned int page)
{
	int tag = race_read_once(&f->tags[page]), named = ask(f, file, page);

	if (named && named < tag)
		race_wrong("somebody is named who has dirtied the page before it was found dirty");
}

static void task(unsigned int n)
{
	unsigned int file, page;

	(void)n;
	/* Whoever is held up is waited for by others. */
	while (__atomic_load_n(&numbers, __ATOMIC_RELAXED) < enough) {
		file = race_any(FILES);
		page = race_any(PAGES);
		if (race_any(4))
			dirty(&files[file], file, page);
		else
			ask_unlocked(&files[file], file, page);
	}
}

/* Nobody is named wrongly yet; and one that is noted now is found. */
static void end(void)
{
	unsigned int n, page;
	int named;

	for (n = 0; n < FILES * PAGES; n++) {
		page = n / FILES;
		named = ask(&files[n % FILES], n % FILES, page);
		if (named && named != files[n % FILES].last[page])
			race_wrong("somebody is named who has not dirtied the page last");
	}
	for (n = 0; n < FILES; n++) {
		dirty(&files[n], n, 0);
		if (ask(&files[n], n, 0) != files[n].last[0])
			race_wrong("who dirtied a page last is not found");
	}
}

const struct race race_subject = {
	.name = "dirtied", .most = 6, .crowd = 100, .begin = begin, .task = task, .end = end,
};
