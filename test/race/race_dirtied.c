// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios of some files of one ring become dirty, so many that notes are written anew, while others ask who did it.
 * A name is right, or there is none: it is one that has dirtied this page of this file, and with the file locked
 * the one that did so last.
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

#define FILES 4
#define PAGES 4

unsigned long race_jiffies;

static struct file {
	const struct address_space *mapping;
	bool locked;
	struct race_order order;
	/* Who has dirtied each page last. */
	int last[PAGES];
} files[FILES];

static int numbers;

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
}

/* Who is named for a page; 0 for nobody. */
static int ask(const struct file *f, unsigned int file, unsigned int page)
{
	struct diolate_dirtier who;
	u64 note = diolate_dirtied_find(f->mapping, page, false, NULL);

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
	diolate_dirtied_note(f->mapping, page, page, false, &who);
	f->last[page] = who.pid;
	page = race_any(PAGES);
	named = ask(f, file, page);
	if (named && named != f->last[page])
		race_wrong("somebody is named who has not dirtied the page last");
	race_give(&f->order);
	race_model_lock();
	f->locked = false;
	race_model_unlock();
}

static void task(unsigned int n)
{
	unsigned int i, file, page;

	(void)n;
	for (i = 20 + 4 * race_turns(); i; i--) {
		file = race_any(FILES);
		page = race_any(PAGES);
		if (race_any(8))
			dirty(&files[file], file, page);
		else
			ask(&files[file], file, page);
	}
}

/* One that is noted now is found. */
static void end(void)
{
	unsigned int n;

	for (n = 0; n < FILES; n++) {
		dirty(&files[n], n, 0);
		if (ask(&files[n], n, 0) != files[n].last[0])
			race_wrong("who dirtied a page last is not found");
	}
}

const struct race race_subject = {
	.name = "dirtied", .most = 6, .crowd = 100, .begin = begin, .task = task, .end = end,
};
