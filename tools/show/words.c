// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "show/words.h"

const char *const word_sort_names[WORD_SORTS] = {
	"counter", "outcome", "kind", "reason", "page", "consumer", "dirtied_by", "state", "layout", "policy",
};

/* test/unit/command compares them with the names in the module's source, and the man page with them. */
const struct word words[] = {
	{ WORD_COUNTER, "late_errors", "direct writes with a late error",
	  "Direct writes with which the page cache disagreed after they were sent; one is counted once. It is the "
	  "sum of stuck and overtaken, and that of delivered, already_failed, observed, repaired, spared, sync, "
	  "kernel_owned, undeliverable and pending." },
	{ WORD_COUNTER, "unattributed", "reported, but of which write is not known",
	  "The kernel reported a late error, and no write was found for it: it began before the module was loaded, "
	  "or more tasks wrote directly than could be followed. Nobody was told, and the log lacks it." },
	{ WORD_COUNTER, "overtaken_unknown", "may have been overtaken; nobody can know",
	  "Direct writes of which nobody can know whether older data were written over them. They are no late "
	  "errors; the counters that begin with unknown_ say why, and this is their sum." },
	{ WORD_COUNTER, "unknown_arming", "of these: in flight before direct writes were followed",
	  "Of overtaken_unknown: in flight before direct writes were followed. With track=always there are none." },
	{ WORD_COUNTER, "unknown_crowded", "of these: no place in the tables",
	  "Of overtaken_unknown: the module's tables had no place for the write, or had to make room, or the write "
	  "took longer than a minute." },
	{ WORD_COUNTER, "unknown_at_start", "of these: sent while a page was being written back",
	  "Of overtaken_unknown: a page of it was being written back when it was sent, and which of the two is on "
	  "top is up to the device." },
	{ WORD_COUNTER, "unknown_unseen", "of these: not all that was sent was seen",
	  "Of overtaken_unknown: not all of it was seen on its way to the device, or its order is not known." },
	{ WORD_COUNTER, "unknown_late", "of these: a page was read before the write was complete",
	  "Of overtaken_unknown: a page of its range was read after it was on the disk, and before readers could find "
	  "it there." },
	{ WORD_COUNTER, "unknown_replaced", "of these: a page may have come after the write, or not",
	  "Of overtaken_unknown: a page that was written back may have come into the page cache before it was "
	  "invalidated, or after." },
	{ WORD_COUNTER, "repeats", "further reports of a write counted above",
	  "Further reports of a write that is in late_errors already." },
	{ WORD_COUNTER, "log_lost", "no longer in the log",
	  "Records of the log that nobody had read when newer ones took their place. A larger log_size keeps more." },
	{ WORD_COUNTER, "probe_missed", "calls that could not be followed",
	  "Calls of followed functions that the module did not see, so there may be more late errors than are "
	  "counted. A larger maxactive follows more at a time." },
	{ WORD_COUNTER, "probes_off", "probes were switched off by somebody",
	  "1 while kprobes are switched off: then late errors go unseen. Both /sys/kernel/debug/kprobes/enabled and "
	  "kernel.ftrace_enabled must be 1." },

	{ WORD_COUNTER | WORD_KIND, "stuck", "a page could not be dropped from the cache",
	  "A page in the range of the write could not be dropped from the page cache after it, because somebody had "
	  "dirtied it. When it is written back, it undoes that part of the write. The kernel knows of this kind, and "
	  "says so to its log and to fsync(), but not to who wrote." },
	{ WORD_COUNTER | WORD_KIND, "overtaken", "a page was written back over the write",
	  "Older data of the page cache were written to the disk while the write was in flight, and may be on top of "
	  "it. The kernel knows nothing of this kind." },

	{ WORD_COUNTER | WORD_OUTCOME, "delivered", "told to the submitter as -EIO",
	  "The write completed with -EIO through this module: the program that wrote was told." },
	{ WORD_COUNTER | WORD_OUTCOME, "already_failed", "had failed anyway",
	  "The write completed with an error anyway, so nothing was dropped." },
	{ WORD_COUNTER | WORD_OUTCOME, "observed", "left alone by the policy",
	  "The policy is observe: the write was counted, and completed as on stock Linux." },
	{ WORD_COUNTER | WORD_OUTCOME, "repaired", "put right",
	  "The write succeeded after the page cache was put right: the disk holds what it wrote, and the cache "
	  "nothing else." },
	{ WORD_COUNTER | WORD_OUTCOME, "spared", "lost nothing, only what was cached was stale",
	  "The write succeeded, as nothing of it was in danger: what was dirty lay beside it, or came after it, and was "
	  "written back and dropped." },
	{ WORD_COUNTER | WORD_OUTCOME, "sync", "synchronous, and nobody was told",
	  "The write was synchronous, and its program was told of a success: with sync=report all are, and with "
	  "sync=follow those by calls that cannot be told." },
	{ WORD_COUNTER | WORD_OUTCOME, "kernel_owned", "the kernel's own, never changed",
	  "The write was made inside the kernel, by a loop device or nvmet; its result is never changed." },
	{ WORD_COUNTER | WORD_OUTCOME, "undeliverable", "could not be told; the log says why",
	  "The program that wrote could not be told safely, and was told of a success. The reason is in the log." },
	{ WORD_COUNTER | WORD_OUTCOME, "pending", "not completed yet",
	  "The write has not completed yet, and its result decides on its outcome. As a counter it goes up and down." },

	{ WORD_OUTCOME, "repeat", "a further report of a write that was counted",
	  "A further report of a write that is in late_errors already; it is counted in repeats, and not logged." },

	{ WORD_REASON, "unproven-filesystem", "of this file system it is not proved that only a writer can be in the way",
	  "A mere reader may have been in the way on this file system, and no reader may make a write fail. On ext2, "
	  "ext3, ext4, xfs, vfat and exfat it is proved that only a writer can." },
	{ WORD_REASON, "not-watched", "what tells the program was not armed",
	  "The function through which the program gets its result was not followed: it could not be, or not in time for "
	  "this late error." },
	{ WORD_REASON, "short-write", "io_uring was about to write the rest",
	  "The write was cut short and io_uring was about to go on with the rest, which forgets the late error of the "
	  "first part." },
	{ WORD_REASON, "filesystem", "repair is not for this file system",
	  "The policy repair drops pages on ext2, ext3, ext4, xfs, vfat, f2fs (from 6.12 on; of 6.1 from 6.1.192 on) "
	  "and exfat (from 7.2 on) only." },
	{ WORD_REASON, "not-seen", "not all of the write, or of its writeback, was seen",
	  "It is not known what the write has written, what was written back meanwhile, or whether it has become the "
	  "file's." },
	{ WORD_REASON, "too-many", "too many late writes were pending",
	  "More late writes waited for their results than the module has places for." },
	{ WORD_REASON, "recorded", "the kernel had recorded the error already",
	  "The kernel had made its own record of the error already, for the next fsync(), as it may just when the "
	  "policy is changed." },
	{ WORD_REASON, "written-back", "something of the range was written back meanwhile",
	  "Something of the range went to the disk while the write was in flight, so older data may be on top of it, "
	  "and dropping the page would not bring the write back." },
	{ WORD_REASON, "partial-folio", "what was dirty reaches beyond the write",
	  "What was dirty in the page cache reaches beyond the write, as a large folio does: dropping it would lose what "
	  "is not the write's." },
	{ WORD_REASON, "busy", "what was in the way could not be had in time",
	  "Somebody kept what was in the way locked for longer than repair_ms, or a device was writing into it." },
	{ WORD_REASON, "other-call", "a synchronous write by a call that cannot be told",
	  "The write was synchronous, and by a call whose result cannot be changed, such as sendfile(), splice() and "
	  "copy_file_range()." },

	{ WORD_PAGE, "gone", "nothing was in the way any more",
	  "Nothing was in the range of the write any more when it was looked at." },
	{ WORD_PAGE, "private", "a page neither dirty nor being written back",
	  "A page was there that was neither dirty nor being written back, and could not be dropped for another reason." },
	{ WORD_PAGE, "writeback", "a page was being written back",
	  "A page in the range of the write was being written back." },
	{ WORD_PAGE, "dirty", "a page was dirty",
	  "A page in the range of the write was dirty: it will be written over what is on the disk." },

	{ WORD_CONSUMER, "sync", "a system call",
	  "The result of the write is that of a system call, such as pwrite()." },
	{ WORD_CONSUMER, "libaio", "libaio", "The result of the write is in an event of io_getevents()." },
	{ WORD_CONSUMER, "io_uring", "io_uring", "The result of the write is in a completion of io_uring." },
	{ WORD_CONSUMER, "kernel", "the kernel",
	  "The result of the write is for code of the kernel, such as a loop device, nvmet or overlayfs." },

	{ WORD_DIRTIED_BY, "mmap", "through mmap", "A process stored into memory into which the file was mapped." },
	{ WORD_DIRTIED_BY, "write", "by a buffered write", "A process wrote to the file, not directly." },
	{ WORD_DIRTIED_BY, "gup", "by a system call that stores into mapped memory",
	  "A process made a call that stores into memory into which the file was mapped, as read() and "
	  "process_vm_writev() do." },
	{ WORD_DIRTIED_BY, "kernel", "in the kernel", "A thread of the kernel wrote to the file, as a loop device does." },

	{ WORD_STATE, "armed", "followed", "The function is followed." },
	{ WORD_STATE | WORD_LAYOUT, "absent", "this kernel does not have it",
	  "This kernel does not have the function, or the structure. If nothing stands in for a function, its purpose is "
	  "missed." },
	{ WORD_STATE, "refused", "the kernel does not let it be followed",
	  "The kernel does not let the function be followed, as where a live patch has it." },
	{ WORD_STATE, "disarmed", "switched off by somebody",
	  "Somebody has switched kprobes off since the module was loaded." },

	{ WORD_STATE | WORD_LAYOUT, "unproven", "is not as any that was tested",
	  "It is not as in any kernel that was tested, so what relies on it is not followed. The file layout has what "
	  "has changed." },

	{ WORD_LAYOUT, "btf", "describes itself",
	  "The kernel says itself, in /sys/kernel/btf/vmlinux, where what the module looks into is." },
	{ WORD_LAYOUT, "behaviour", "the first writes have agreed",
	  "The kernel does not say all of it itself, and the first direct writes were as the module takes them to be." },
	{ WORD_LAYOUT, "unchecked", "describes itself, and is of no tested series",
	  "The kernel says where it is, and is of no series with which the module was tested." },
	{ WORD_LAYOUT, "tested", "is of a tested series, and does not describe itself",
	  "The kernel does not describe itself, and is of a series with which the module was tested." },
	{ WORD_LAYOUT, "untested", "is of no tested series, and does not describe itself",
	  "The kernel does not describe itself, and is of no tested series: the policy is observe unless the module was "
	  "loaded with untested=1." },

	{ WORD_POLICY, "propagate", "a write with a late error fails with EIO",
	  "A write with a late error completes with -EIO. It has reached the disk, but part of it may be, or may soon be, "
	  "undone by older data: write it again." },
	{ WORD_POLICY, "observe", "late errors are only counted",
	  "Late errors are counted, logged and said, and no result is changed." },
	{ WORD_POLICY, "repair", "the page cache is put right",
	  "A write with a late error succeeds once the page cache was put right, and else fails as under propagate. What "
	  "others stored into its range meanwhile is gone." },
};

const size_t words_count = sizeof(words) / sizeof(words[0]);

const char *words_in_short(enum word_sort sort, const char *name)
{
	size_t i;

	for (i = 0; i < words_count; i++)
		if ((words[i].sorts & sort) && !strcmp(words[i].name, name))
			return words[i].in_short;
	return NULL;
}
