/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of src/kernel/compat/folio.h: no folio is looked into here. */
#pragma once
struct folio;
