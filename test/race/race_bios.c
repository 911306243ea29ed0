// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios of direct writes of fs/direct-io.c are sent by tasks and end in others, at addresses that are used again.
 * There are more of them than places. Each ends with the kiocb that it was sent with, or with none.
 * With src/entry/direct_bios.c
 */
#include <linux/bio.h>
#include <linux/hash.h>
#include <linux/sched.h>

#include "entry/direct_bios.h"
#include "flight/flight.h"
#include "flight/following.h"
#include "flight/order.h"
#include "flight/sentinel.h"
#include "kernel/layout.h"
#include "outcome/judge.h"
#include "race.h"
#include "write/filesystem.h"
#include "write/identify.h"
#include "write/inside.h"
#include "write/iomap_dio.h"

/* Of src/entry/direct_bios.c: all bios want the same place, and have so many. */
#define DIO_BIOS_BITS 12
#define DIO_BIOS_REACH 16
#define BIOS 24
#define TASKS 1024

struct diolate_layout diolate_layout;
atomic64_t diolate_order_number;

static struct file file;
static struct address_space mapping;
static struct task_struct task_of[TASKS];

/* A bio, while it is taken: the kiocb that it was sent with, and whether it was noted. */
static struct sent {
	struct bio *bio;
	bool taken, flies, noted, landed;
	struct kiocb iocb;
	struct race_order order;
} bios[BIOS];

/* What a task is about. */
static struct diolate_direct_write writing[TASKS];
static struct sent *about[TASKS];

struct task_struct *race_current(void)
{
	return &task_of[race_self()];
}

struct diolate_direct_write *diolate_inside_direct_write_of(struct kiocb *iocb)
{
	(void)iocb;
	return &writing[race_self()];
}

bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *m,
			 loff_t pos, const struct bio *bio, u64 bytes, bool late,
			 const void *sender, const void *disk, struct diolate_part *part)
{
	struct sent *s = about[race_self()];

	(void)pos;
	(void)bytes;
	(void)late;
	(void)sender;
	(void)disk;
	(void)part;
	if (iocb != &s->iocb || bio != s->bio || m != &mapping)
		race_wrong("a bio is sent for another write");
	s->noted = true;
	return false;
}

void diolate_flight_doubt(const struct kiocb *iocb, enum diolate_unknown unknown)
{
	if (iocb != &about[race_self()]->iocb || unknown != DIOLATE_UNKNOWN_CROWDED)
		race_wrong("another write is doubted");
}

bool diolate_flight_land(const struct kiocb *iocb, const struct address_space *m,
			 const struct bio *bio)
{
	struct sent *s = about[race_self()];

	(void)m;
	if (iocb != &s->iocb || bio != s->bio)
		race_wrong("a bio ends for another write");
	if (s->landed)
		race_wrong("a bio ends twice");
	s->landed = true;
	return true;
}

/* A bio that was not noted is searched for: so it is not taken for another's. */
bool diolate_identify_dio(struct diolate_invalidation *inv, const unsigned long *dio,
			  const struct file *f)
{
	struct sent *s = about[race_self()];

	(void)inv;
	(void)dio;
	(void)f;
	if (s->noted)
		race_wrong("a bio that was noted is not found");
	s->landed = true;
	return false;
}

bool diolate_following_sees_iomap(void)
{
	return false;
}

void diolate_judge_begins_slow(struct kiocb *iocb, size_t count, const struct iomap_dio_ops *dops,
			       bool (*sees)(void))
{
	(void)iocb;
	(void)count;
	(void)dops;
	(void)sees;
}

u32 diolate_judge_owner(const struct file *f)
{
	(void)f;
	return 0;
}

struct kiocb *diolate_identify_submitter_of(struct kiocb *iocb)
{
	return iocb;
}

struct kiocb *diolate_iomap_dio_kiocb_slow(const void *dio)
{
	(void)dio;
	return NULL;
}

size_t diolate_iomap_dio_written(const void *dio)
{
	(void)dio;
	return 0;
}

bool diolate_iomap_dio_is_late(const void *dio)
{
	(void)dio;
	return false;
}

bool diolate_filesystem_may_be_overtaken(const struct inode *inode)
{
	(void)inode;
	return false;
}

s64 diolate_flight_adopted(const struct kiocb *iocb, const struct address_space *m)
{
	(void)iocb;
	(void)m;
	return 0;
}

void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict, u64 dirtied)
{
	(void)begun;
	(void)bytes;
	(void)verdict;
	(void)dirtied;
}

enum diolate_verdict diolate_sentinel_judge(const struct address_space *m,
					    const struct diolate_part *part, s64 before,
					    u64 *dirtied)
{
	(void)m;
	(void)part;
	(void)before;
	(void)dirtied;
	return DIOLATE_IS_NOT;
}

static void begin(void)
{
	static struct bio memory[BIOS << 20 >> 8];
	unsigned int n = 0, i;

	file.f_mapping = &mapping;
	for (i = 0; n < BIOS && i < sizeof(memory) / sizeof(memory[0]); i++)
		if (hash_ptr(&memory[i], DIO_BIOS_BITS) < 4)
			bios[n++] = (struct sent){ .bio = &memory[i], .iocb.ki_filp = &file };
	if (n < BIOS)
		race_wrong("there are not so many bios of one place");
}

static struct sent *take(bool flies)
{
	struct sent *s = &bios[race_any(BIOS)];
	bool taken;

	race_model_lock();
	taken = s->taken || s->flies != flies;
	if (!taken)
		s->taken = true;
	race_model_unlock();
	if (taken)
		return NULL;
	race_take(&s->order);
	about[race_self()] = s;
	return s;
}

static void give(struct sent *s, bool flies)
{
	race_give(&s->order);
	race_model_lock();
	s->flies = flies;
	s->taken = false;
	race_model_unlock();
}

static void send(void)
{
	struct sent *s = take(false);

	if (!s)
		return;
	s->noted = false;
	s->landed = false;
	writing[race_self()].inv.iocb = &s->iocb;
	race_handler(true);
	diolate_direct_bios_sent_by_dio(s->bio);
	race_handler(false);
	give(s, true);
}

static void end_one(void)
{
	struct sent *s = take(true);

	if (!s)
		return;
	race_handler(true);
	diolate_direct_bios_ended_by_dio(s->bio);
	race_handler(false);
	if (!s->landed)
		race_wrong("a bio ends, and nobody is told");
	give(s, false);
}

static void task(unsigned int n)
{
	unsigned int i;

	(void)n;
	for (i = race_turns(); i; i--) {
		send();
		send();
		end_one();
		end_one();
	}
}

/* No place is lost: as many as there are find one. */
static void end(void)
{
	unsigned int i;

	for (i = 0; i < BIOS; i++)
		if (bios[i].flies) {
			about[0] = &bios[i];
			diolate_direct_bios_ended_by_dio(bios[i].bio);
		}
	for (i = 0; i < DIO_BIOS_REACH; i++) {
		about[0] = &bios[i];
		bios[i].noted = false;
		writing[0].inv.iocb = &bios[i].iocb;
		diolate_direct_bios_sent_by_dio(bios[i].bio);
		if (!bios[i].noted)
			race_wrong("a place is lost");
	}
}

const struct race race_subject = {
	.name = "bios", .most = 10, .crowd = 200, .begin = begin, .task = task, .end = end,
};
