/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
extern __thread const struct task_struct *current;
