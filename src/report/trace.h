/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoint diolate:late_error has the fields of a line of the log, except the `+` of pages.
 * A late error in the log is one event, when its outcome is known.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM diolate

#if !defined(DIOLATE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DIOLATE_TRACE_H

#include <linux/tracepoint.h>

#include "report/record.h"

TRACE_EVENT(late_error,
	TP_PROTO(const struct diolate_record *r, u64 seq, enum diolate_outcome outcome,
		 enum diolate_reason reason, int error),
	TP_ARGS(r, seq, outcome, reason, error),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, time)
		__array(char, outcome, 16)
		__array(char, reason, 24)
		__array(char, kind, 12)
		__field(dev_t, dev)
		__field(u64, ino)
		__field(u32, gen)
		__array(char, fstype, 16)
		__dynamic_array(char, path, strlen(r->file.path) + 1)
		__field(u64, offset)
		__field(u64, length)
		__field(int, error)
		__field(unsigned int, pages)
		__array(char, page, 12)
		__array(char, consumer, 12)
		__field(uid_t, uid)
		__field(pid_t, pid)
		__array(char, comm, TASK_COMM_LEN)
		__field(pid_t, dirtied_pid)
		__array(char, dirtied_comm, TASK_COMM_LEN)
		__array(char, dirtied_by, 8)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->time = r->time;
		strscpy(__entry->outcome, diolate_outcome_names[outcome], 16);
		strscpy(__entry->reason, diolate_reason_names[reason], 24);
		strscpy(__entry->kind, diolate_kind_names[r->kind], 12);
		__entry->dev = r->file.dev;
		__entry->ino = r->file.ino;
		__entry->gen = r->file.gen;
		strscpy(__entry->fstype, r->file.fstype, 16);
		memcpy(__get_dynamic_array(path), r->file.path, __get_dynamic_array_len(path));
		__entry->offset = r->pos;
		__entry->length = r->length;
		__entry->error = error;
		__entry->pages = r->pages;
		strscpy(__entry->page, diolate_page_names[r->page], 12);
		strscpy(__entry->consumer, diolate_consumer_names[r->consumer], 12);
		__entry->uid = r->uid;
		__entry->pid = r->pid;
		strscpy(__entry->comm, r->comm, TASK_COMM_LEN);
		__entry->dirtied_pid = r->dirtier.pid;
		strscpy(__entry->dirtied_comm, r->dirtier.comm, TASK_COMM_LEN);
		strscpy(__entry->dirtied_by, diolate_by_names[r->dirtier.by], 8);
	),
	TP_printk("seq=%llu outcome=%s reason=%s kind=%s dev=%u:%u ino=%llu gen=%u fstype=%s path=%s offset=%llu length=%llu error=%d pages=%u page=%s consumer=%s uid=%u pid=%d comm=%s dirtied_pid=%d dirtied_comm=%s dirtied_by=%s",
		  __entry->seq, __entry->outcome, __entry->reason, __entry->kind,
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->gen, __entry->fstype,
		  __get_str(path), __entry->offset, __entry->length, __entry->error,
		  __entry->pages, __entry->page, __entry->consumer, __entry->uid, __entry->pid,
		  __entry->comm, __entry->dirtied_pid, __entry->dirtied_comm,
		  __entry->dirtied_by)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
