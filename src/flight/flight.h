/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct writes in flight, and whether one was overtaken. flight.c, and bucket.c,
 * span.c and verdict.c below it, are also compiled and tested in user space (test/unit/), with
 * stand-ins there for the kernel.
 */
#ifndef DIOLATE_FLIGHT_FLIGHT_H
#define DIOLATE_FLIGHT_FLIGHT_H

#include <linux/types.h>

#include "flight/begun.h"
#include "model/part.h"

struct address_space;
struct bio;
struct kiocb;

void diolate_flights_init(void);
void diolate_flight_begin(const struct diolate_begun *begun, struct diolate_flown *left);
bool diolate_flight_send(const struct kiocb *iocb, const struct address_space *mapping,
			 loff_t pos, const struct bio *bio, u64 bytes, bool late,
			 const void *sender, const void *disk, struct diolate_part *part);
bool diolate_flight_land(const struct kiocb *iocb, const struct address_space *mapping,
			 const struct bio *bio);
void diolate_flight_end_elsewhere(const struct kiocb *iocb, const struct address_space *mapping,
				  const struct bio *bio, const struct diolate_part *part);
void diolate_flight_map(const struct kiocb *iocb, const struct address_space *mapping,
			const struct bio *bio);
void diolate_flight_doubt(const struct kiocb *iocb, enum diolate_unknown unknown);
s64 diolate_flight_adopted(const struct kiocb *iocb, const struct address_space *mapping);
void diolate_flight_adopt(const struct diolate_begun *begun, u64 bytes,
			  enum diolate_verdict verdict, u64 dirtied);
bool diolate_flight_judge(const struct kiocb *iocb, const struct address_space *mapping,
			  const struct diolate_part *part, struct diolate_flown *flown);
bool diolate_flight_pass(const struct kiocb *iocb, const struct address_space *mapping,
			 loff_t pos, u64 bytes, bool mapped, struct diolate_flown *flown);
void diolate_flight_invalidates(const struct kiocb *iocb);
bool diolate_flight_is_followed(const struct kiocb *iocb);
void diolate_flight_late(const struct kiocb *iocb, const void *file, loff_t start);
void diolate_flight_settle(const struct kiocb *iocb, const void *file, loff_t start);
bool diolate_flight_end(const struct kiocb *iocb, const void *file, loff_t pos, u64 bytes,
			struct diolate_flown *flown);
bool diolate_flights_sweep(bool all, void (*left)(const struct diolate_flown *flown));
bool diolate_flights_are_over(void);

#endif
