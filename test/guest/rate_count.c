// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions are executed, in a guest whose clock counts them: the time that passes less the time
 * that nobody does anything, which is the device's. For that a thread that runs only when nobody else does
 * spins, and its rounds are counted. (What the kernel itself knows of its idle time is in no file of 7.3 to
 * more than 10 ms.)
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rate.h"

static uint64_t counted, since, idle_since;

/* One a nanosecond, by the same clock as all else there. */
static uint64_t now(void)
{
	return __builtin_ia32_rdtsc();
}

/* How often the spinner went around while nobody else did anything, and what that takes. */
static volatile uint64_t idle;
#define IDLE 4

/* The spinner waits, so that time may pass which is not counted and takes none of the host's. */
static volatile int paused;

static void *spin(void *arg)
{
	const struct sched_param none = { 0 };

	(void)arg;
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		err(1, "SCHED_IDLE");
	for (;;) {
		asm volatile("1: cmpl $0, %1; jne 2f; incq %0; jmp 1b; 2:" : "+m" (idle) : "m" (paused));
		syscall(SYS_futex, &paused, FUTEX_WAIT, 1, NULL, NULL, 0);
	}
	return NULL;
}

void count_begin(void)
{
	pthread_t spinner;

	if (pthread_create(&spinner, NULL, spin, NULL))
		errx(1, "pthread_create");
}

void count_pause(void)
{
	paused = 1;
}

void count_on(void)
{
	paused = 0;
	syscall(SYS_futex, &paused, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void go(void)
{
	idle_since = idle;
	since = now();
}

void halt(void)
{
	counted += now() - since - IDLE * (idle - idle_since);
}

double count(void)
{
	return counted;
}
