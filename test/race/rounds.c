// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds of a race, each with a seed of its own, until the time is over or one is wrong.
 *   RACE SECONDS SEED     rounds with the seeds that follow from SEED
 *   RACE --seed SEED      the one round with this seed
 * With RACE_OF_PROCESSOR the seconds are those of the processor, as a mutant wants them that has to be found.
 * Says `ok`, or `not ok` with what is wrong and the seed of the round, on the last line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

/* What the table has in memory, by objcopy in test/race/run. A table may lack one of them. */
extern char __start_race_data[] __attribute__((weak)), __stop_race_data[] __attribute__((weak));
extern char __start_race_bss[] __attribute__((weak)), __stop_race_bss[] __attribute__((weak));

static char *data_at_first;
static uint64_t seed_of_round;

/* Splitmix64: what is the same everywhere. */
static uint64_t rounds_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/**
 * race_random() - a number by chance
 * @state: of the generator
 * @n:     the number is smaller
 */
unsigned int race_random(uint64_t *state, unsigned int n)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint64_t)(uint32_t)(*state >> 32) * n >> 32;
}

/**
 * race_wrong() - the table is wrong: say so, and the seed, and end
 * @format: what is wrong
 */
void race_wrong(const char *format, ...)
{
	va_list args;

	printf("not ok %s: ", race_maker);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("; --seed %#llx, after %.1f s of the processor\n%s", (unsigned long long)seed_of_round,
	       (double)clock() / CLOCKS_PER_SEC, race_context());
	fflush(stdout);
	_exit(1);
}

/** race_reset() - make the memory of the table what it was when the program began */
void race_reset(void)
{
	if (__stop_race_data - __start_race_data)
		memcpy(__start_race_data, data_at_first, __stop_race_data - __start_race_data);
	if (__stop_race_bss - __start_race_bss)
		memset(__start_race_bss, 0, __stop_race_bss - __start_race_bss);
}

static double rounds_now(void)
{
	struct timespec now;

	clock_gettime(getenv("RACE_OF_PROCESSOR") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void rounds_run(uint64_t seed)
{
	seed_of_round = seed;
	race_reset();
	race_round(seed);
}

int main(int argc, char **argv)
{
	size_t size = __stop_race_data - __start_race_data;
	unsigned long n = 0;
	uint64_t seed;
	double until;

	if (argc != 3)
		return 2;
	data_at_first = malloc(size + 1);
	if (!data_at_first)
		return 2;
	memcpy(data_at_first, __start_race_data, size);
	seed = strtoull(argv[2], NULL, 0);
	/* A thread that waits for ever is ended by the signal, and run says so. */
	if (!strcmp(argv[1], "--seed")) {
		alarm(300);
		rounds_run(seed);
		n = 1;
	} else {
		until = rounds_now() + atof(argv[1]);
		do {
			alarm(300);
			rounds_run(rounds_mix(seed + n++));
		} while (rounds_now() < until);
	}
	printf("ok %s: %lu rounds, %lu switch points, from seed %#llx\n", race_maker, n, race_points(),
	       (unsigned long long)seed);
	return 0;
}
