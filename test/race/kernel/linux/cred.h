/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/fs.h>

#define from_kuid(namespace, uid) ((uid).val)

/* src/flight/sentinel.c has a FILE of its own, which stdio.h must not have. */
#define FILE FILE_OF_THE_MODULE
