/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/atomic.h>

#define DEFINE_PER_CPU(type, name) __attribute__((__section__("percpu"))) __typeof__(type) name
#define this_cpu_ptr(p) ((__typeof__(p))race_percpu(p, race_self()))
#define per_cpu(name, cpu) (*(__typeof__(&(name)))race_percpu(&(name), cpu))
#define for_each_possible_cpu(cpu) for (cpu = 0; cpu <= (int)race_tasks(); cpu++)
/* One instruction, so that no interrupt comes between. */
#define this_cpu_inc(name) \
	((void)__atomic_add_fetch(this_cpu_ptr(&(name)), 1, __ATOMIC_RELAXED))
#define this_cpu_dec(name) \
	((void)__atomic_sub_fetch(this_cpu_ptr(&(name)), 1, __ATOMIC_RELAXED))
